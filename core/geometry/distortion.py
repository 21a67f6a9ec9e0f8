"""Radial distortion of a lens: straight lines of the world that look bent near a picture's edges.

A ray that a pinhole would see at `u` (X / Z, Y / Z in camera axes) is seen at u (1 + k1 |u|^2):
Brown's model with its first coefficient alone, as OpenCV, COLMAP (SIMPLE_RADIAL) and nerfstudio
have it. k1 < 0 is a barrel, usual for wide lenses; k1 > 0 a pincushion. Being about tangents, k1 is
the same at every resolution.
"""

import torch
from torch import Tensor

NEWTON_STEPS = 8  # to the last bits of float64 for |k1| < .3 and pictures up to 100 degrees wide
# A barrel folds back where k1 |d|^2 = -4/27 at the seen point d, and sees nothing beyond. Rays from
# shortly before there are stretched alike, so that they stay finite and in order.
LARGEST_FOLD = -0.14


def distorted(plane: Tensor, k1: Tensor) -> Tensor:
    """Where a lens shows what a pinhole shows at `plane` (..., 2), both on the plane at depth 1.

    Args: `k1` (1,) or ().
    """
    return plane * (1 + k1 * plane.square().sum(-1, keepdim=True))


def undistorted(plane: Tensor, k1: Tensor) -> Tensor:
    """The inverse of `distorted`: where a pinhole shows what a lens shows at `plane` (..., 2).

    Differentiable once, in both arguments. With s = |u| / |d| and q = k1 |d|^2 the model is
    s + q s^3 = 1, whose root nearest to 1 Newton's method finds from 1 on without ever passing it.
    Only one more step is recorded: at the root its derivative for q is the implicit one,
    -s^3 / (1 + 3 q s^2).
    """
    bend = (k1 * plane.square().sum(-1, keepdim=True)).clamp_min(LARGEST_FOLD)
    with torch.no_grad():
        scale = torch.ones_like(bend)
        for _ in range(NEWTON_STEPS):
            scale = scale - _beyond(scale, bend) / (1 + 3 * bend * scale.square())
        slope = 1 + 3 * bend * scale.square()
    return plane * (scale - _beyond(scale, bend) / slope)


def _beyond(scale: Tensor, bend: Tensor) -> Tensor:
    return scale + bend * scale**3 - 1

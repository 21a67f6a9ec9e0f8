"""Planes that follow the lens, so that a new k1 leaves the reference camera's picture as it is.

Texels are counted in ndc, so a new focal length does that by itself. Distortion bends rays in a way
that ndc does not know: gradient descent would have to repaint all texels for every little change of
it, and hardly gets on. So k1 is moved together with the planes: its gradient is that along the
joint motion, and every few steps the planes are resampled to where they belong by then.
"""

import torch
from torch import Tensor
from torch.nn import functional

from core.geometry.distortion import distorted, undistorted
from core.multiplane.field import MultiplaneImage, texel_centres

EVERY = 5  # steps between two resamplings, of which each blurs a little

LEAST_SLOPE = 0.1  # of a barrel shortly before it folds back


def felt(pull: Tensor, points: Tensor, normalized_focal: Tensor, k1: Tensor) -> Tensor:
    """() what a step of k1 changes in the loss by moving the planes alone.

    A plane that follows shows at X / Z what it showed at u((X / Z) d) before, with d the new
    distortion and u the old one's inverse; at no step this moves by p |p|^2 / (1 + 3 k1 |p|^2).

    Args:
        pull: (D, R, 2) the loss's gradient for where rays meet planes, in ndc.
        points: (D, R, 2) where they do.
        normalized_focal: (2,) fx / width and fy / height.
        k1: (1,) before the step.
    """
    square = (points / (2 * normalized_focal)).square().sum(-1, keepdim=True)
    slope = (1 + 3 * k1 * square).clamp_min(LEAST_SLOPE)
    return (pull * points * square / slope).sum()


@torch.no_grad()
def follow(field: MultiplaneImage, normalized_focal: Tensor, before: Tensor, after: Tensor) -> None:
    """Resample planes that belong to one k1 (1,) so that they belong to another."""
    for pictures, reach in field.textures():
        height, width = pictures.shape[-2:]
        texels = texel_centres(width, height, field.places.device)
        scale = reach[:, None, None] / (2 * normalized_focal)  # from texels to tangents
        points = undistorted(distorted(texels * scale, after), before) / scale
        pictures.copy_(
            functional.grid_sample(pictures, points, padding_mode="border", align_corners=False)
        )
    field.clear()

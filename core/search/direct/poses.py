"""Cameras beside a camera, in six numbers after which both still look at the same.

Two turns around what the first camera has in the middle of its picture, a turn in the picture, two
shifts of the picture, and the logarithm of the distance from that middle. What is chosen at random
in these numbers, or moved along a gradient, stays in view.
"""

import roma
import torch
from torch import Tensor

NUMBERS = 6
SHIFTS, DISTANCE = slice(3, 5), 5
USUAL = (0.15, 0.15, 0.04, 0.04, 0.04, 0.06)  # standard deviations of neighbouring photos, radians


def usual(numbers: Tensor) -> Tensor:
    """Numbers (..., 6) of standard deviations, as lengths and angles."""
    return numbers * numbers.new_tensor(USUAL)


def about(middle: Tensor, drawn: Tensor) -> Tensor:
    """Numbers (..., M, 6) to begin with, in standard deviations: every second about some, the
    others as if nothing was known.

    Args: `middle` (..., 6) as lengths and angles, and `drawn` (..., M, 6) at random.
    """
    known = torch.arange(drawn.shape[-2], device=drawn.device) % 2 == 0
    return drawn + known[:, None] * (middle / usual(torch.ones_like(middle)))[..., None, :]


def beside(numbers: Tensor) -> tuple[Tensor, Tensor]:
    """Cameras beside one whose picture shows in its middle what is at depth 1.

    Args: numbers (M, 6): turns around x and y, in the picture, shifts along x and y as tangents,
        and the logarithm of the distance.

    Returns:
        (M, 3, 3) camera to world and (M, 3) centres, in the axes of the first camera.
    """
    none = torch.zeros_like(numbers[:, 0])
    around = _turn(numbers[:, 0], numbers[:, 1], none)
    middle = numbers.new_tensor([0.0, 0.0, 1.0])
    centre = middle - (around @ middle) * numbers[:, 5:].exp()
    shift = _turn(-numbers[:, 4], numbers[:, 3], none)
    return around @ shift @ _turn(none, none, numbers[:, 2]), centre


def _turn(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return roma.rotvec_to_rotmat(torch.stack([x, y, z], 1))

"""Whether the photos' own depths tell of the same surface."""

import torch
from torch import Tensor

from core.depthmaps.stereo.reference import Reference

TOLERANCE = 0.02  # of a depth


def enough(sources: int) -> int:
    """How many of a photo's sources have to confirm a depth: two, or one where there is one."""
    return min(2, sources)


def agreement(
    photo: Reference, inverse: Tensor, tolerance: float = TOLERANCE
) -> tuple[Tensor, Tensor]:
    """How many sources confirm each pixel's depth, and how many see through it.

    A source confirms where its own map has the depth that the pixel has in its camera; it sees
    through where its map is farther by more than twice the tolerance.

    Args:
        inverse: (N, H, W) inverse depths of all photos, on the canvas.
        tolerance: largest difference, as a part of the depth.

    Returns:
        (h, w) uint8 each.
    """
    own = photo.level.own(inverse, photo.index)
    support = torch.zeros_like(own, dtype=torch.uint8)
    through = torch.zeros_like(support)
    for source in photo.sources:
        got, inside, depth = photo.seen_in(source, own[None], inverse[source][None])
        ratio = got[0, 0] * depth[0] / own  # depth here over what the source says
        support += inside[0] & ((ratio - 1).abs() < tolerance)
        through += inside[0] & (ratio < 1 - 2 * tolerance)
    return support, through

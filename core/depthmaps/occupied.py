"""Where depth maps say that something is, for a field that learns the same scene."""

from collections.abc import Collection

import torch
from torch import Tensor

from core.depthmaps.stereo.depths import DepthMaps
from core.geometry.rays import pixel_centres
from core.rendering.occupancy import Occupancy

POINTS = 2**20  # of all photos
NEAREST = 0.01  # of the points come before the depth that counts as the nearest


def occupancy_of(maps: DepthMaps, without: Collection[int]) -> Occupancy | None:
    """Cells with pixels in them, also such as nobody confirms: views show these as well.

    Args: `without`: photos that do not count; None where that are all.
    """
    shown = [photo for photo in range(len(maps.cameras)) if photo not in without]
    if not shown:
        return None
    parts = [_shown(maps, photo, POINTS // len(shown)) for photo in shown]
    points, depths = (torch.cat(part) for part in zip(*parts, strict=True))
    return Occupancy(points, float(depths.quantile(NEAREST)))


def _shown(maps: DepthMaps, photo: int, most: int) -> tuple[Tensor, Tensor]:
    """(P, 3) points in the world of pixels of a photo, evenly drawn, and their depths (P,)."""
    cameras = maps.cameras
    width, height = cameras.sizes[photo].tolist()
    own = (photo, slice(height), slice(width))
    pixels = torch.arange(0, width * height, -(-width * height // most))
    inverse = maps.inverse[own].flatten()[pixels]
    centres = pixel_centres(width, height)[pixels].to(inverse)
    return cameras[[photo]].lift(centres[None], inverse[None])[0], 1 / inverse

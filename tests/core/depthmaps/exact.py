"""Depth maps that are exactly right, of photos of a world whose every depth is known."""

from collections.abc import Sequence

import torch

from core.depthmaps.cameras import Cameras
from core.depthmaps.photos import Level, extended, luma
from core.depthmaps.stereo.agreement import agreement
from core.depthmaps.stereo.depths import DepthMaps
from core.depthmaps.stereo.reference import Reference
from tests.core.depthmaps.rendered import Shot


def exact(shot: Shot, rows: Sequence[int] | None = None, dim: Sequence[float] = ()) -> DepthMaps:
    """The maps of some of the photos, compared with their six nearest.

    Args:
        rows: which photos; None: all.
        dim: factors by which each of them came out darker.
    """
    rows = range(len(shot.cameras)) if rows is None else rows
    cameras, photos, inverse = (
        shot.cameras[list(rows)],
        shot.photos[list(rows)],
        shot.inverse[list(rows)],
    )
    factors = torch.tensor(dim or [1.0] * len(rows))
    photos = photos * factors[:, None, None, None]
    for row, (width, height) in enumerate(cameras.sizes.tolist()):
        inverse[row] = extended(inverse[row, :height, :width], *inverse.shape[1:])
        photos[row] = extended(photos[row, :, :height, :width], *inverse.shape[1:])
    sources = torch.stack([_nearest(cameras, row) for row in range(len(rows))])
    level = Level(cameras, photos, luma(photos))
    checked = [agreement(Reference(level, row, sources[row]), inverse) for row in range(len(rows))]
    support, through = (
        torch.stack([extended(part[k], *inverse.shape[1:]) for part in checked]) for k in (0, 1)
    )
    gains = factors.log()[:, None].expand(-1, 3)
    return DepthMaps(cameras, photos, inverse, support, through, gains, sources)


def _nearest(cameras: Cameras, row: int) -> torch.Tensor:
    return (cameras.centre - cameras.centre[row]).norm(dim=-1).argsort(stable=True)[1:7]

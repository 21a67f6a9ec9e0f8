"""Where depth maps say that something is, for a field that learns the same scene."""

from collections.abc import Collection

import numpy as np
import torch

from core.depthmaps.confirmed import confirmed
from core.depthmaps.depths import DepthMaps
from core.rendering.occupancy import Occupancy

POINTS = 2**20  # of all photos
NEAREST = 1.0  # percentile of their depths that counts as the nearest


def occupancy_of(maps: DepthMaps, without: Collection[int]) -> Occupancy | None:
    """Cells with pixels in them whose depth others confirm; None where nobody confirms any.

    Args: `without`: photos that do not count.
    """
    found = confirmed(maps, without, POINTS)
    if not len(found.positions):
        return None
    nearest = float(np.percentile(found.depths, NEAREST))
    return Occupancy(torch.from_numpy(found.positions), nearest)

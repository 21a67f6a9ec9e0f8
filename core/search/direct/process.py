"""Cameras by brightness alone, looked for in a process of its own that may end any time."""

from collections.abc import Sequence

import cv2
import numpy as np

from core.search.features.process import Bounds, Errand, Matching

SIDE = 252  # pixels of the longer side, twice what is compared
FEWEST, MOST = 3, 100  # photos
THREADS = 2  # that look for them
ERRAND = Errand(
    "core.search.direct.worker",
    "Cameras were not looked for by depths to the end, as {}; those that stand stay.",
    Bounds(memory=16_000_000_000),
)


def start(photos: Sequence[np.ndarray], seed: int = 0) -> Matching:
    """Begin to look for cameras of photos (H, W, 3) uint8; results hold at every size.

    Args: `seed` of all that is drawn.
    """
    return Matching([_small(photo) for photo in photos], False, seed, ERRAND)


def _small(photo: np.ndarray) -> np.ndarray:
    scale = SIDE / max(photo.shape[:2])
    if scale >= 1:
        return photo
    size = [max(1, round(side * scale)) for side in photo.shape[1::-1]]
    return cv2.resize(photo, size, interpolation=cv2.INTER_AREA)

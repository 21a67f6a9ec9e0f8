"""Sparse points of a COLMAP model, each seen in one photo."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class SparsePoints:
    """P points, those of the first photo first."""

    positions: np.ndarray  # (P, 3) float64, in the world of the cameras
    colours: np.ndarray  # (P, 3) uint8
    photo: np.ndarray  # (P,) int64, which of the cameras, in their order
    pixels: np.ndarray  # (P, 2) float64, where that photo shows it, pixel centres at +0.5

    @property
    def order(self) -> np.ndarray:
        """(P,) which of its photo's points each is."""
        first = np.searchsorted(self.photo, self.photo)
        return np.arange(len(self.photo)) - first

    def in_photo(self, number: int) -> slice:
        """Which points a photo shows."""
        first, after = np.searchsorted(self.photo, [number, number + 1])
        return slice(int(first), int(after))


NO_POINTS = SparsePoints(
    np.zeros((0, 3)), np.zeros((0, 3), np.uint8), np.zeros(0, np.int64), np.zeros((0, 2))
)

"""How alike photos look when one is moved over the other, before anything is known of cameras."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from core.depthmaps.photos import Level

PIXELS = 300  # of a photo made small
FARTHEST = 0.4  # of a side, by which one is moved
MIN_SIDE = 4  # pixels


@dataclass(frozen=True, eq=False)
class Likeness:
    """Of N photos.

    Attributes:
        value: (N, N) largest normalised correlation of two photos over all moves.
        shift: (N, N, 2) the best move, as a part of the longer side: what photo i shows at a place
            photo j shows at the place less this.
    """

    value: np.ndarray
    shift: np.ndarray

    def nearest(self, photo: int, among: list[int], count: int) -> list[int]:
        """Up to `count` others that look most like a photo, the likest first."""
        others = sorted(other for other in among if other != photo)
        return sorted(others, key=lambda other: -self.value[photo, other])[:count]


def likeness(level: Level) -> Likeness:
    """Compare every two photos of a level, made small: as much of their middles as all have."""
    count, sizes = len(level.grey), level.cameras.sizes.double()
    across, down = (sizes / sizes.amax(1, keepdim=True)).amin(0).tolist()
    side = max(MIN_SIDE, round(math.sqrt(PIXELS / (across * down))))
    columns, rows = (max(MIN_SIDE, round(side * part)) for part in (across, down))
    small = np.stack(
        [_middle(level.own(level.grey, i).numpy(), side, columns, rows) for i in range(count)]
    )
    value, shift = np.full((count, count), -1.0), np.zeros((count, count, 2))
    high, wide = int(FARTHEST * rows), int(FARTHEST * columns)
    for y in range(-high, high + 1):
        for x in range(-wide, wide + 1):
            here = _unit(small[:, max(0, y) : rows + min(0, y), max(0, x) : columns + min(0, x)])
            there = _unit(small[:, max(0, -y) : rows - max(0, y), max(0, -x) : columns - max(0, x)])
            alike = here @ there.T
            better = alike > value
            value[better], shift[better] = alike[better], (x / side, y / side)
    np.fill_diagonal(value, 1.0)
    return Likeness(value, shift)


def _middle(grey: np.ndarray, side: int, columns: int, rows: int) -> np.ndarray:
    """(rows, columns) of the middle of a picture whose longer side becomes `side` pixels."""
    scale = side / max(grey.shape)
    height = max(rows, round(grey.shape[0] * scale))
    width = max(columns, round(grey.shape[1] * scale))
    whole = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    top, left = (height - rows) // 2, (width - columns) // 2
    return whole[top : top + rows, left : left + columns]


def _unit(pictures: np.ndarray) -> np.ndarray:
    """(N, P) without mean, of length 1."""
    flat = pictures.reshape(len(pictures), -1).astype(np.float64)
    flat = flat - flat.mean(1, keepdims=True)
    return flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-9)

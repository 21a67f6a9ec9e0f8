"""How alike photos look when one is moved over the other, before anything is known of cameras."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from torch import Tensor

from core.depthmaps.photos import Level

PIXELS = 300  # of a photo made small
FARTHEST = 0.4  # of a side, by which one is moved


@dataclass(frozen=True, eq=False)
class Likeness:
    """Of N photos.

    Attributes:
        value: (N, N) largest normalised correlation of two photos over all moves.
        shift: (N, N, 2) the best move, as a part of width and height: what photo i shows at a place
            photo j shows at the place less this.
    """

    value: np.ndarray
    shift: np.ndarray

    def nearest(self, photo: int, among: list[int], count: int) -> list[int]:
        """Up to `count` others that look most like a photo, the likest first."""
        others = sorted(other for other in among if other != photo)
        return sorted(others, key=lambda other: -self.value[photo, other])[:count]


def likeness(level: Level) -> Likeness:
    """Compare every two photos of a level, each squeezed to the same few pixels."""
    width, height = level.cameras.canvas
    rows = max(4, round(math.sqrt(PIXELS * height / width)))
    columns = max(4, round(PIXELS / rows))
    small = np.stack(
        [_small(level.own(level.grey, i), columns, rows) for i in range(len(level.grey))]
    )
    count = len(small)
    value, shift = np.full((count, count), -1.0), np.zeros((count, count, 2))
    down, across = int(FARTHEST * rows), int(FARTHEST * columns)
    for y in range(-down, down + 1):
        for x in range(-across, across + 1):
            here = _unit(small[:, max(0, y) : rows + min(0, y), max(0, x) : columns + min(0, x)])
            there = _unit(small[:, max(0, -y) : rows - max(0, y), max(0, -x) : columns - max(0, x)])
            alike = here @ there.T
            better = alike > value
            value[better], shift[better] = alike[better], (x / columns, y / rows)
    np.fill_diagonal(value, 1.0)
    return Likeness(value, shift)


def _small(grey: Tensor, columns: int, rows: int) -> np.ndarray:
    return cv2.resize(grey.numpy(), (columns, rows), interpolation=cv2.INTER_AREA)


def _unit(pictures: np.ndarray) -> np.ndarray:
    """(N, P) without mean, of length 1."""
    flat = pictures.reshape(len(pictures), -1).astype(np.float64)
    flat = flat - flat.mean(1, keepdims=True)
    return flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-9)

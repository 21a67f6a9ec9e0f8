"""How alike photos look when one is moved over the other, before anything is known of cameras."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from core.depthmaps.photos import Level

PIXELS = 300  # of a photo made small
FARTHEST = 0.4  # of a side, by which one is moved
LARGER = (1.0, 1.2, 1.44)  # times as large as it is, one of two is shown
MIN_SIDE = 4  # pixels


@dataclass(frozen=True, eq=False)
class Likeness:
    """Of N photos.

    Attributes:
        value: (N, N) largest normalised correlation of two photos over all moves and sizes.
        shift: (N, N, 2) where photo i shows what photo j has in its middle, from the middle, as a
            part of the longer side.
        size: (N, N) how many times as large photo j shows what both show.
    """

    value: np.ndarray
    shift: np.ndarray
    size: np.ndarray

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
    grey = [level.own(level.grey, i).numpy() for i in range(count)]
    plain = np.stack([_middle(one, side, columns, rows) for one in grey])
    value, shift = np.full((count, count), -1.0), np.zeros((count, count, 2))
    size = np.ones((count, count))
    for times in LARGER:
        large = np.stack([_middle(one, times * side, columns, rows) for one in grey])
        alike, move = _moved(large, plain, side)
        for own, moved, larger in (
            (alike, move / times, times),
            (alike.T, -move.transpose(1, 0, 2), 1 / times),
        ):
            better = own > value
            value[better], shift[better], size[better] = own[better], moved[better], larger
    np.fill_diagonal(value, 1.0)
    return Likeness(value, shift, size)


def _moved(here: np.ndarray, there: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Of every two of pictures (N, rows, columns) the largest correlation over moves (N, N), and
    that move (N, N, 2): what one shows at a place the other shows at the place less this."""
    count, rows, columns = here.shape
    value, shift = np.full((count, count), -1.0), np.zeros((count, count, 2))
    high, wide = int(FARTHEST * rows), int(FARTHEST * columns)
    for y in range(-high, high + 1):
        for x in range(-wide, wide + 1):
            part = slice(max(0, y), rows + min(0, y)), slice(max(0, x), columns + min(0, x))
            other = slice(max(0, -y), rows - max(0, y)), slice(max(0, -x), columns - max(0, x))
            alike = _unit(here[:, *part]) @ _unit(there[:, *other]).T
            better = alike > value
            value[better], shift[better] = alike[better], (x / side, y / side)
    return value, shift


def _middle(grey: np.ndarray, side: float, columns: int, rows: int) -> np.ndarray:
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

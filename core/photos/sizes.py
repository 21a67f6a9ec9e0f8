"""Sizes of pictures, (width, height) in pixels: which to agree on, and what a downscale makes."""

import math
from collections import Counter
from collections.abc import Sequence

from core.geometry.canvas import Size

ALIKE = 0.1  # by how much widths over heights of one shape may differ, of 1


def common_size(sizes: Sequence[Size]) -> Size:
    """The size that most agree with in shape; among equals the most frequent, then the first."""
    counts = Counter(sizes)

    def votes(size: Size) -> tuple[int, int]:
        alike = sum(count for other, count in counts.items() if same_shape(other, size))
        return alike, counts[size]

    return max(counts, key=votes)


def same_shape(size: Size, wanted: Size) -> bool:
    """True if scaling ``size`` to the wanted longer side gives the wanted size within a pixel.

    In a small picture a pixel is much: its shape must be alike as well.
    """
    scale = max(wanted) / max(size)
    close = all(abs(side * scale - want) <= 1 for side, want in zip(size, wanted, strict=True))
    return close and abs(math.log(size[0] * wanted[1] / (size[1] * wanted[0]))) <= ALIKE


def scaled_down(size: Size, long_side: int) -> Size:
    """``size`` with its longer side brought to ``long_side``; unchanged if that is 0 or larger."""
    return size if long_side == 0 or long_side >= max(size) else shaped(size, long_side, None)


def shaped(size: Size, long_side: int, canvas: Size | None) -> Size:
    """``size`` with its longer side brought to ``long_side``; perhaps in the middle of a canvas.

    Sides are then odd or even as the canvas' are, so that both have one middle.
    """
    exact = [side * long_side / max(size) for side in size]
    if canvas is None:
        width, height = (max(1, round(side)) for side in exact)
        return width, height
    sides = []
    for side, whole in zip(exact, canvas, strict=True):
        odd = whole % 2
        sides.append(min(max(2 * round((side - odd) / 2) + odd, 2 - odd), whole))
    return sides[0], sides[1]

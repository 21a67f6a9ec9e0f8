"""Sizes of pictures, (width, height) in pixels: which to agree on, and what a downscale makes."""

from collections import Counter
from collections.abc import Sequence

Size = tuple[int, int]


def common_size(sizes: Sequence[Size]) -> Size:
    """The size that most agree with in shape; among equals the most frequent, then the first."""
    counts = Counter(sizes)

    def votes(size: Size) -> tuple[int, int]:
        alike = sum(count for other, count in counts.items() if same_shape(other, size))
        return alike, counts[size]

    return max(counts, key=votes)


def same_shape(size: Size, wanted: Size) -> bool:
    """True if scaling ``size`` to the wanted longer side gives the wanted size within a pixel."""
    scale = max(wanted) / max(size)
    return all(abs(side * scale - want) <= 1 for side, want in zip(size, wanted, strict=True))


def scaled_down(size: Size, long_side: int) -> Size:
    """``size`` with its longer side brought to ``long_side``; unchanged if that is 0 or larger."""
    if long_side == 0 or long_side >= max(size):
        return size
    width, height = (max(1, round(side * long_side / max(size))) for side in size)
    return width, height

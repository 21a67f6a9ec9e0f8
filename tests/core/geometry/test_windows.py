"""Which pixels of a canvas belong to photos of several shapes."""

import pytest
import torch

from core.geometry.canvas import window
from core.geometry.windows import Windows

CANVAS, SIZES = (24, 20), ((24, 12), (10, 20), (24, 12), (16, 16))


def owned(size: tuple[int, int]) -> set[int]:
    """The slow way: pixels of the canvas whose distance to its middle is within half a photo."""
    wide, high = CANVAS
    return {
        y * wide + x
        for y in range(high)
        for x in range(wide)
        if abs(x + 0.5 - wide / 2) < size[0] / 2 and abs(y + 0.5 - high / 2) < size[1] / 2
    }


def test_a_window_is_in_the_middle() -> None:
    for size in SIZES:
        rows, columns = window(size, CANVAS)
        assert (rows.stop - rows.start, columns.stop - columns.start) == size[::-1]
        assert rows.start + rows.stop == CANVAS[1] and columns.start + columns.stop == CANVAS[0]


@pytest.mark.parametrize("allowed", [None, torch.arange(0, 480, 3)])
def test_a_photo_has_its_own_pixels_and_no_other(allowed: torch.Tensor | None) -> None:
    windows = Windows.of(SIZES, CANVAS, allowed)
    may = set(range(480)) if allowed is None else set(allowed.tolist())
    for photo, size in enumerate(SIZES):
        assert windows.of_one(photo).tolist() == sorted(owned(size) & may)
    photo, _ = windows.everything()
    assert len(photo) == sum(len(owned(size) & may) for size in SIZES)
    some = windows.chosen(torch.tensor([3, 1]))
    assert torch.equal(some.of_one(0), windows.of_one(3)) and some.sizes == (SIZES[3], SIZES[1])


def test_all_pixels_of_a_photo_are_drawn_alike() -> None:
    windows, generator = Windows.of(SIZES, CANVAS, None), torch.Generator().manual_seed(0)
    photo = torch.arange(4).repeat(20000)
    pixel = windows.draw(photo, generator)
    for number, size in enumerate(SIZES):
        found, counts = pixel[photo == number].unique(return_counts=True)
        assert set(found.tolist()) == owned(size)
        even = 20000 / len(owned(size))
        assert (counts - even).abs().max() < 6 * even**0.5


def test_smaller_pixels_take_in_nothing_beside_their_photo() -> None:
    windows = Windows.of(SIZES, CANVAS, None)
    assert windows.at(CANVAS) is windows
    halves = windows.at((12, 10))
    assert len(halves.of_one(0)) == 12 * 6 and len(halves.of_one(3)) == 8 * 8
    odd = windows.at((7, 5))  # pixels of 3.43 x 4
    assert odd.of_one(0).tolist() == list(range(7, 28))  # rows 1 to 3
    assert {pixel % 7 for pixel in odd.of_one(1).tolist()} == {3}
    assert len(Windows.of([(24, 2)], CANVAS, None).at((6, 5)).of_one(0)) == 6  # thinner than one

"""Which pictures of a folder are taken."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.photos import Choice, load_photos

FILES = [Path(f"{number}.png") for number in range(1, 11)]


@pytest.mark.parametrize(
    ("choice", "numbers"),
    [
        (Choice(), range(1, 11)),
        (Choice(first=3), range(3, 11)),
        (Choice(last=4), range(1, 5)),
        (Choice(first=2, last=9, every=3), (2, 5, 8)),
        (Choice(every=2, most=3), (1, 3, 5)),
        (Choice(first=9, last=40), (9, 10)),
        (Choice(most=40), range(1, 11)),
    ],
)
def test_numbers_count_from_one_and_both_ends_are_taken(
    choice: Choice, numbers: tuple[int, ...]
) -> None:
    assert [int(file.stem) for file in choice.of(FILES, Path("a"))] == list(numbers)


@pytest.mark.parametrize(
    "choice", [Choice(first=10), Choice(last=1), Choice(first=5, last=4), Choice(most=1)]
)
def test_fewer_than_two_are_refused_with_the_options_to_change(choice: Choice) -> None:
    with pytest.raises(InputError, match=r"10 photos in .*data\.first .*data\.most .* at least 2"):
        choice.of(FILES, Path("a"))


def test_only_the_photos_chosen_are_read_and_names_are_kept(photo_folder: Path) -> None:
    whole = load_photos(photo_folder, 0, "white")
    (photo_folder / "0.png").write_bytes(b"no picture")
    photos = load_photos(photo_folder, 0, "white", Choice(first=2, every=2))
    assert photos.names == ("1.png", "3.png")
    assert not photos.notices
    assert np.array_equal(photos.pixels, whole.pixels[[1, 3]])

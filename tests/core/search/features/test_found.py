"""What was found is kept to the last bit, and nothing else is taken for it."""

from dataclasses import fields, replace

import numpy as np
import pytest

from core.errors import InputError
from core.search.features.found import FeatureModel, Features, Pairs, packed, unpacked


def pairs(count: int, **columns: object) -> Pairs:
    """Pairs 0-1, 1-2, ... with nothing in common but what is said."""
    row = np.arange(count)
    plain = {name: np.zeros(count, np.int64) for name in ("matches", "inliers")} | {
        name: np.zeros(count, np.float32) for name in ("flat", "parallax", "shift", "turn")
    }
    plain |= {"photos": np.stack([row, row + 1], -1), "mirrored": np.full(count, -1)}
    plain |= {"homography": np.zeros((count, 3, 3), np.float32)}
    return Pairs(**{name: np.asarray(value) for name, value in (plain | columns).items()})


def model(photos: list[int]) -> FeatureModel:
    """Made-up cameras of these photos that see five points."""
    rng = np.random.default_rng(len(photos))
    count = len(photos)
    return FeatureModel(
        np.array(photos),
        np.tile(np.eye(4), (count, 1, 1)),
        rng.random((count, 5)),
        rng.random((5, 3)),
        np.stack([np.arange(5), np.arange(5) % count], -1),
        rng.random((5, 2)).astype(np.float32),
        rng.random(5).astype(np.float32),
    )


def test_what_was_found_is_kept_to_the_last_bit() -> None:
    found = Features(9, pairs(8), (model([0, 2, 5, 7]), model([1, 3, 8])))
    again = unpacked(packed(found))
    assert again.count == 9 and again.placed == 4
    for mine, theirs in zip(
        (found.pairs, *found.models), (again.pairs, *again.models), strict=True
    ):
        for field in fields(mine):
            kept, was = getattr(theirs, field.name), getattr(mine, field.name)
            assert np.array_equal(kept, was) and kept.dtype == was.dtype
            assert not kept.flags.writeable
    assert packed(again) == packed(found)


def test_nothing_found_is_kept_as_well() -> None:
    again = unpacked(packed(Features(2, pairs(0), ())))
    assert again.models == () and again.placed == 0 and len(again.pairs.photos) == 0


@pytest.mark.parametrize("damage", ["short", "empty", "text", "other"])
def test_other_files_are_refused_in_a_sentence(damage: str) -> None:
    good = packed(Features(3, pairs(2), (model([0, 1, 2]),)))
    content = {
        "short": good[:-9],
        "empty": b"",
        "text": b"not a file of numbers at all",
        "other": good.replace(b"features 1", b"features 7"),
    }[damage]
    with pytest.raises(InputError, match=r"features.safetensors: it holds no matched features"):
        unpacked(content, "features.safetensors")


@pytest.mark.parametrize(
    "forged",
    [
        {"photos": np.array([0, 1, 9])},
        {"photos": np.array([2, 1, 0])},
        {"photos": np.array([0.0, 1.0, 2.0])},
        {"camera_to_world": np.full((3, 4, 4), np.nan)},
        {"lenses": np.zeros((3, 5))},
        {"points": np.zeros(3)},
        {"seen": np.full((2, 2), 7)},
    ],
    ids=lambda forged: next(iter(forged)),
)
def test_what_nothing_can_be_found_in_is_refused(forged: dict[str, np.ndarray]) -> None:
    sound = model([0, 1, 2])
    content = packed(Features(3, pairs(2), (replace(sound, **forged),)))
    with pytest.raises(InputError, match="it holds no matched features"):
        unpacked(content)
    for count in (2, "3"):
        with pytest.raises(InputError, match="it holds no matched features"):
            unpacked(packed(Features(count, pairs(2), (sound,))))
    assert unpacked(packed(Features(3, pairs(2), (sound,))), photos=3).placed == 3
    with pytest.raises(InputError, match="it holds no matched features"):
        unpacked(packed(Features(3, pairs(2), (sound,))), photos=4)

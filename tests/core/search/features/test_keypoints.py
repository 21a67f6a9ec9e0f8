"""Features are found again where the picture has moved to, and told apart from their mirror."""

import cv2
import numpy as np
import pytest

from core.search.features.choosing import ALL_PAIRS, chosen_pairs
from core.search.features.keypoints import Keypoints, keypoints, matched


def painted(seed: int = 0, width: int = 320, height: int = 240) -> np.ndarray:
    """(H, W) uint8 of blobs at several sizes."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((height, width), np.float32)
    for scale in (4, 10, 24):
        coarse = rng.random((height // scale + 2, width // scale + 2), np.float32)
        picture += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.normalize(picture, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def test_a_moved_picture_is_matched_to_a_fraction_of_a_pixel() -> None:
    picture = painted()
    move = np.array([[1.0, 0, 10.5], [0, 1, -6.25]])
    moved = cv2.warpAffine(picture, move, picture.shape[::-1], flags=cv2.INTER_CUBIC)
    here, there = keypoints(picture), keypoints(moved)
    pairs = matched(here, there)
    steps = there.pixels[pairs[:, 1]] - here.pixels[pairs[:, 0]]
    assert len(pairs) > 100
    assert np.median(steps, axis=0) == pytest.approx([10.5, -6.25], abs=0.05)


def test_matches_are_those_of_a_plain_search() -> None:
    here, there = keypoints(painted()), keypoints(np.roll(painted(), 7, 1))
    angles = np.arccos(np.minimum(here.descriptors @ there.descriptors.T, 1))
    plain = []
    for row, own in enumerate(angles):
        first, second = np.argsort(own, kind="stable")[:2]
        mutual = angles[:, first].min() == own[first]
        if mutual and own[first] < min(0.8 * own[second], 0.7):
            plain.append((row, first))
    assert abs(len(plain) - len(matched(here, there))) <= 2  # ties of rounding
    assert {tuple(pair) for pair in matched(here, there).tolist()} & set(plain)


def test_the_mirrored_features_are_those_of_the_mirrored_picture() -> None:
    picture = painted()
    width = picture.shape[1]
    mirror = keypoints(np.ascontiguousarray(picture[:, ::-1]))
    made = keypoints(picture).mirrored(width)
    pairs = matched(made, mirror)
    plain = matched(keypoints(picture), mirror)
    assert len(pairs) > 0.7 * len(made.pixels) > 5 * len(plain)
    apart = made.pixels[pairs[:, 0]] - mirror.pixels[pairs[:, 1]]
    assert np.abs(np.median(apart, axis=0)).max() < 0.05
    turns = made.directions[pairs[:, 0]] - mirror.directions[pairs[:, 1]]
    assert np.median(np.cos(turns)) > 0.999


def test_a_bare_wall_has_none_and_matches_nothing() -> None:
    bare = keypoints(np.full((50, 60), 128, np.uint8))
    assert len(bare.pixels) == 0
    assert matched(bare, keypoints(painted())).shape == (0, 2)
    assert len(bare.mirrored(60).pixels) == 0


def row_of_photos(count: int) -> list[Keypoints]:
    """Neighbours share most of their 30 features, photos far apart none."""
    rng = np.random.default_rng(0)
    all_of_them = np.abs(rng.normal(size=(2 * count + 30, 128))).astype(np.float32)
    all_of_them /= np.linalg.norm(all_of_them, axis=1, keepdims=True)
    return [
        Keypoints(np.zeros((30, 2), np.float32), part, np.zeros(30, np.float32))
        for part in (all_of_them[2 * row : 2 * row + 30] for row in range(count))
    ]


def test_few_photos_are_all_compared() -> None:
    pairs = chosen_pairs(row_of_photos(8), False, np.random.default_rng(0))
    assert len(pairs) == 8 * 7 / 2 and pairs == sorted(pairs)


@pytest.mark.parametrize("clip", [False, True])
def test_of_many_the_likest_are_compared_and_all_hang_together(clip: bool) -> None:
    count = ALL_PAIRS + 15
    pairs = chosen_pairs(row_of_photos(count), clip, np.random.default_rng(0))
    assert all(first < second for first, second in pairs)
    assert len(pairs) < count * 16
    assert {(row, row + 1) for row in range(count - 1)} <= set(pairs)
    assert pairs == chosen_pairs(row_of_photos(count), clip, np.random.default_rng(0))

"""Photos that cannot give a scene are told, with their names; good ones are left in peace."""

import itertools

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.photos import PhotoSet
from core.photos.panorama import is_panorama
from core.search.features.found import Pairs
from core.search.features.graph import PhotoFact, facts_of_pairs, groups
from core.search.features.photo_facts import facts_before_training
from tests.core.search.features.test_found import pairs as pairs_of

NAMES = [f"{number}.jpg" for number in range(6)]


def good(count: int = 6, **columns: object) -> Pairs:
    """All pairs of photos of a scene with relief."""
    photos = np.array(list(itertools.combinations(range(count), 2)))
    size = len(photos)
    plain = {
        "photos": photos,
        "matches": np.full(size, 300),
        "inliers": np.full(size, 240),
        "mirrored": np.full(size, 8),
        "flat": np.full(size, 0.5, np.float32),
        "parallax": np.full(size, 0.02, np.float32),
        "shift": np.full(size, 0.1, np.float32),
        "homography": np.tile(np.eye(3, dtype=np.float32), (size, 1, 1)),
    }
    return pairs_of(size, **(plain | columns))


def with_(photo: int, pairs: Pairs) -> np.ndarray:
    """(K,) bool the pairs of one photo."""
    return (pairs.photos == photo).any(axis=1)


def only(facts: tuple[PhotoFact, ...]) -> PhotoFact:
    (fact,) = facts
    assert fact.sentence.endswith(".") and fact.remedy.endswith(".")
    return fact


def test_a_good_set_has_nothing_to_be_told() -> None:
    assert facts_of_pairs(good(), NAMES) == ()


def test_where_no_pairs_are_there_yet_nothing_breaks() -> None:
    names = ["a.jpg", "b.jpg", "c.jpg"]
    assert {fact.kind for fact in facts_of_pairs(pairs_of(0), names)} <= {"apart", "stranger"}


def test_two_photos_are_never_enough() -> None:
    assert only(facts_of_pairs(good(2), NAMES[:2])).kind == "two photos"


def test_a_stranger_is_named() -> None:
    pairs = good()
    inliers = np.where(with_(3, pairs), 16, pairs.inliers)  # as chance has it
    fact = only(facts_of_pairs(good(inliers=inliers), NAMES))
    assert (fact.kind, fact.photos) == ("stranger", (3,))
    assert fact.sentence == '"3.jpg" has nothing in common with the other photos.'


def test_many_matches_of_which_few_agree_are_chance() -> None:
    pairs = good()
    matches = np.where(with_(3, pairs), 400, pairs.matches)
    inliers = np.where(with_(3, pairs), 50, pairs.inliers)
    assert only(facts_of_pairs(good(matches=matches, inliers=inliers), NAMES)).photos == (3,)


def test_two_scenes_come_apart() -> None:
    pairs = good()
    same = pairs.photos[:, 0] % 2 == pairs.photos[:, 1] % 2
    pairs = good(inliers=np.where(same, 240, 0))
    assert groups(pairs, 6) == [(0, 2, 4), (1, 3, 5)]
    fact = only(facts_of_pairs(pairs, NAMES))
    assert fact.kind == "apart" and fact.photos == (0, 2, 4, 1, 3, 5)
    assert '"0.jpg", "2.jpg" and "4.jpg"; "1.jpg", "3.jpg" and "5.jpg"' in fact.sentence


def test_photos_with_nothing_in_common_are_refused() -> None:
    fact = only(facts_of_pairs(good(inliers=np.zeros(15, int)), NAMES))
    assert fact.kind == "apart" and fact.photos == tuple(range(6))


def moves(kind: str) -> np.ndarray:
    """(15, 3, 3) homographies of cameras with a focal length of 0.9."""
    rng = np.random.default_rng(0)
    lens = np.diag([0.9, 0.9, 1.0])
    plane = np.array([0.3, 0.1, 0.9])
    found = []
    for _ in range(15):
        turn = Rotation.from_rotvec(rng.normal(0, 0.1, 3)).as_matrix()
        step = np.outer(rng.normal(0, 0.3, 3), plane) if kind == "flat" else 0
        found.append(lens @ (turn + step) @ np.linalg.inv(lens) * rng.uniform(0.5, 2))
    return np.array(found, np.float32)


@pytest.mark.parametrize("kind", ["turned", "flat"])
def test_a_turning_camera_and_a_flat_picture_are_told_apart(kind: str) -> None:
    even = {"flat": np.ones(15), "parallax": np.full(15, 0.0003)}
    fact = only(facts_of_pairs(good(homography=moves(kind), **even), NAMES))
    assert fact.kind == kind and fact.photos == tuple(range(6))


def test_one_photo_repeated_is_told() -> None:
    even = {"flat": np.ones(15), "parallax": np.full(15, 0.0005)}
    assert only(facts_of_pairs(good(shift=np.full(15, 0.01), **even), NAMES)).kind == "repeated"


def test_a_mirrored_photo_is_named_and_no_other() -> None:
    pairs = good()
    mirrored = np.where(with_(2, pairs), 180, 8)
    inliers = np.where(with_(2, pairs), 12, 240)
    fact = only(facts_of_pairs(good(mirrored=mirrored, inliers=inliers), NAMES))
    assert (fact.kind, fact.photos) == ("mirrored", (2,))


def test_a_photo_upside_down_is_named_unless_the_camera_turns_all_the_time() -> None:
    pairs = good()
    turn = np.where(with_(4, pairs), np.pi - 0.1, 0.05)
    fact = only(facts_of_pairs(good(turn=turn), NAMES))
    assert (fact.kind, fact.photos) == ("upside down", (4,))
    angles = np.arange(6)
    turn = angles[pairs.photos[:, 1]] - angles[pairs.photos[:, 0]]
    assert facts_of_pairs(good(turn=np.angle(np.exp(1j * turn))), NAMES) == ()


def room(width: int = 512) -> np.ndarray:
    """(width / 2, width, 3) uint8 whose sides fit together."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (12, 24, 3), dtype=np.uint8)
    wide = cv2.resize(
        np.hstack([coarse] * 3), (3 * width, width // 2), interpolation=cv2.INTER_CUBIC
    )
    return np.ascontiguousarray(wide[:, width : 2 * width])


def test_a_panorama_is_one_and_a_crop_of_it_is_none() -> None:
    assert is_panorama(room())
    assert is_panorama(np.roll(room(), 77, axis=1))
    assert not is_panorama(np.ascontiguousarray(room()[64:192, 100:356]))
    assert not is_panorama(room()[:, :300])


def test_what_pixels_and_pairs_tell_comes_together_and_once() -> None:
    photos = np.stack([np.roll(room(), 40 * step, axis=1) for step in range(5)])
    photos[3] //= 3
    photoset = PhotoSet(tuple(NAMES[:5]), photos, 512, 256, None, ())
    kinds = [(fact.kind, fact.photos) for fact in facts_before_training(photoset, good(5))]
    assert kinds == [*(("panorama", (number,)) for number in range(5)), ("darker", (3,))]
    alone = facts_before_training(photoset, None)
    assert {fact.kind for fact in alone} >= {"panorama", "darker"}
    assert all(fact.sentence.endswith(".") and fact.remedy.endswith(".") for fact in alone)

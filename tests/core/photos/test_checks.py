"""The person is told of the photos that may spoil the scene, and of no others."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from core.photos import Finding, PhotoSet, check, sharpness


def scene(shift: int, seed: int = 0) -> np.ndarray:
    """A textured picture (120, 160, 3) seen from a little to the side; its middle is nearer."""
    coarse = np.random.default_rng(seed).integers(30, 220, (40, 80, 3), dtype=np.uint8)
    wide = cv2.resize(coarse, (320, 160), interpolation=cv2.INTER_CUBIC)
    photo = wide[20:140, shift : shift + 160].copy()
    photo[40:80] = wide[60:100, 3 * shift : 3 * shift + 160]
    return photo


def photoset(photos: list[np.ndarray], focal_ratios: Sequence[float | None] = ()) -> PhotoSet:
    names = tuple(f"photo_{index}.jpg" for index in range(len(photos)))
    return PhotoSet(names, np.stack(photos), 160, 120, None, (), tuple(focal_ratios))


def test_a_good_set_has_no_warnings() -> None:
    assert check(photoset([scene(4 * index) for index in range(8)])) == ()


def test_sharpness_falls_with_blur_and_hardly_with_resolution() -> None:
    photo = cv2.resize(scene(0), (1440, 1080), interpolation=cv2.INTER_CUBIC)
    photos = [cv2.GaussianBlur(photo, (0, 0), sigma) for sigma in (0.1, 4, 8, 16)]
    values = sharpness(np.stack(photos))
    assert values.shape == (4,)
    assert (np.diff(values) < 0).all()
    half = cv2.resize(photo, (720, 540), interpolation=cv2.INTER_AREA)
    assert sharpness(half[None])[0] == pytest.approx(values[0], rel=0.5)


def test_a_blurred_photo_is_named() -> None:
    photos = [scene(4 * index) for index in range(8)]
    photos[3] = cv2.GaussianBlur(photos[3], (0, 0), 3)
    (finding,) = check(photoset(photos))
    assert (finding.photo, finding.reason) == ("photo_3.jpg", "blurred")
    assert finding.sentence.startswith('"photo_3.jpg" looks blurred')


@pytest.mark.parametrize(("factor", "word"), [(0.3, "darker"), (1.9, "brighter")])
def test_an_exposure_jump_is_named_and_is_no_blur(factor: float, word: str) -> None:
    photos = [(scene(4 * index) * 0.5).astype(np.uint8) for index in range(8)]
    photos[5] = (photos[5] * factor).astype(np.uint8)
    (finding,) = check(photoset(photos))
    assert (finding.photo, finding.reason) == ("photo_5.jpg", word)
    assert finding.sentence.startswith('"photo_5.jpg" is') and "stops" in finding.sentence


def test_exact_and_near_duplicates_are_told_apart() -> None:
    photos = [scene(4 * index) for index in range(6)]
    noise = np.random.default_rng(1).integers(-2, 3, photos[0].shape)
    photos += [photos[2], np.clip(photos[4] + noise, 0, 255).astype(np.uint8)]
    assert [finding.sentence for finding in check(photoset(photos))] == [
        '"photo_6.jpg" is the same picture as "photo_2.jpg": leave one of them out.',
        '"photo_7.jpg" shows almost the same as "photo_4.jpg": leave one of them out.',
    ]


def test_another_zoom_is_named() -> None:
    photos = [scene(4 * index) for index in range(6)]
    (finding,) = check(photoset(photos, [0.78, 0.78, None, 1.56, 0.8, 0.78]))
    assert (finding.photo, finding.reason) == ("photo_3.jpg", "zoom")
    assert "2.0 times the focal length of most" in finding.sentence


def test_a_camera_that_only_turns_is_said_of_the_set() -> None:
    wide = cv2.resize(scene(0), (640, 480), interpolation=cv2.INTER_CUBIC)
    turned = [turn(wide, degrees) for degrees in range(-6, 7, 2)]
    assert [finding.reason for finding in check(photoset(turned))] == ["no parallax"]
    (finding,) = check(photoset(turned))
    assert finding.photo is None
    assert "7 photos" in finding.sentence and "step aside" in finding.sentence


def turn(photo: np.ndarray, degrees: float) -> np.ndarray:
    """What a camera sees that turned on the spot, cut to what all see: K R K^-1."""
    height, width = photo.shape[:2]
    lens = np.array([[width, 0, width / 2], [0, width, height / 2], [0, 0, 1.0]])
    rotation, _ = cv2.Rodrigues(np.radians([0.4 * degrees, degrees, 0.3 * degrees]))
    seen = cv2.warpPerspective(photo, lens @ rotation @ np.linalg.inv(lens), (width, height))
    return seen[90:-90, 100:-100]


def test_blank_and_narrow_photos_do_no_harm() -> None:
    blank = photoset([np.zeros((1, 2000, 3), np.uint8)] * 2)
    assert [finding.reason for finding in check(blank)] == ["repeated"]


def test_every_finding_has_a_culprit_and_a_remedy() -> None:
    dark = (scene(8) * 0.2).astype(np.uint8)
    photos = [scene(0), cv2.GaussianBlur(scene(4), (0, 0), 3), dark, scene(12), scene(12)]
    found = check(photoset(photos, [1.0, 1.0, 1.0, 1.5, 1.0]))
    assert len(found) >= 4
    for finding in found:
        assert isinstance(finding, Finding) and len(finding.reason) <= 12
        assert finding.photo is None or f'"{finding.photo}"' in finding.sentence
        assert ": " in finding.sentence and finding.sentence.endswith(".")

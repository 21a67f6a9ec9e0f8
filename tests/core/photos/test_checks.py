"""The person is told of the photos that may spoil the scene, and of no others."""

import cv2
import numpy as np
import pytest

from core.photos import PhotoSet, check, sharpness


def scene(shift: int, seed: int = 0) -> np.ndarray:
    """A textured picture (120, 160, 3) seen a little to the side."""
    coarse = np.random.default_rng(seed).integers(30, 220, (40, 80, 3), dtype=np.uint8)
    return cv2.resize(coarse, (320, 160), interpolation=cv2.INTER_CUBIC)[
        20:140, shift : shift + 160
    ]


def photoset(photos: list[np.ndarray]) -> PhotoSet:
    names = tuple(f"photo_{index}.jpg" for index in range(len(photos)))
    return PhotoSet(names, np.stack(photos), 160, 120, None, ())


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
    (warning,) = check(photoset(photos))
    assert warning.startswith('"photo_3.jpg" looks blurred')


@pytest.mark.parametrize(("factor", "word"), [(0.4, "darker"), (1.9, "brighter")])
def test_an_exposure_jump_is_named(factor: float, word: str) -> None:
    photos = [(scene(4 * index) * 0.5).astype(np.uint8) for index in range(8)]
    photos[5] = (photos[5] * factor).astype(np.uint8)
    warnings = [text for text in check(photoset(photos)) if "stops" in text]
    assert len(warnings) == 1
    assert warnings[0].startswith('"photo_5.jpg" is') and word in warnings[0]


def test_exact_and_near_duplicates_are_told_apart() -> None:
    photos = [scene(4 * index) for index in range(6)]
    noise = np.random.default_rng(1).integers(-2, 3, photos[0].shape)
    photos += [photos[2], np.clip(photos[4] + noise, 0, 255).astype(np.uint8)]
    assert check(photoset(photos)) == (
        '"photo_6.jpg" is the same picture as "photo_2.jpg": one of them is enough.',
        '"photo_7.jpg" shows almost the same as "photo_4.jpg": one of them is enough.',
    )


def test_blank_and_narrow_photos_do_no_harm() -> None:
    blank = photoset([np.zeros((1, 2000, 3), np.uint8)] * 2)
    assert len(check(blank)) == 1

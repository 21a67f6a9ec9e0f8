"""Sets that can be learned show parallax, and a camera that only turns shows none."""

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.photos import check, load_photos
from core.photos.checks import PARALLAX
from core.photos.parallax import parallax
from tests.core.photos.test_checks import turn

ROOT = Path(__file__).parents[3]
SCENE = ROOT / "assets" / "scene" / "images"
REAL = [ROOT.parent / "shared" / "data" / name / "images" for name in ("fern", "flower")]


def greys(folder: Path, long_side: int = 360) -> list[np.ndarray]:
    pixels = load_photos(folder, long_side, "white").pixels
    return [cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY) for photo in pixels]


@pytest.mark.parametrize("folder", [SCENE, *REAL], ids=lambda folder: folder.parent.name)
def test_sets_that_can_be_learned_are_not_flagged(folder: Path) -> None:
    if not folder.is_dir():
        pytest.skip("these photos are not here")
    photos = load_photos(folder, 504, "white")
    assert [finding.sentence for finding in check(photos)] == []
    amount = parallax(greys(folder))
    assert amount is not None and amount > 3 * PARALLAX


@pytest.mark.parametrize("noise", [0, 6])
def test_a_camera_that_only_turns_shows_none(noise: int) -> None:
    photo = load_photos(SCENE, 640, "white").pixels[0]
    rng = np.random.default_rng(0)
    turned = [turn(photo, degrees) for degrees in np.linspace(-7, 7, 9)]
    noisy = [each + rng.normal(0, noise, each.shape) for each in turned]
    shown = [np.clip(each, 0, 255).astype(np.uint8) for each in noisy]
    amount = parallax([cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in shown])
    assert amount is not None and amount < 0.8 * PARALLAX


def test_a_camera_that_stands_still_shows_none() -> None:
    assert parallax([greys(SCENE)[0]] * 3) == pytest.approx(0, abs=0.05)


def test_nothing_is_said_of_what_has_nothing_in_common() -> None:
    rng = np.random.default_rng(0)
    blank = [np.full((90, 120), 128, np.uint8)] * 4
    strangers = [cv2.resize(rng.integers(0, 255, (30, 40), np.uint8), (320, 240)) for _ in range(4)]
    assert parallax(blank) is None
    assert parallax(strangers) is None


def test_twenty_photos_take_less_than_a_second_of_work() -> None:
    photos = load_photos(SCENE, 504, "white")
    began = time.thread_time()  # of this thread alone: other work on the machine does not count
    check(photos)
    assert time.thread_time() - began < 1.5

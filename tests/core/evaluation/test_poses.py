"""Laws of the search for a camera by its photo."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch

from core.evaluation.metrics import mean_squared_error, psnr
from core.evaluation.poses import Search, box_filtered, find_camera, refined, squared_error
from tests.core.evaluation.conftest import FOCAL, HEIGHT, WIDTH, looking, photograph

QUICK = Search(smallest=12, starts=2, steps=15, last_steps=30, rays=256)
TRUTH = looking((0.06, -0.04, 0.05), (0.03, -0.05, 0.02))
WRONG = [
    looking((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
    looking((0.15, -0.1, 0.0), (0.08, -0.02, 0.0)),
    looking((-0.2, 0.2, 0.1), (-0.2, 0.3, 0.1)),
]


def search(scene, photo, starts, how=QUICK, after_chunk=lambda seconds: None):
    return find_camera(scene, photo, starts, how, torch.Generator().manual_seed(0), after_chunk)


def off_in_pixels(camera) -> float:
    """How far turn and shift are from the truth, as pixels in the picture of something at 2."""
    turn = camera.camera_to_world[:3, :3].T @ TRUTH.camera_to_world[:3, :3] - np.eye(3)
    shift = camera.position - TRUTH.position
    return FOCAL * max(float(np.linalg.norm(turn)) / 2**0.5, float(np.linalg.norm(shift)) / 2)


def test_the_camera_of_a_photo_comes_back(scene):
    photo = photograph(scene, TRUTH)
    before = max(psnr(photograph(scene, start), photo) for start in WRONG)
    found = search(scene, photo, WRONG)
    assert min(map(off_in_pixels, WRONG)) > 1.5
    assert off_in_pixels(found) < 0.3
    assert before < 20 and psnr(photograph(scene, found), photo) > 40
    assert (found.fx, found.cx, found.width, found.height) == (FOCAL, WIDTH / 2, WIDTH, HEIGHT)


def test_the_search_begins_at_the_likeliest_start_wherever_it_stands(scene):
    photo = photograph(scene, TRUTH)
    how = dataclasses.replace(QUICK, starts=1)
    ends = [search(scene, photo, starts, how) for starts in (WRONG, WRONG[::-1])]
    assert np.array_equal(ends[0].camera_to_world, ends[1].camera_to_world)


def test_at_the_right_camera_there_is_no_error_to_remove(scene):
    """Rays of the score and of the search pass through the same pixel centres."""
    photo = photograph(scene, TRUTH)
    assert squared_error(scene, TRUTH, photo) < 1e-10
    generator = torch.Generator().manual_seed(0)
    stayed = refined(scene, photo, TRUTH, QUICK, 20, generator, lambda seconds: None)
    assert off_in_pixels(stayed) < 0.1


def test_starts_may_be_of_any_size_and_the_same_seed_finds_the_same(scene):
    photo = photograph(scene, TRUTH)
    larger = [start.resized(4 * WIDTH, 4 * HEIGHT) for start in WRONG]
    one, other = search(scene, photo, WRONG), search(scene, photo, larger)
    assert np.allclose(one.camera_to_world, other.camera_to_world, atol=1e-6)


def test_every_step_is_told_and_may_stop_the_search(scene):
    reports: list[float] = []

    class Enough(Exception):
        pass

    def count(seconds: float) -> None:
        reports.append(seconds)
        if len(reports) == 4:
            raise Enough

    with pytest.raises(Enough):
        search(scene, photograph(scene, TRUTH), WRONG, after_chunk=count)
    assert len(reports) == 4 and min(reports) > 0


@pytest.mark.parametrize("size", [(48, 36), (37, 50), (129, 97), (20, 14)])
def test_copies_halve_down_to_the_smallest_and_keep_the_light(size):
    width, height = size
    photo = np.random.default_rng(0).random((height, width, 3), dtype=np.float32)
    copies = box_filtered(photo, 12)
    assert copies[-1] is photo
    assert 12 <= max(copies[0].shape) < 24 or len(copies) == 1
    for small, large in itertools.pairwise(copies):
        assert np.allclose(np.array(small.shape[:2]) * 2, large.shape[:2], atol=1)
        assert np.allclose(small.mean(axis=(0, 1)), photo.mean(axis=(0, 1)), atol=1e-4)
    if size == (48, 36):
        boxes = photo.reshape(18, 2, 24, 2, 3).mean(axis=(1, 3))
        assert np.allclose(copies[-2], boxes, atol=1e-6)


def test_the_error_is_that_of_the_metric(scene):
    photo = photograph(scene, TRUTH)
    expected = mean_squared_error(photograph(scene, WRONG[0]), photo)
    assert squared_error(scene, WRONG[0], photo) == pytest.approx(expected, rel=1e-4)

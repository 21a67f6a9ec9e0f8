"""What cameras see, as points in the world and back."""

import numpy as np
import pytest
import torch

from core.errors import Cancelled, InputError
from core.exporting.jobs import Watch
from core.exporting.views import LONG_SIDE, View, look_around
from tests.cameras import camera
from tests.core.exporting.worlds import Surfaces, before, off


def view(disparity: np.ndarray) -> View:
    height, width = disparity.shape
    rgb = np.zeros((height, width, 3), np.uint8)
    where = camera((0.3, -0.1, 0.5), (0.1, 0.2, 0.05), 40.0, (width, height))
    return View(where, rgb, disparity.astype(np.float32))


def test_a_view_finds_its_own_points_in_their_pixels():
    rng = np.random.default_rng(0)
    disparity = rng.uniform(0.2, 2, (30, 40)) * (rng.uniform(size=(30, 40)) > 0.3)
    seen = view(disparity)
    points, pixels = seen.points()
    own, found, looked_up = seen.look_up(points)
    assert len(points) == (disparity > 0).sum()
    assert (looked_up == pixels).all()
    assert own == pytest.approx(disparity.ravel()[pixels], rel=1e-6)
    assert found == pytest.approx(own, rel=1e-6)


def test_what_is_out_of_the_picture_or_behind_is_not_found():
    seen = view(np.ones((30, 40)))
    pose = seen.camera.camera_to_world
    local = np.array([[0, 0, -1], [0, 0, 0], [9, 0, 1], [0, -9, 1], [0, 0, 1.0]])
    _, found, _ = seen.look_up(local @ pose[:3, :3].T + pose[:3, 3])
    assert found.tolist() == [0, 0, 0, 0, 1]


def test_the_learned_cameras_look_and_the_middle_one_is_first():
    reports: list[tuple[int, int]] = []
    learned = before(Surfaces())
    seen = look_around(learned, Watch(lambda done, total: reports.append((done, total))), 30)
    assert reports == [(number, 30) for number in range(1, 8)]
    away = [np.linalg.norm(view.camera.position - seen.middle.position) for view in seen.views]
    assert away == sorted(away)
    for view in seen.views:
        points, _ = view.points()
        assert len(points) == 120 * 90 and off(points).max() < 1e-4


def test_a_large_photo_is_seen_smaller():
    seen = look_around(before(Surfaces(), count=2, size=(800, 600)), Watch(), 2)
    assert {view.rgb.shape for view in seen.views} == {(384, LONG_SIDE, 3)}
    assert off(seen.views[0].points()[0]).max() < 1e-4


def test_a_background_without_end_has_no_points():
    def sky(origin, depth):
        return torch.where(depth < 4.9, depth, 1e4)

    for view in look_around(before(Surfaces(spoiled=sky)), Watch(), 7).views:
        points, _ = view.points()
        assert 3000 < len(points) < 7000 and points[:, 2].max() < 5.5


def test_what_is_hardly_there_is_no_surface():
    with pytest.raises(InputError, match="train for longer"):
        look_around(before(Surfaces(opacity=0.4)), Watch(), 7)


def test_looking_around_can_be_cancelled():
    with pytest.raises(Cancelled):
        look_around(before(Surfaces()), Watch(cancelled=lambda: True), 7)

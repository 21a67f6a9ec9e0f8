"""Points are where the surfaces are, once each, and not where a single view imagines them."""

import numpy as np
import pytest
import torch

from core.errors import Cancelled, InputError
from core.exporting.jobs import Watch
from core.exporting.points import Points, agreed_points
from core.exporting.views import Views, look_around
from tests.core.exporting.worlds import Surfaces, before, colours_at, off, on_ball


def points_of(scene: Surfaces, **world) -> tuple[Points, Views]:
    seen = look_around(before(scene, **world), Watch(), 14)
    return agreed_points(seen, Watch(), 7, 14), seen


def test_points_are_on_the_surfaces_in_their_colours():
    points, _ = points_of(Surfaces())
    assert off(points.positions).max() < 1e-4
    wanted = colours_at(torch.from_numpy(points.positions)).numpy() * 255
    assert np.abs(points.colours - wanted).max() <= 1
    assert 500 < on_ball(points.positions).sum() < 5000


def test_a_surface_that_all_see_is_there_once_and_what_others_see_beyond_is_added():
    points, seen = points_of(Surfaces())
    assert 120 * 90 * 0.9 < len(points.positions) < 120 * 90 * 1.6
    _, found, _ = seen.views[0].look_up(points.positions)
    assert (found == 0).sum() > 300, "beside the middle view's picture"
    own, found, pixels = seen.views[0].look_up(points.positions)
    twice = np.bincount(pixels[(found > 0) & (np.abs(own - found) < seen.tolerance)])
    assert (twice > 1).mean() < 0.05


def test_a_size_is_that_of_a_pixel_there():
    points, _ = points_of(Surfaces())
    flat = ~on_ball(points.positions) & (np.abs(points.positions[:, :2]) < 0.8).all(axis=-1)
    assert points.sizes[flat] == pytest.approx(points.positions[flat, 2] / 120, rel=0.05)
    assert np.linalg.norm(points.facing, axis=-1) == pytest.approx(1)


def test_what_a_single_view_imagines_is_left_out():
    """The camera nearest to the middle sees a ghost at half the depth in a part of its picture."""
    middle = look_around(before(Surfaces()), Watch(), 7).views[0].camera.position

    def ghost(origin, depth):
        haunted = torch.arange(len(depth)) % 3 == 0
        alone = np.allclose(origin.numpy(), middle, atol=1e-6)
        return torch.where(haunted & alone, depth / 2, depth)

    points, seen = points_of(Surfaces(spoiled=ghost))
    assert off(seen.views[0].points()[0]).max() > 1
    assert off(points.positions).max() < 1e-4
    assert len(points.positions) > 120 * 90 * 0.9, "others fill in what the ghost hides"


def test_views_that_agree_on_nothing_have_no_points():
    def own_world(origin, depth):
        return depth * (1 + 2 * (origin[0] + 0.25))

    with pytest.raises(InputError, match="agree"):
        points_of(Surfaces(spoiled=own_world), count=3)


@pytest.mark.parametrize("count", [1, 2])
def test_few_photos_need_few_witnesses(count):
    points, _ = points_of(Surfaces(), count=count)
    assert len(points.positions) > 8000 and off(points.positions).max() < 1e-4


def test_progress_is_told_and_cancel_is_obeyed():
    reports: list[tuple[int, int]] = []
    seen = look_around(before(Surfaces()), Watch(), 14)
    agreed_points(seen, Watch(lambda done, total: reports.append((done, total))), 7, 14)
    assert reports == [(done, 14) for done in range(8, 15)]
    with pytest.raises(Cancelled):
        agreed_points(seen, Watch(cancelled=lambda: True), 7, 14)

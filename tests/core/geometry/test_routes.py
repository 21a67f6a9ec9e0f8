"""Laws of routes: what is chosen reaches the path."""

import dataclasses

import pytest

from core.geometry.paths import average_camera, interpolate, spiral
from core.geometry.routes import ORDERS, PATHS, Route
from tests.cameras import is_pose, same, scattered

CAMERAS = scattered(6, 5)


def unmeasured() -> float:
    pytest.fail("nobody asked for the depth")


def made(route: Route, measure=unmeasured):
    return PATHS[route.kind](CAMERAS, route, measure)


@pytest.mark.parametrize("kind", PATHS)
def test_every_path_has_the_frames_asked_for(kind):
    path = made(Route(kind, frames=12, focus_depth=2.0))
    assert len(path) == 12 and all(map(is_pose, path))


def test_every_parameter_of_the_spiral_is_passed_on():
    route = Route("spiral", 12, 3.0, 2.0, 40.0, (2.0, 1.0, 0.5), 7.0)
    wanted = spiral(
        CAMERAS, 12, focus_depth=7.0, turns=3.0, depth_turns=2.0, radius_percentile=40.0,
        radius_scale=(2.0, 1.0, 0.5), eased=True,
    )  # fmt: skip
    assert all(map(same, made(route), wanted))
    for change in (
        {"turns": 2.0},
        {"depth_turns": 1.0},
        {"radius_percentile": 90.0},
        {"radius_scale": (1.0, 1.0, 0.5)},
        {"focus_depth": 9.0},
    ):
        other = made(dataclasses.replace(route, **change))
        assert not all(map(same, other, wanted)), change


def test_the_depth_is_measured_only_where_none_was_chosen():
    wanted = spiral(CAMERAS, 12, focus_depth=3.0, turns=1, depth_turns=1, eased=True)
    assert all(map(same, made(Route(frames=12), measure=lambda: 3.0), wanted))


@pytest.mark.parametrize("order", ORDERS)
def test_the_order_of_the_tour_is_passed_on(order):
    path = made(Route("interpolate", 30, order=order))
    assert all(map(same, path, interpolate(CAMERAS, 30, order)))


def test_the_average_view_stays():
    assert all(same(view, average_camera(CAMERAS)) for view in made(Route("average", 3)))

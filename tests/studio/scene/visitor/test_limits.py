"""A visitor stays where something was seen, and sees it from there."""

from dataclasses import replace

import numpy as np
import pytest

from studio.scene.cameras.vantage import Vantage
from studio.scene.coordinates import SCALE
from studio.scene.visitor.limits import GAZE, Limits
from tests.cameras import camera
from tests.studio.scene.stand_ins import CAMERAS

LIMITS = Limits.of(CAMERAS)
AHEAD = np.array((0.0, 0.0, 1.0))


def vantage(position: tuple[float, float, float], look_at: tuple[float, float, float]) -> Vantage:
    """A place of viser's world."""
    return Vantage(np.array(position), np.array(look_at), 1.0)


def test_the_default_view_and_all_cameras_are_within() -> None:
    for cameras in (CAMERAS, tuple(camera((x, 0.3 * x, 0)) for x in (-1, 0, 1))):
        limits = Limits.of(cameras)
        for inside in (Vantage.of(cameras), *(Vantage.through(c, 1.5, 20) for c in cameras)):
            assert limits.held(inside) is inside


@pytest.mark.parametrize("position", [(30.0, 0, 0), (0, -25.0, 10), (0, 0, -80.0)])
def test_who_went_too_far_comes_back_and_sees_the_same_thing(
    position: tuple[float, float, float],
) -> None:
    out = vantage(position, (0, 0, 20))
    held = LIMITS.held(out)
    apart = np.linalg.norm(held.position - LIMITS.positions, axis=1).min()
    assert apart == pytest.approx(LIMITS.reach)
    assert np.linalg.norm(held.position - out.position) < np.linalg.norm(out.position)
    again = LIMITS.held(held)
    assert np.allclose(again.position, held.position) and np.allclose(again.ahead, held.ahead)


def test_a_gaze_away_from_the_scene_is_turned_back_to_it() -> None:
    looks = {name: c.camera_to_world[:3, 2] for name, c in enumerate(CAMERAS)}
    held = LIMITS.held(vantage((0, 0, 0), (10, 0, -10)))
    assert min(np.arccos(held.ahead @ each) for each in looks.values()) == pytest.approx(GAZE)
    assert np.allclose(held.position, 0)
    behind = LIMITS.held(replace(held, look_at=-10 * AHEAD))
    assert max(behind.ahead @ each for each in looks.values()) > 0.6


def test_cameras_all_around_set_no_limit_to_the_gaze() -> None:
    around = Limits.of([camera((0, 0, 0), (0, angle, 0)) for angle in np.arange(0, 6.3, 0.5)])
    for angle in np.linspace(0, 6, 7):
        gaze = vantage((0, 0, 0), (5 * np.sin(angle), 0, 5 * np.cos(angle)))
        assert around.held(gaze) is gaze


def test_a_drag_across_the_canvas_stays_within_reach() -> None:
    for distance in (5.0, 20.0, 80.0):
        moved = LIMITS.turn(distance) * 2 * np.pi * distance
        assert moved <= max(LIMITS.reach, 0.02 * 2 * np.pi * distance) + 1e-9
    assert LIMITS.turn(1e-9) == 1 and LIMITS.turn(20) < 0.1
    assert LIMITS.reach == pytest.approx(3.5 * 0.12 * SCALE)

"""Warped pictures of planes are what rays through them see."""

import numpy as np
import pytest

from core.geometry.cameras import Camera
from core.rendering.picture import Pace, Picture
from core.rendering.progressive import render_progressively
from studio.scene.painting.baked import Baked, Bakery
from tests.cameras import camera
from tests.studio.scene.stand_ins import FOCAL, HEIGHT, WIDTH, planes_scene

SCENE = planes_scene()
SIZE = (WIDTH, HEIGHT)


def warped(eye: Camera) -> Picture:
    *parts, picture = Baked.of(SCENE).seen_by(eye)
    assert picture is not None and not any(parts)
    return picture


def traced(eye: Camera) -> Picture:
    *_, picture = render_progressively(SCENE, eye, Pace(), None)
    assert picture is not None
    return picture


@pytest.mark.parametrize(
    "eye",
    [
        camera((0, 0, 0), (0, 0, 0), FOCAL, SIZE),
        camera((0.1, -0.05, 0.03), (0.03, 0.06, 0.02), 1.3 * FOCAL, SIZE),
        camera((0.1, 0.1, 1.7), (0, 0.1, 0), 1.5 * FOCAL, SIZE),  # some planes lie behind
    ],
)
def test_warps_agree_with_rays(eye: Camera) -> None:
    fast, slow = warped(eye), traced(eye)
    assert np.abs(fast.rgb - slow.rgb).mean() < 0.01
    assert np.abs(fast.opacity - slow.opacity).mean() < 0.01
    solid = slow.opacity > 0.3
    assert np.abs(1 / fast.depth - 1 / slow.depth)[solid].mean() < 0.02


def test_looking_away_there_is_nothing() -> None:
    picture = warped(camera((0, 0, 0), (0, np.pi, 0), FOCAL, SIZE))
    assert not picture.rgb.any() and not picture.opacity.any()
    assert np.isfinite(picture.depth).all()


def test_beyond_their_edges_planes_let_all_light_pass() -> None:
    picture = warped(camera((0, 0, -3), (0, 0, 0), FOCAL / 2, SIZE))
    assert not picture.opacity[0].any() and picture.opacity[HEIGHT // 2, WIDTH // 2] > 0.5


def test_a_scene_is_baked_once_and_a_drag_takes_what_is_there() -> None:
    bakery, newer = Bakery(), planes_scene(seed=1)
    first = bakery.fresh(SCENE)
    assert bakery.fresh(SCENE) is first
    assert bakery.quick(newer) is first
    assert bakery.fresh(newer) is not first
    bakery.forget()
    assert bakery.quick(SCENE) is not first

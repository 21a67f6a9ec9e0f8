"""A picture of a part of a view lands where it belongs."""

import numpy as np
import pytest

from core.rendering.picture import Pace, Picture
from core.rendering.progressive import render_progressively
from studio.scene.coordinates import SCALE
from studio.scene.painting.shot import DEPTH_SIZE, FARTHEST, Frame, Look, composed, empty_shot
from studio.scene.painting.window import Window, seen_from
from tests.cameras import camera
from tests.studio.scene.stand_ins import CAMERAS, scene

LOOK = Look("rgb", "turbo", (10, 200, 30), depth=True)
SCENE = scene()
WINDOW = Window.of(CAMERAS, SCENE)
BEHIND = camera((0, 0, -1.5), (0, 0.2, 0), 120.0, (240, 160))


def rendered(at, camera_) -> Picture:
    """The sharp picture of a camera."""
    part = seen_from(SCENE, WINDOW, at, 8)
    *_, picture = render_progressively(part, camera_, Pace(), None)
    assert picture is not None
    return picture


def test_a_crop_shows_what_the_whole_camera_would() -> None:
    frame = Frame.of(BEHIND, WINDOW)
    assert frame.crop is not None and frame.crop.width < BEHIND.width
    part = composed(frame, [rendered(BEHIND, frame.crop)], LOOK).image
    everything = Frame(BEHIND, frame.meets, 0, 0, BEHIND)
    whole = composed(everything, [rendered(BEHIND, BEHIND)], LOOK).image
    assert np.abs(part.astype(int) - whole).max() <= 1


def test_outside_the_window_is_plain_ground() -> None:
    frame = Frame.of(BEHIND, WINDOW)
    assert frame.crop is not None
    shot = composed(frame, [rendered(BEHIND, frame.crop)], LOOK)
    beyond = np.ones_like(frame.meets)
    rows, columns = np.nonzero(frame.meets)
    beyond[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = False
    assert beyond.any() and (shot.image[beyond] == LOOK.ground).all()


def test_depth_is_small_bounded_and_in_visers_units() -> None:
    wall = Picture(
        np.zeros((20, 30, 3)), np.full((20, 30), 4.0), np.ones((20, 30)), 1.0, CAMERAS[1]
    )
    shot = composed(Frame.of(BEHIND, WINDOW), [wall], LOOK)
    assert shot.depth is not None
    assert shot.depth.shape[1] <= DEPTH_SIZE[0] and shot.depth.shape[0] <= DEPTH_SIZE[1]
    assert set(np.unique(shot.depth)) == {np.float32(4 * SCALE), np.float32(FARTHEST)}


def test_what_light_passes_has_no_depth_and_shows_the_ground() -> None:
    air = Picture(np.zeros((9, 9, 3)), np.ones((9, 9)), np.zeros((9, 9)), 1.0, CAMERAS[1])
    shot = composed(Frame.of(BEHIND, WINDOW), [air], LOOK)
    assert (shot.image == LOOK.ground).all()
    assert shot.depth is not None and (shot.depth == FARTHEST).all()


@pytest.mark.parametrize("scale", [1 / 16, 1 / 4, 1])
def test_every_level_fills_the_canvas(scale: float) -> None:
    frame = Frame.of(BEHIND, WINDOW)
    assert frame.crop is not None
    small = frame.crop.resized(
        max(1, round(frame.crop.width * scale)), max(1, round(frame.crop.height * scale))
    )
    assert composed(frame, [rendered(BEHIND, small)], LOOK).image.shape == (160, 240, 3)


def test_looking_away_shows_the_ground_alone() -> None:
    away = camera((0, 0, 0), (0, np.pi, 0), 120.0, (24, 16))
    frame = Frame.of(away, WINDOW)
    assert frame.crop is None
    assert (composed(frame, [], LOOK).image == LOOK.ground).all()
    assert empty_shot(LOOK).blank and not composed(frame, [], LOOK).blank

"""The window is what photos saw: a photo is not touched by it, and beyond it there is nothing."""

import numpy as np
import pytest
import torch

from core.geometry.rays import camera_rays
from core.rendering.volume import RaySettings
from studio.scene.painting.window import SeenField, Window, seen_from
from tests.cameras import camera
from tests.studio.scene.stand_ins import CAMERAS, NDC, scene, waves

SPACES = [NDC, RaySettings("camera", 0.0, 1.0, 8, False)]


def inside(window: Window, points: np.ndarray) -> np.ndarray:
    """Whether points (..., 3) of the world lie in a window: its definition."""
    x, y, z = np.moveaxis(points, -1, 0)
    across = (window.low[0] * z <= x) & (x <= window.high[0] * z)
    return across & (window.low[1] * z <= y) & (y <= window.high[1] * z) & (z >= window.near)


@pytest.mark.parametrize("settings", SPACES)
def test_every_pixel_of_every_photo_meets_the_window(settings: RaySettings) -> None:
    window = Window.of(CAMERAS, scene(settings=settings))
    assert all(window.meets(each).all() for each in CAMERAS)


@pytest.mark.parametrize("turn", [(0, 0, 0), (0.3, 0.8, 0.1), (0, 3.0, 0), (-1.2, 0.2, 0)])
@pytest.mark.parametrize("position", [(0.2, -0.3, -0.8), (3, 0, 1.5), (0, 0, 5)])
def test_meeting_agrees_with_walking_along_the_rays(
    position: tuple[float, ...], turn: tuple[float, ...]
) -> None:
    window, eye = Window.of(CAMERAS, scene()), camera(position, turn, 20.0, (16, 12))
    rays = camera_rays(eye)
    steps = torch.cat([torch.linspace(0, 30, 6000), torch.logspace(1.4, 3.5, 300)])
    points = rays.origins[:, None] + steps[:, None] * rays.directions[:, None]
    walked = inside(window, points.numpy()).any(-1) & (rays.directions[:, 2] > 1e-3).numpy()
    assert (window.meets(eye).ravel() != walked).mean() < 0.02  # a step may miss a corner


@pytest.mark.parametrize("settings", SPACES)
def test_what_a_photo_sees_is_left_as_it_is(settings: RaySettings) -> None:
    whole = scene(settings=settings)
    window = Window.of(CAMERAS, whole)
    at = CAMERAS[1]
    part = seen_from(whole, window, at, settings.samples)
    rays = camera_rays(at)
    before, after = whole.render(rays), part.render(rays)
    assert torch.allclose(before.rgb, after.rgb, atol=0.02)
    assert torch.allclose(before.rgb.mean(0), after.rgb.mean(0), atol=1e-3)


def test_beyond_the_window_there_is_no_density() -> None:
    whole = scene()
    window = Window.of(CAMERAS, whole)
    field = SeenField(waves, window, "ndc", whole.normalized_focal)
    across = torch.linspace(-4, 4, 81)
    points = torch.stack([across, torch.zeros(81), torch.zeros(81)], -1)[None]
    _, density = field(points, torch.zeros(1, 1, 3))
    slope = across / (2 * whole.normalized_focal[0])
    within = (slope >= window.low[0]) & (slope <= window.high[0])
    assert torch.equal(density[0] > 0, within & (across != 0))


def test_nothing_behind_the_eye_is_rendered() -> None:
    whole = scene()
    window = Window.of(CAMERAS, whole)
    assert seen_from(whole, window, camera((0, 0, -1)), 8).settings.near == 0
    assert seen_from(whole, window, camera((0, 0, 4)), 8).settings.near == pytest.approx(0.75)


def test_a_camera_that_ran_away_does_not_open_the_window_to_the_sides() -> None:
    window = Window.of((*CAMERAS, camera((5, 0, 0), (0, 1.5, 0))), scene())
    assert max(map(abs, (*window.low, *window.high))) < 3.2

"""A scene that is known exactly, and cameras before it."""

import functools

import numpy as np
import pytest
import torch
from torch import Tensor

from core.geometry.cameras import Camera
from core.geometry.rays import camera_rays
from core.rendering.scene import FieldScene, Scene
from core.rendering.volume import RaySettings
from tests.cameras import camera

WIDTH, HEIGHT, FOCAL = 48, 36, 40.0


def hills(
    positions: Tensor, directions: Tensor, noise: Tensor | None = None, *, at: float
) -> tuple[Tensor, Tensor]:
    """Opaque painted hills around z = `at`, with paint fine enough to tell a tenth of a pixel."""
    x, y, z = positions.unbind(-1)
    height = 0.4 * torch.sin(2.2 * x + 0.5) * torch.cos(2 * y)
    density = 200 * torch.sigmoid(40 * (z - at - height))
    waves = [(5, 3, 0), (-4, 9, 1), (11, 2, 2), (-7, -6, 3), (2, 13, 4), (14, -9, 5)]
    paint = [torch.sin(a * x + b * y + phase) for a, b, phase in waves]
    rgb = [0.5 + 0.2 * (paint[index] + paint[index + 3]) for index in range(3)]
    return torch.stack(rgb, dim=-1).clamp(0, 1), density


@pytest.fixture(params=["ndc", "camera"])
def scene(request: pytest.FixtureRequest) -> Scene:
    """The hills, in either space of rays."""
    far, at = {"ndc": (1.0, 0.1), "camera": (2.0, 1.2)}[request.param]
    settings = RaySettings(request.param, 0.0, far, 32, False)
    return FieldScene(
        functools.partial(hills, at=at), torch.tensor([FOCAL / WIDTH, FOCAL / HEIGHT]), settings
    )


def looking(position, turn) -> Camera:
    """A camera before the hills."""
    return camera(position, turn, FOCAL, (WIDTH, HEIGHT))


def photograph(scene: Scene, of: Camera) -> np.ndarray:
    """(H, W, 3) float32 what is seen."""
    return scene.render(camera_rays(of)).rgb.reshape(of.height, of.width, 3).numpy()

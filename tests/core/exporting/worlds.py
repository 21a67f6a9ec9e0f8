"""Scenes whose every point is known, and cameras before them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.geometry.rays import Rays
from core.rendering.scene import FieldScene
from core.rendering.volume import Rendering
from core.training.learned import Learned
from tests.cameras import camera

CENTRE, RADIUS = torch.tensor([0.1, 0.0, 3.0]), 0.6
SLOPE, WALL = 0.3, 5.0  # a wall at z = 5 + 0.3 x


@dataclass(frozen=True, eq=False)
class Surfaces:
    """An opaque ball before a slanted wall, each point coloured by where it is.

    Attributes:
        spoiled: what cameras see wrongly: their centre (3,) and depths (R,) -> depths (R,).
        opacity: of everything.
    """

    spoiled: Callable[[Tensor, Tensor], Tensor] = lambda origin, depth: depth
    opacity: float = 1.0

    @property
    def device(self) -> torch.device:
        """As `core.rendering.scene.Scene.device`."""
        return torch.device("cpu")

    seen_by = FieldScene.seen_by  # ray by ray

    def render(self, rays: Rays) -> Rendering:
        """As `core.rendering.scene.FieldScene.render`."""
        depth = torch.minimum(_to_ball(rays), _to_wall(rays))
        colours = colours_at(rays.origins + depth[:, None] * rays.directions)
        opacity = torch.full_like(depth, self.opacity)
        depth = self.spoiled(rays.origins[0], depth)
        return Rendering(colours, depth, opacity, opacity[:, None])


def _to_ball(rays: Rays) -> Tensor:
    away = rays.origins - CENTRE
    a = rays.directions.square().sum(-1)
    b = (away * rays.directions).sum(-1)
    inside = b * b - a * (away.square().sum(-1) - RADIUS**2)
    return torch.where(inside > 0, (-b - inside.clamp_min(0).sqrt()) / a, torch.inf)


def _to_wall(rays: Rays) -> Tensor:
    towards = rays.directions[:, 2] - SLOPE * rays.directions[:, 0]
    return (WALL - rays.origins[:, 2] + SLOPE * rays.origins[:, 0]) / towards


def colours_at(points: Tensor) -> Tensor:
    """(P, 3) the colour of world points."""
    return 0.5 + 0.4 * torch.sin(2 * points)


def off(points: np.ndarray) -> np.ndarray:
    """(P,) how far world points are from the nearer surface."""
    ball = np.abs(np.linalg.norm(points - CENTRE.numpy(), axis=-1) - RADIUS)
    wall = np.abs(points[:, 2] - WALL - SLOPE * points[:, 0]) / np.hypot(1, SLOPE)
    return np.minimum(ball, wall)


def on_ball(points: np.ndarray) -> np.ndarray:
    """(P,) which points are on the ball."""
    return np.abs(np.linalg.norm(points - CENTRE.numpy(), axis=-1) - RADIUS) < 0.05


def before(scene: Surfaces, count: int = 7, size: tuple[int, int] = (120, 90)) -> Learned:
    """Cameras around the origin, the last one held out and looking elsewhere."""
    rng = np.random.default_rng(0)
    cameras = [
        camera(rng.uniform(-0.25, 0.25, 3) * [1, 1, 0.3], rng.normal(0, 0.03, 3), size[0], size)
        for _ in range(count)
    ]
    elsewhere = camera((0, 0, 9), (0, 3, 0), size[0], size)
    names = tuple(f"{number}.jpg" for number in range(count + 1))
    return Learned(names, (*cameras, elsewhere), (*[False] * count, True), scene)

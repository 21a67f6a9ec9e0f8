"""A world without end in a box, and where in it something is."""

from dataclasses import replace

import pytest
import torch

from core.geometry.rays import Rays
from core.rendering.contraction import Ball
from core.rendering.occupancy import BINS, CELLS, Occupancy
from core.rendering.scene import FieldScene
from core.rendering.volume import EVERYWHERE, RaySettings, render_rays, weights_of

BALL = Ball(1.0, -2.0, 3.0, 0.5)
MIDDLE = torch.tensor(BALL[:3])
WALL = 4.0  # z of a wall that faces rays along +z


def test_near_things_stay_alike_and_far_ones_stay_within() -> None:
    generator = torch.Generator().manual_seed(0)
    ways = torch.nn.functional.normalize(torch.randn(64, 3, generator=generator), dim=-1)
    near, far = MIDDLE + 0.4 * ways, MIDDLE + 1e5 * ways
    assert torch.allclose(BALL.contracted(near), 0.4 * ways, atol=1e-6)  # half of .4 / radius
    assert torch.allclose(BALL.contracted(far), ways, atol=1e-4)
    steps = torch.logspace(-1, 4, 50)[:, None] * ways[0]
    out = BALL.contracted(MIDDLE + steps).norm(dim=-1)
    assert (out.diff() > 0).all() and out[-1] < 1
    edge = [BALL.contracted(MIDDLE + BALL.radius * (1 + e) * ways) for e in (-1e-5, 1e-5)]
    assert torch.allclose(*edge, atol=1e-4)


def test_the_ball_holds_its_share_of_the_points() -> None:
    points = torch.randn(1001, 3, generator=torch.Generator().manual_seed(1)) + 5
    ball = Ball.around(points, 0.8)
    inside = (points - torch.tensor(ball[:3])).norm(dim=-1) <= ball.radius
    assert inside.float().mean() == pytest.approx(0.8, abs=0.01)
    assert Ball.around(points[:1], 0.5).radius > 0


def wall(depth: float = WALL) -> torch.Tensor:
    """(P, 3) points of a wall."""
    side = torch.linspace(-2, 2, 200)
    x, y = torch.meshgrid(side, side, indexing="xy")
    return torch.stack([x.flatten(), y.flatten(), torch.full((side.numel() ** 2,), depth)], -1)


def ahead(count: int = 5) -> Rays:
    """Rays along +z from about the origin."""
    origins = torch.zeros(count, 3)
    origins[:, 0] = torch.linspace(-0.3, 0.3, count)
    return Rays(origins, torch.tensor([[0.0, 0.0, 1.0]]).expand(count, 3))


def test_rays_stop_at_what_is_nearest_and_a_little_behind() -> None:
    found = Occupancy(torch.cat([wall(), wall(8.0)]), WALL)
    weights, depths = weights_of(found.alpha(ahead())), found.depth(found.bins())
    assert weights.shape == (5, BINS) and (depths.diff() > 0).all()
    assert found.near < depths[0] < WALL and depths[-1] < found.far
    at = depths[weights.argmax(-1)]
    assert ((at - WALL).abs() < 0.1 * WALL).all()
    behind = weights[:, (depths - 8).abs() < 0.8].sum(-1)
    assert ((behind > 0) & (behind < weights.sum(-1) / 2)).all()
    away = Rays(torch.zeros(1, 3), torch.tensor([[0.0, 0.0, -1.0]]))
    assert not found.alpha(away).any()


def test_a_field_is_asked_at_the_wall_and_a_few_points_everywhere() -> None:
    found = Occupancy(wall(), WALL)
    settings = RaySettings(
        "camera", found.near, found.far, 16, False, "disparity", guided=12, ball=found.ball
    )
    asked: list[torch.Tensor] = []

    def field(
        positions: torch.Tensor, directions: torch.Tensor, noise: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        asked.append(positions)
        return torch.ones_like(positions), torch.ones_like(positions[..., 0])

    assert settings.points(found) == 12 + EVERYWHERE
    render_rays(field, ahead(), torch.ones(2), settings, proposal=found)
    (places,) = asked
    assert places.shape == (5, 12 + EVERYWHERE, 3) and places.norm(dim=-1).max() <= 1
    goal = found.ball.contracted(torch.tensor([0.0, 0.0, WALL]))
    near = (places[..., 2] - goal[2]).abs() < 4 * 2 / CELLS
    assert (near.sum(-1) >= 10).all()


def test_a_view_shows_only_what_was_seen() -> None:
    found = Occupancy(wall(), WALL)
    settings = RaySettings(
        "camera", found.near, found.far, 16, False, "disparity", guided=12, ball=found.ball
    )

    def fog(
        positions: torch.Tensor, directions: torch.Tensor, noise: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.ones_like(positions), torch.ones_like(positions[..., 0])

    away = Rays(torch.zeros(2, 3), torch.tensor([[0.0, 0.0, -1.0], [0.0, 0.0, 1.0]]))
    scene = FieldScene(fog, torch.ones(2), settings, found)
    assert (scene.render(away).opacity > 0.9).all()
    scene = replace(scene, settings=replace(settings, only_met=True))
    view = scene.render(away)
    assert view.opacity[0] == 0 and not view.rgb[0].any()
    assert view.opacity[1] > 0.9 and view.depth[1] == pytest.approx(WALL, rel=0.5)
    nothing = scene.render(away[:1])
    assert not nothing.opacity.any() and nothing.weights.shape == view.weights[:1].shape

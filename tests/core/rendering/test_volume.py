"""Laws of volume rendering, against slow references written out by hand."""

import math

import pytest
import torch

from core.geometry.rays import Rays
from core.rendering.sampling import LAST_LENGTH, bin_lengths, even_depths, stratified_depths
from core.rendering.spaces import SPACES
from core.rendering.volume import RaySettings, alpha_of, render_rays, transmittance_of

NORMALIZED_FOCAL = torch.tensor([0.8, 1.1])


def ball(positions, directions, noise=None):
    """A fuzzy red ball at (0, 0, 0.5) that looks greener from the left."""
    distance = (positions - torch.tensor([0, 0, 0.5])).norm(dim=-1)
    density = 40 * torch.sigmoid((0.3 - distance) * 30)
    green = (directions[..., :1] * 0.5 + 0.5).expand(*positions.shape[:-1], 1)
    rgb = torch.cat([torch.full_like(green, 0.9), green, torch.full_like(green, 0.1)], dim=-1)
    return rgb, density


def some_rays(count: int = 20) -> Rays:
    """Rays from near the origin, mostly forward; directions have z about 1."""
    generator = torch.Generator().manual_seed(0)
    origins = 0.1 * torch.randn(count, 3, generator=generator)
    sideways = 0.4 * torch.randn(count, 2, generator=generator)
    return Rays(origins, torch.cat([sideways, torch.ones(count, 1)], dim=-1))


def settings(**changes) -> RaySettings:
    """Ray settings in camera space unless said."""
    known = {"space": "camera", "near": 0.0, "far": 1.0, "samples": 64, "white_background": False}
    return RaySettings(**{**known, **changes})


def test_weights_and_what_passes_sum_to_one() -> None:
    generator = torch.Generator().manual_seed(0)
    alpha = torch.rand(50, 16, generator=generator, dtype=torch.float64)
    arriving = transmittance_of(alpha)
    passing = arriving[:, -1] * (1 - alpha[:, -1])
    assert torch.allclose((alpha * arriving).sum(-1) + passing, torch.ones(50, dtype=torch.float64))
    assert (arriving[:, 0] == 1).all()
    assert (arriving.diff(dim=-1) <= 0).all()


def test_alpha_of_a_split_bin_is_alpha_of_the_whole() -> None:
    whole = alpha_of(torch.tensor([3.0]), torch.tensor([0.2]))
    half = alpha_of(torch.tensor([3.0]), torch.tensor([0.1]))
    assert torch.allclose(1 - whole, (1 - half) ** 2)


def test_rendering_equals_a_loop_over_samples() -> None:
    rays = some_rays(7)
    seen = render_rays(ball, rays, NORMALIZED_FOCAL, settings(samples=32))
    for index in range(7):
        light, rgb, depth, opacity = 1.0, torch.zeros(3), 0.0, 0.0
        direction = rays.directions[index]
        depths = [i / 31 for i in range(32)]
        for i, t in enumerate(depths):
            position = rays.origins[index] + t * direction
            colour, density = ball(position, torch.nn.functional.normalize(direction, dim=0))
            step = depths[i + 1] - t if i < 31 else LAST_LENGTH
            alpha = 1 - math.exp(-float(density) * step * float(direction.norm()))
            rgb = rgb + light * alpha * colour
            depth += light * alpha * t
            opacity += light * alpha
            light *= 1 - alpha
        assert torch.allclose(seen.rgb[index], rgb, atol=1e-5)
        assert float(seen.opacity[index]) == pytest.approx(opacity, abs=1e-5)
        assert float(seen.depth[index]) == pytest.approx(depth / opacity, abs=1e-4)


def test_white_background_fills_what_nothing_stops() -> None:
    def empty(positions, directions, noise=None):
        return torch.zeros_like(positions), torch.zeros(positions.shape[:-1])

    rays = some_rays(3)
    assert torch.allclose(
        render_rays(empty, rays, NORMALIZED_FOCAL, settings(white_background=True)).rgb,
        torch.ones(3, 3),
    )
    assert torch.allclose(
        render_rays(empty, rays, NORMALIZED_FOCAL, settings()).rgb, torch.zeros(3, 3)
    )


def test_opaque_wall_is_seen_at_its_depth_in_both_spaces() -> None:
    rays = some_rays(10)
    for space, wall in (("camera", 0.6), ("ndc", 2.5)):

        def solid(positions, directions, noise=None, space=space, wall=wall):
            z = positions[..., 2] if space == "camera" else 2 / (1 - positions[..., 2])
            return torch.ones_like(positions), 1e4 * (z > wall).float()

        seen = render_rays(solid, rays, NORMALIZED_FOCAL, settings(space=space, samples=1000))
        expected = (wall - rays.origins[:, 2]) / rays.directions[:, 2]
        assert torch.allclose(seen.depth, expected, rtol=0.02)
        assert torch.allclose(seen.disparity, 1 / expected, rtol=0.02)


def test_ndc_is_the_projection_of_the_same_points() -> None:
    rays = some_rays(30)
    warped = SPACES["ndc"].warp(rays, NORMALIZED_FOCAL)
    for t in (0.0, 0.3, 0.9):
        depth = SPACES["ndc"].depth(rays, torch.full((30,), t))
        world = rays.origins + depth[:, None] * rays.directions
        z = world[:, 2:]
        expected = torch.cat([2 * NORMALIZED_FOCAL * world[:, :2] / z, 1 - 2 / z], dim=-1)
        assert torch.allclose(warped.origins + t * warped.directions, expected, atol=1e-4)


def test_ndc_samples_run_from_the_near_plane_to_infinity() -> None:
    rays = Rays(torch.zeros(1, 3), torch.tensor([[0.0, 0, 1]]))
    depth = SPACES["ndc"].depth(rays, torch.tensor([[0.0, 0.5, 1.0]]))[0]
    assert depth.tolist() == pytest.approx([1, 2, 1e4], rel=1e-3)


def test_stratified_samples_stay_in_their_bins_and_in_order() -> None:
    depths = even_depths(0.2, 1.4, 9, "cpu")
    jitter = torch.rand(500, 9, generator=torch.Generator().manual_seed(0))
    moved = stratified_depths(depths, jitter)
    assert (moved.diff(dim=-1) >= 0).all()
    assert moved.min() >= 0.2 and moved.max() <= 1.4
    middle = (depths[1:] + depths[:-1]) / 2
    assert (moved[:, 1:] >= middle).all() and (moved[:, :-1] <= middle).all()
    assert torch.allclose(moved[:, 4].mean(), depths[4], atol=0.01)


def test_bin_lengths_are_metric() -> None:
    directions = torch.tensor([[0.0, 3, 4]])
    lengths = bin_lengths(torch.tensor([[0.0, 0.5, 2.0]]), directions)
    assert lengths[0].tolist() == pytest.approx([2.5, 7.5, 5 * LAST_LENGTH])


def test_gradients_reach_rays_and_frame() -> None:
    rays = some_rays(5)
    origins, normalized_focal = (
        rays.origins.requires_grad_(),
        NORMALIZED_FOCAL.clone().requires_grad_(),
    )
    seen = render_rays(
        ball, Rays(origins, rays.directions), normalized_focal, settings(space="ndc")
    )
    by_origin, by_focal = torch.autograd.grad(seen.rgb.sum(), [origins, normalized_focal])
    assert by_origin.abs().sum() > 0 and by_focal.abs().sum() > 0

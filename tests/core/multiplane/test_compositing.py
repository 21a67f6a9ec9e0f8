"""Rendering planes, against slow references written out by hand."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from core.geometry.cameras import CameraRig
from core.geometry.rays import Rays, cast_rays, pixel_centres
from core.multiplane.compositing import (
    EDGE,
    composite,
    composite_and_compare,
    meeting_points,
    planes_along,
    sample,
    sample_backward,
    slopes,
)
from core.multiplane.field import Extent, MultiplaneImage
from core.rendering.volume import RaySettings, rays_at_once, render_rays

NORMALIZED_FOCAL = torch.tensor([0.8, 1.1])
PLACES = torch.tensor([1.0, 0.8, 0.45, 0.0])


def field_of(seed: int = 0, floor: float = 0.1, near_depth: float = 1.0) -> MultiplaneImage:
    """Four planes of random texels that reach a little beyond the reference picture."""
    field = MultiplaneImage(PLACES, 9, 7, Extent((1.5, 1.4), (1.9, 1.7)), floor, near_depth)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for block in field.blocks:
            block.copy_(torch.randn(block.shape, generator=generator))
    return field


def some_rays(count: int = 40) -> Rays:
    """Rays from near the origin, mostly forward."""
    generator = torch.Generator().manual_seed(1)
    origins = 0.15 * torch.randn(count, 3, generator=generator)
    sideways = 0.35 * torch.randn(count, 2, generator=generator)
    along = 1 + 0.1 * torch.randn(count, 1, generator=generator)
    return Rays(origins, torch.cat([sideways, along], -1))


def slowly(
    field: MultiplaneImage, rays: Rays, normalized_focal: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Textured quads in double precision, nearest first, ray by ray: rgb, weights, disparity."""
    texels = torch.cat(list(field.blocks)).detach().double()
    colours, every, disparities = [], [], field.disparities.double()
    for origin, direction in zip(rays.origins.double(), rays.directions.double(), strict=True):
        light, colour, weights = 1.0, torch.zeros(3, dtype=torch.float64), []
        for plane, disparity in enumerate(disparities):
            weight = torch.zeros((), dtype=torch.float64)
            way = (1 / disparity - origin[2]) / direction[2] if disparity > 0 else torch.tensor(-1)
            if direction[2] > 0 and way > 0:
                x, y, z = origin + way * direction
                place = (
                    2
                    * normalized_focal.double()
                    * torch.stack([x, y])
                    / z
                    / field.reach[plane].double()
                )
                logits = functional.grid_sample(
                    texels[plane : plane + 1], place.reshape(1, 1, 1, 2), "bilinear", "border",
                    False,
                )[0, :, 0, 0]  # fmt: skip
                outside = float(place.abs().max()) - 1
                seen = min(max(1 - outside / EDGE, 0.0), 1.0)
                values = torch.sigmoid(logits)
                weight = light * seen * values[3]
                light = light * (1 - seen * values[3])
                colour = colour + weight * values[:3]
            weights.append(weight)
        colours.append(colour)
        every.append(torch.stack(weights))
    weights = torch.stack(every)
    disparity = (weights * disparities).sum(1) / weights.sum(1).clamp_min(1e-6)
    return torch.stack(colours), weights, disparity


def test_a_ray_meets_a_plane_where_projecting_the_point_says() -> None:
    rays = some_rays()
    for disparity in (0.9, 0.3, 0.02):
        a, b = slopes(rays, NORMALIZED_FOCAL)
        way = (1 / disparity - rays.origins[:, 2]) / rays.directions[:, 2]
        point = rays.origins + way.unsqueeze(1) * rays.directions
        wanted = 2 * NORMALIZED_FOCAL * point[:, :2] / point[:, 2:]
        reach = torch.tensor([[1.5, 1.2]])
        found = meeting_points(a, b, torch.tensor([disparity]), reach)
        assert found.shape == (1, 1, 40, 2)
        assert torch.allclose(found[0, 0], wanted / reach, atol=1e-5)


def test_the_reference_camera_sees_texel_coordinates_that_are_its_pixels() -> None:
    rig = CameraRig(1, 8, 6, "axis-angle", "square", True, 0.7)
    pixels = pixel_centres(8, 6)
    rays = cast_rays(rig.camera_to_world()[0], rig.focal_lengths(), rig.principal_point(), pixels)
    a, b = slopes(rays, rig.normalized_focal())
    assert torch.allclose(a, 2 * pixels / torch.tensor([8.0, 6.0]) - 1, atol=1e-6)
    assert (b == 0).all()


def test_the_gradient_of_explain_is_that_of_a_loop_over_planes() -> None:
    generator = torch.Generator().manual_seed(2)
    logits = 3 * torch.randn(6, 4, 50, generator=generator, dtype=torch.float64)
    logits[2, 3, :10] = 9.0  # nearly opaque
    wanted = torch.rand(3, 50, generator=generator, dtype=torch.float64)
    slow = logits.clone().requires_grad_()
    light, colour, weights = torch.ones(50, dtype=torch.float64), torch.zeros_like(wanted), []
    for plane in slow:
        alpha = torch.sigmoid(plane[3])
        weights.append(light * alpha)
        colour = colour + weights[-1] * torch.sigmoid(plane[:3])
        light = light * (1 - alpha)
    errors = (colour - wanted).square().mean(0)
    (errors.sum() * 0.37).backward()
    mine = logits.clone()
    found, held = composite_and_compare(mine, wanted, 0.37)
    assert torch.allclose(found, errors)
    assert torch.allclose(held, torch.stack(weights).sum(1))
    assert torch.allclose(mine, slow.grad, rtol=1e-6, atol=1e-9)


def test_explain_stays_finite_where_planes_are_opaque_or_empty() -> None:
    logits = torch.full((4, 4, 3), 40.0)
    logits[:, 3, 1] = -200.0
    logits[:, 3, 2] = 200.0
    errors, weights = composite_and_compare(logits, torch.zeros(3, 3), 1.0)
    assert torch.isfinite(logits).all()
    assert torch.isfinite(errors).all() and torch.isfinite(weights).all()


def test_the_gradient_of_sampling_is_that_of_autograd() -> None:
    generator = torch.Generator().manual_seed(3)
    block = torch.randn(2, 4, 7, 9, generator=generator, dtype=torch.float64, requires_grad=True)
    points = 2.2 * torch.rand(2, 1, 30, 2, generator=generator, dtype=torch.float64) - 1.1
    points.requires_grad_()
    pull = torch.randn(2, 4, 30, generator=generator, dtype=torch.float64)
    (sample(block, points) * pull).sum().backward()
    to_block, to_points = sample_backward(pull, block.detach(), points.detach())
    assert torch.allclose(to_block, block.grad)
    assert torch.allclose(to_points, points.grad)


def test_weights_and_what_passes_sum_to_one() -> None:
    generator = torch.Generator().manual_seed(4)
    logits = 4 * torch.randn(8, 4, 30, generator=generator, dtype=torch.float64)
    seen = torch.rand(8, 30, generator=generator, dtype=torch.float64)
    _, weights = composite(logits, seen)
    passing = (1 - torch.sigmoid(logits[:, 3]) * seen).prod(0)
    assert torch.allclose(weights.sum(0) + passing, torch.ones(30, dtype=torch.float64))
    rgb, weights = composite(logits)
    assert torch.allclose(rgb, (weights.unsqueeze(1) * torch.sigmoid(logits[:, :3])).sum(0))
    assert (weights >= 0).all()


@pytest.mark.parametrize(("floor", "near_depth"), [(0.1, 1.0), (0.02, 3.0), (-0.4, 1.0)])
def test_planes_are_textured_quads(floor: float, near_depth: float) -> None:
    field, rays = field_of(floor=floor, near_depth=near_depth), some_rays()
    rgb, depth, opacity, weights = planes_along(field, rays, NORMALIZED_FOCAL)
    wanted, slow_weights, disparity = slowly(field, rays, NORMALIZED_FOCAL)
    assert torch.allclose(rgb.double(), wanted, atol=1e-4)
    assert torch.allclose(weights.double(), slow_weights, atol=1e-4)
    assert torch.allclose(opacity, weights.sum(1))
    solid = opacity > 0.1
    z = rays.origins[:, 2] + depth * rays.directions[:, 2]
    assert torch.allclose(1 / z[solid].double(), disparity[solid], rtol=1e-3)


def test_rays_are_differentiable() -> None:
    field, rays, normalized_focal = field_of().double(), some_rays(6), NORMALIZED_FOCAL.double()
    origins = rays.origins.double().requires_grad_()
    directions = rays.directions.double().requires_grad_()

    def rgb(origins: Tensor, directions: Tensor) -> Tensor:
        return planes_along(field, Rays(origins, directions), normalized_focal)[0]

    assert torch.autograd.gradcheck(rgb, (origins, directions), eps=1e-7, atol=1e-4)


BACK, ASIDE, UP = (0.1, 0.2, -1.0), (1.0, 0.1, 0.0), (0.0, 1.0, 1e-5)


@pytest.mark.parametrize("direction", [BACK, ASIDE, UP, (0.0, 0.0, 0.0)])
def test_rays_that_look_elsewhere_see_nothing(direction: tuple[float, float, float]) -> None:
    rays = Rays(torch.zeros(1, 3), torch.tensor([direction]))
    rgb, depth, opacity, weights = planes_along(field_of(), rays, NORMALIZED_FOCAL)
    assert (opacity == 0).all() and (rgb == 0).all() and (weights == 0).all()
    assert torch.isfinite(depth).all()


@pytest.mark.parametrize("origin", [(50.0, 0, 0), (0, -1e6, 0), (0, 0, 100.0), (1e6, 1e6, -1e6)])
def test_views_from_far_away_are_finite_and_those_beyond_the_planes_empty(
    origin: tuple[float, float, float],
) -> None:
    rays = some_rays()
    far = Rays(rays.origins + torch.tensor(origin), rays.directions)
    rgb, depth, opacity, weights = planes_along(field_of(), far, NORMALIZED_FOCAL)
    for thing in (rgb, depth, opacity, weights):
        assert torch.isfinite(thing).all()
    assert (opacity == 0).all()


def test_planes_behind_the_origin_are_not_seen() -> None:
    field = field_of(floor=0.1)
    between = 1 / float(field.disparities[1:3].mean())
    rays = Rays(torch.tensor([[0.0, 0.0, between]]), torch.tensor([[0.0, 0.0, 1.0]]))
    weights = planes_along(field, rays, NORMALIZED_FOCAL)[3][0]
    assert (weights[:2] == 0).all() and (weights[2:] > 0).all()


def test_render_rays_knows_planes() -> None:
    field, rays = field_of(), some_rays()
    rgb, depth, opacity, weights = planes_along(field, rays, NORMALIZED_FOCAL)
    for space in ("ndc", "camera"):
        black = render_rays(field, rays, NORMALIZED_FOCAL, RaySettings(space, 0.0, 1.0, 5, False))
        white = render_rays(field, rays, NORMALIZED_FOCAL, RaySettings(space, 0.0, 1.0, 5, True))
        assert torch.equal(black.rgb, rgb) and torch.equal(black.depth, depth)
        assert torch.equal(black.weights, weights) and torch.equal(black.opacity, opacity)
        assert torch.allclose(white.rgb - rgb, (1 - opacity).unsqueeze(1).expand(-1, 3), atol=1e-6)
    assert rays_at_once(field, 10**6, 5, torch.device("cpu")) > math.sqrt(10**6)

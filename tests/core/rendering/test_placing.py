"""Where along a ray a field is asked: evenly, where it is itself, or where planes are."""

import pytest
import torch
from torch import Tensor

from core.geometry.rays import Rays
from core.multiplane.compositing import planes_along, weights_along
from core.multiplane.field import Extent, MultiplaneImage
from core.rendering.sampling import even_depths
from core.rendering.scene import FieldScene
from core.rendering.spaces import SPACES
from core.rendering.volume import EVERYWHERE, RaySettings, Rendering, render_rays

NORMALIZED_FOCAL = torch.tensor([0.8, 1.1])
WALL = 1.7  # world z
NDC = RaySettings("ndc", 0.0, 1.0, 16, False)
CAMERA = RaySettings("camera", 0.5, 4.0, 16, False)
SPACES_OF_THE_WALL = [NDC, CAMERA]


def parallel_rays(count: int = 12) -> Rays:
    """Rays from z = 0, so that depth is world z."""
    generator = torch.Generator().manual_seed(0)
    origins = torch.cat(
        [0.1 * torch.randn(count, 2, generator=generator), torch.zeros(count, 1)], 1
    )
    sideways = 0.2 * torch.randn(count, 2, generator=generator)
    return Rays(origins, torch.cat([sideways, torch.ones(count, 1)], -1))


class Wall:
    """Opaque from world z = WALL on; remembers where it was asked, and whether for a gradient."""

    def __init__(self, space: str) -> None:
        self.place = 1 - 2 / WALL if space == "ndc" else WALL
        self.asked: list[tuple[Tensor, bool]] = []

    def __call__(
        self, positions: Tensor, directions: Tensor, noise: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        self.asked.append((positions[..., 2], torch.is_grad_enabled()))
        density = 1e4 * (positions[..., 2] >= self.place)
        return torch.full_like(positions, 0.5), density


def planes_with_a_wall() -> MultiplaneImage:
    """Twelve clear planes but for one, the first at or beyond WALL."""
    field = MultiplaneImage(torch.linspace(1, 0, 12), 8, 6, Extent((3, 3), (3, 3)), 0.05, 1.0)
    first = int((1 / field.disparities >= WALL).nonzero()[0])
    with torch.no_grad():
        for block, planes in zip(field.blocks, field.slices(), strict=True):
            block[:, 3] = -12.0
            if planes.start <= first < planes.stop:
                block[first - planes.start, 3] = 12.0
    return field


def error(seen: Rendering) -> float:
    """Of the depth, at worst."""
    return float((seen.depth - WALL).abs().max())


@pytest.mark.parametrize("space", SPACES)
def test_parameter_and_depth_are_each_others_inverse(space: str) -> None:
    rays, z = parallel_rays(), torch.tensor([1.2, 2.0, 9.0])
    parameter = SPACES[space].parameter(rays, z)
    assert parameter.shape == (len(rays.origins), 3)
    depth = torch.stack([SPACES[space].depth(rays, t) for t in parameter.T], -1)
    assert torch.allclose(depth, z.expand_as(depth), rtol=1e-5)


@pytest.mark.parametrize("settings", SPACES_OF_THE_WALL, ids=["ndc", "camera"])
def test_importance_samples_find_the_wall_that_even_ones_miss(settings: RaySettings) -> None:
    rays, wall = parallel_rays(), Wall(settings.space)
    denser = RaySettings(settings.space, settings.near, settings.far, 16, False, importance=48)
    seen = render_rays(wall, rays, NORMALIZED_FOCAL, denser)
    assert error(seen) < 0.5 * error(render_rays(wall, rays, NORMALIZED_FOCAL, settings))
    first, second = wall.asked[0], wall.asked[1]
    assert first[0].shape[-1] == 16 and not first[1]
    assert second[0].shape[-1] == denser.points(None) == 64 and second[1]
    assert (second[0].diff(dim=-1) >= 0).all()
    for depth in first[0][0]:  # the even ones stay among them
        assert (second[0][0] - depth).abs().min() < 1e-6


@pytest.mark.parametrize("settings", SPACES_OF_THE_WALL, ids=["ndc", "camera"])
def test_planes_say_where_the_field_is_asked(settings: RaySettings) -> None:
    rays, wall, proposal = parallel_rays(), Wall(settings.space), planes_with_a_wall()
    led = RaySettings(settings.space, settings.near, settings.far, 16, False, guided=12)
    seen = render_rays(wall, rays, NORMALIZED_FOCAL, led, proposal=proposal)
    assert wall.asked[0][0].shape[-1] == led.points(proposal) == 12 + EVERYWHERE
    assert error(seen) < 0.5 * error(render_rays(wall, rays, NORMALIZED_FOCAL, settings))
    assert torch.equal(seen.rgb, FieldScene(wall, NORMALIZED_FOCAL, led, proposal).render(rays).rgb)


def test_no_guide_or_none_to_be_followed_is_the_same() -> None:
    rays, proposal = parallel_rays(), planes_with_a_wall()
    asked = []
    for settings, given in ((NDC, proposal), (NDC, None)):
        wall = Wall("ndc")
        render_rays(wall, rays, NORMALIZED_FOCAL, settings, proposal=given)
        asked.append(wall.asked[0][0])
    assert torch.equal(*asked)


def test_no_gradient_passes_to_planes_that_guide() -> None:
    def fog(
        positions: Tensor, directions: Tensor, noise: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        return positions.sigmoid(), positions.norm(dim=-1)

    rays, proposal = parallel_rays(), planes_with_a_wall()
    origins = rays.origins.clone().requires_grad_()
    led = RaySettings("ndc", 0.0, 1.0, 16, False, guided=12)
    seen = render_rays(
        fog, Rays(origins, rays.directions), NORMALIZED_FOCAL, led, proposal=proposal
    )
    learned = [origins, *proposal.parameters()]
    pull, *pulls = torch.autograd.grad(seen.rgb.sum(), learned, allow_unused=True)
    assert pull.abs().sum() > 0 and pulls and all(one is None for one in pulls)


def test_jitter_moves_guided_samples_within_their_steps() -> None:
    rays, proposal, wall = parallel_rays(), planes_with_a_wall(), Wall("ndc")
    led = RaySettings("ndc", 0.0, 1.0, 16, False, guided=12)
    jitter = torch.rand(12, 16, generator=torch.Generator().manual_seed(1))
    render_rays(wall, rays, NORMALIZED_FOCAL, led, jitter, proposal=proposal)
    render_rays(wall, rays, NORMALIZED_FOCAL, led, proposal=proposal)
    moved, still = wall.asked[0][0], wall.asked[1][0]
    assert 0 < float((moved - still).abs().max()) < 0.6


def test_weights_alone_are_those_of_the_planes() -> None:
    proposal, rays = planes_with_a_wall(), parallel_rays()
    with torch.no_grad():
        for block in proposal.blocks:
            block.copy_(torch.randn(block.shape, generator=torch.Generator().manual_seed(2)))
    expected = planes_along(proposal, rays, NORMALIZED_FOCAL)[3]
    assert torch.allclose(weights_along(proposal, rays, NORMALIZED_FOCAL), expected, atol=1e-6)


def test_even_in_disparity() -> None:
    depths = even_depths(0.5, 4.0, 9, "cpu", "disparity")
    assert torch.allclose((1 / depths).diff(), torch.full((8,), (1 / 4 - 1 / 0.5) / 8))
    assert float(depths[0]) == 0.5 and float(depths[-1]) == 4.0

"""Volume rendering: from colours and densities along rays to what a camera sees."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.fields import SceneField
from core.fields.planes import PlanesField
from core.geometry.rays import Rays
from core.rendering.planes import planes_along
from core.rendering.sampling import bin_lengths, even_depths, stratified_depths
from core.rendering.spaces import SPACES

PLANE_RAYS_IN_CACHE = 2048  # planes take one look-up for a sample, where networks take layers
SAMPLES_IN_CACHE = 8192  # measured: 32,768 take twice as long each, as they leave the L2 cache


def rays_at_once(field: SceneField, total: int, samples: int, device: torch.device) -> int:
    """How many of `total` rays are best rendered together: all on a GPU, few on a CPU."""
    if device.type != "cpu":
        return total
    if isinstance(field, PlanesField):
        return PLANE_RAYS_IN_CACHE
    return max(1, SAMPLES_IN_CACHE // samples)


@dataclass(frozen=True)
class RaySettings:
    """How rays are rendered: the numbers, without where they come from."""

    space: str
    near: float
    far: float
    samples: int
    white_background: bool


@dataclass(frozen=True, eq=False)
class Rendering:
    """What R rays see."""

    rgb: Tensor  # (R, 3) in [0, 1]
    depth: Tensor  # (R,) expected camera depth of what is there
    opacity: Tensor  # (R,) sum of weights
    weights: Tensor  # (R, S)

    @property
    def disparity(self) -> Tensor:
        """(R,) one over depth."""
        return 1 / self.depth.clamp_min(1e-6)


def joined(parts: Sequence[Rendering]) -> Rendering:
    """Renderings of consecutive rays as one."""
    return Rendering(
        torch.cat([part.rgb for part in parts]),
        torch.cat([part.depth for part in parts]),
        torch.cat([part.opacity for part in parts]),
        torch.cat([part.weights for part in parts]),
    )


def alpha_of(density: Tensor, lengths: Tensor) -> Tensor:
    """Light stopped within each bin: 1 - exp(-sigma l). (R, S)."""
    return -torch.expm1(-density * lengths)


def transmittance_of(alpha: Tensor) -> Tensor:
    """Light that arrives at each bin: the product of (1 - alpha) of the bins before. (R, S)."""
    passing = torch.cumprod(1 - alpha + 1e-10, dim=-1)
    return torch.cat([torch.ones_like(passing[..., :1]), passing[..., :-1]], dim=-1)


def render_rays(
    field: SceneField,
    rays: Rays,
    frame: Tensor,
    settings: RaySettings,
    jitter: Tensor | None = None,
    noise: Tensor | None = None,
    depths: Tensor | None = None,
) -> Rendering:
    """Colour, depth and opacity of rays (NeRF, arXiv 2003.08934, equation 3).

    Planes are met where they are; the number of samples, jitter and noise mean nothing to them.

    Args:
        field: the scene function.
        rays: R rays in the world.
        frame: (2,) fx / width and fy / height of the rig, which fix the axes of ndc.
        settings: where samples lie and what is behind them.
        jitter: (R, S) uniform numbers for stratified samples; None takes bin centres as they are.
        noise: (R, S) added to raw density, or None.
        depths: (R, S) rising parameters along the rays of the field's space, such as
            `placed_depths` gives; None takes those of `settings`, moved by `jitter`.
    """
    if isinstance(field, PlanesField):
        return _render_planes(field, rays, frame, settings.white_background)
    space = SPACES[settings.space]
    warped = space.warp(rays, frame)
    if depths is None:
        depths = even_depths(settings.near, settings.far, settings.samples, warped.origins.device)
        if jitter is not None:
            depths = stratified_depths(depths, jitter)
        depths = depths.expand(warped.origins.shape[0], settings.samples)
    positions = warped.origins.unsqueeze(-2) + depths.unsqueeze(-1) * warped.directions.unsqueeze(
        -2
    )
    view = torch.nn.functional.normalize(rays.directions, dim=-1).unsqueeze(-2)
    rgb, density = field(positions, view, noise)
    alpha = alpha_of(density, bin_lengths(depths, warped.directions))
    weights = alpha * transmittance_of(alpha)
    opacity = weights.sum(-1)
    colour = (weights.unsqueeze(-1) * rgb).sum(-2)
    if settings.white_background:
        colour = colour + (1 - opacity).unsqueeze(-1)
    parameter = (weights * depths).sum(-1) / opacity.clamp_min(1e-6)
    return Rendering(colour, space.depth(rays, parameter), opacity, weights)


def _render_planes(
    field: PlanesField, rays: Rays, frame: Tensor, white_background: bool
) -> Rendering:
    rgb, depth, opacity, weights = planes_along(field, rays, frame)
    if white_background:
        rgb = rgb + (1 - opacity).unsqueeze(-1)
    return Rendering(rgb, depth, opacity, weights)

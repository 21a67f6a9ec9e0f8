"""Volume rendering: from colours and densities along rays to what a camera sees."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from core.fields import SceneField
from core.geometry.rays import Rays
from core.multiplane.compositing import planes_along, weights_along
from core.multiplane.field import MultiplaneImage
from core.rendering.contraction import Ball
from core.rendering.occupancy import Occupancy
from core.rendering.sampling import bin_lengths, even_depths, placed_depths, stratified_depths
from core.rendering.spaces import SPACES

Proposal = MultiplaneImage | Occupancy  # what says where along rays a field is asked
Ask = Callable[[Tensor, Tensor | None], tuple[Tensor, Tensor]]

PLANE_RAYS_IN_CACHE = 2048  # planes take one look-up for a sample, where networks take layers
EVERYWHERE = 4  # of guided samples, spread evenly: what planes do not know yet is found by these
SAMPLES_ON_GPU = 2**19  # whose gradients fit into any of them
SAMPLES_IN_CACHE = 8192  # measured: 32,768 take twice as long each, as they leave the L2 cache


@functools.singledispatch
def rays_at_once(field: SceneField, total: int, samples: int, device: torch.device) -> int:
    """How many of `total` rays are best rendered together: many on a GPU, few on a CPU."""
    return max(1, (SAMPLES_IN_CACHE if device.type == "cpu" else SAMPLES_ON_GPU) // samples)


@rays_at_once.register
def _(field: MultiplaneImage, total: int, samples: int, device: torch.device) -> int:
    return PLANE_RAYS_IN_CACHE if device.type == "cpu" else total


@dataclass(frozen=True)
class RaySettings:
    """How rays are rendered: the numbers, without where they come from."""

    space: str
    near: float
    far: float
    samples: int
    white_background: bool
    spacing: str = "depth"  # of even samples
    importance: int = 0  # more samples, where the field's weights at the even ones are
    guided: int = 0  # samples where a proposal's weights are, and `EVERYWHERE` more; 0: as if none
    ball: Ball | None = None  # in whose contraction a field of the camera space lives
    only_met: bool = False  # whether rays see nothing where occupancy stops none of their light

    def follows(self, proposal: Proposal | None) -> TypeGuard[Proposal]:
        """Whether somebody says where the field is asked."""
        return proposal is not None and self.guided > 0

    def points(self, proposal: Proposal | None) -> int:
        """S, how many points of a ray the field is asked at."""
        if self.follows(proposal):
            return self.guided + EVERYWHERE
        return self.samples + self.importance


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


def unseen(rays: int, points: int, device: torch.device) -> Rendering:
    """What rays see that see nothing."""
    colour, weights = (torch.zeros(rays, count, device=device) for count in (3, points))
    return Rendering(colour, colour[:, 0], colour[:, 0], weights)


def spread_out(seen: Rendering, among: Tensor) -> Rendering:
    """A rendering of some rays (R,) bool among others that see nothing."""
    return Rendering(
        *(_spread(part, among) for part in (seen.rgb, seen.depth, seen.opacity, seen.weights))
    )


def _spread(part: Tensor, among: Tensor) -> Tensor:
    whole = part.new_zeros(len(among), *part.shape[1:])
    whole[among] = part
    return whole


def alpha_of(density: Tensor, lengths: Tensor) -> Tensor:
    """Light stopped within each bin: 1 - exp(-sigma l). (R, S)."""
    return -torch.expm1(-density * lengths)


class _Passing(torch.autograd.Function):
    """`torch.cumprod` (R, S) of what is not 0, whose gradient nobody has to look for zeros for.

    torch asks whether there are any, and waits for a GPU to answer.
    """

    @staticmethod
    def forward(ctx: Any, clear: Tensor) -> Tensor:
        """The product of clear (R, S) up to each."""
        passing = torch.cumprod(clear, dim=-1)
        ctx.save_for_backward(clear, passing)
        return passing

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """Of each factor (R, S): the sum of what follows it, over itself."""
        clear, passing = ctx.saved_tensors
        return (passing * gradient).flip(-1).cumsum(-1).flip(-1) / clear


def transmittance_of(alpha: Tensor) -> Tensor:
    """Light that arrives at each bin: the product of (1 - alpha) of the bins before. (R, S)."""
    passing: Tensor = _Passing.apply(1 - alpha + 1e-10)
    return torch.cat([torch.ones_like(passing[..., :1]), passing[..., :-1]], dim=-1)


def weights_of(alpha: Tensor) -> Tensor:
    """Light stopped within each bin of all that a ray begins with. (R, S)."""
    return alpha * transmittance_of(alpha)


@functools.singledispatch
def render_rays(
    field: SceneField,
    rays: Rays,
    normalized_focal: Tensor,
    settings: RaySettings,
    jitter: Tensor | None = None,
    noise: Tensor | None = None,
    proposal: Proposal | None = None,
) -> Rendering:
    """Colour, depth and opacity of rays (NeRF, arXiv 2003.08934, equation 3).

    Planes are met where they are; the number of samples, jitter and noise mean nothing to them.

    Args:
        field: the scene function.
        rays: R rays in the world.
        normalized_focal: (2,) fx / width and fy / height of the rig, which fix the axes of ndc.
        settings: where samples lie and what is behind them.
        jitter: (R, S) uniform numbers for stratified samples; None takes bin centres as they are.
        noise: (R, S) added to raw density, or None.
        proposal: of the same scene, where the field is asked; None asks it evenly.
    """
    space = SPACES[settings.space]
    warped = space.warp(rays, normalized_focal)
    view = torch.nn.functional.normalize(rays.directions, dim=-1).unsqueeze(-2)

    def ask(depths: Tensor, noise: Tensor | None) -> tuple[Tensor, Tensor]:
        along = depths.unsqueeze(-1) * warped.directions.unsqueeze(-2)
        points = warped.origins.unsqueeze(-2) + along
        if settings.ball is not None:
            points = settings.ball.contracted(points)
        rgb, density = field(points, view, noise)
        alpha = alpha_of(density, bin_lengths(depths, warped.directions))
        return rgb, weights_of(alpha)

    if settings.follows(proposal):
        depths = _proposed(proposal, rays, normalized_focal, settings, jitter)
    else:
        depths = _even(settings, len(warped.origins), jitter, normalized_focal.device)
        if settings.importance:
            depths = _denser(depths, ask, settings, jitter)
    rgb, weights = ask(depths, noise)
    opacity = weights.sum(-1)
    colour = (weights.unsqueeze(-1) * rgb).sum(-2)
    if settings.white_background:
        colour = colour + (1 - opacity).unsqueeze(-1)
    parameter = (weights * depths).sum(-1) / opacity.clamp_min(1e-6)
    return Rendering(colour, space.depth(rays, parameter), opacity, weights)


@render_rays.register
def _(
    field: MultiplaneImage,
    rays: Rays,
    normalized_focal: Tensor,
    settings: RaySettings,
    jitter: Tensor | None = None,
    noise: Tensor | None = None,
    proposal: Proposal | None = None,
) -> Rendering:
    rgb, depth, opacity, weights = planes_along(field, rays, normalized_focal)
    if settings.white_background:
        rgb = rgb + (1 - opacity).unsqueeze(-1)
    return Rendering(rgb, depth, opacity, weights)


def _even(settings: RaySettings, rays: int, jitter: Tensor | None, device: torch.device) -> Tensor:
    near, far, samples = settings.near, settings.far, settings.samples
    depths = even_depths(near, far, samples, device, settings.spacing)
    if jitter is not None:
        depths = stratified_depths(depths, jitter[:, :samples])
    return depths.expand(rays, samples)


@torch.no_grad()
def _denser(depths: Tensor, ask: Ask, settings: RaySettings, jitter: Tensor | None) -> Tensor:
    """More depths where the weights at the first ones are (NeRF, section 5.2, with one network)."""
    _, weights = ask(depths, None)
    later = None if jitter is None else jitter[:, settings.samples :]
    more = placed_depths(depths, weights, settings.importance, 0, later)
    return torch.cat([depths, more], dim=-1).sort(dim=-1).values


@torch.no_grad()
def _proposed(
    proposal: Proposal,
    rays: Rays,
    normalized_focal: Tensor,
    settings: RaySettings,
    jitter: Tensor | None,
) -> Tensor:
    """Depths where the proposal stops the light of these rays, and a few from near to far."""
    if isinstance(proposal, Occupancy):
        bins, weights = proposal.bins(), weights_of(proposal.alpha(rays))
        shares = placed_depths(bins, weights, settings.guided, EVERYWHERE, jitter)
        return proposal.depth(shares)
    parameters = SPACES[settings.space].parameter(rays, 1 / proposal.disparities.clamp_min(1e-6))
    met = parameters.clamp(settings.near, settings.far)
    near, far = (met.new_full((len(met), 1), end) for end in (settings.near, settings.far))
    depths = torch.cat([near, met, far], dim=-1)
    weights = torch.nn.functional.pad(weights_along(proposal, rays, normalized_focal), (1, 1))
    return placed_depths(depths, weights, settings.guided, EVERYWHERE, jitter)

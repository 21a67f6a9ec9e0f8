"""The parts of a planes step that workers share."""

import torch
from torch import Tensor

from core.multiplane.compositing import (
    Met,
    asked,
    composite_and_compare,
    sample_colours,
    sample_shapes,
)
from core.multiplane.field import Block, MultiplaneImage
from core.parallel import ParallelMap

RAYS_AT_ONCE = 4352  # composited together, of planes that are as many as this:
PLANES_AT_ONCE = 32  # so they stay in cache
FAINT = 3e-3  # of a ray's light: what a plane stops of it where its shared colour is not asked for


def smooth(block: Tensor, gradient: Tensor, weight: float, planes: slice) -> None:
    """Add the gradient of `weight` times the total variation (L1) of some planes of a block."""
    texels, pull = block[planes], gradient[planes]
    for axis in (-1, -2):
        steps = torch.diff(texels, dim=axis).sign_().mul_(weight)
        pull.narrow(axis, 1, steps.shape[axis]).add_(steps)
        pull.narrow(axis, 0, steps.shape[axis]).sub_(steps)


def chunks(rays: int, planes: int) -> list[slice]:
    """Some rays after others, all of them."""
    size = RAYS_AT_ONCE * PLANES_AT_ONCE // max(planes, PLANES_AT_ONCE)
    return [slice(i, i + size) for i in range(0, rays, size)]


def sampled(
    field: MultiplaneImage, points: list[Tensor], pieces: list[slice], parallel_map: ParallelMap
) -> tuple[Tensor, list[Met]]:
    """Logits (D, 4, R) at each block's points (D, 1, R, 2), and where these were asked for.

    Colours that planes share are left at 0 where little light is left of a ray or stopped.
    """
    parts = field.parts()
    jobs = zip(parts, points, strict=True)
    logits = torch.cat(list(parallel_map(lambda job: sample_shapes(*job), jobs)))
    if not field.colours:
        return logits, [asked(block, at) for block, at in zip(parts, points, strict=True)]
    seen = None  # a GPU takes all: it would be waited for
    if logits.device.type == "cpu":
        seen = torch.cat(list(parallel_map(lambda i: _noticed(logits, i), pieces)), 1)

    def coloured(job: tuple[Block, Tensor]) -> Met:
        (block, at), planes = job, job[0].planes
        met = asked(block, at, None if seen is None else seen[planes])
        sample_colours(met, logits[planes])
        return met

    return logits, list(parallel_map(coloured, zip(parts, points, strict=True)))


def _noticed(logits: Tensor, part: slice) -> Tensor:
    """(D, R) where planes stop more than `FAINT` of the light of a part of the rays."""
    opaque = logits[:, 3, part].sigmoid()
    light = torch.ones_like(opaque)
    torch.cumprod(1 - opaque[:-1], 0, out=light[1:])
    return light.mul_(opaque) > FAINT


def explained(logits: Tensor, colours: Tensor, part: slice, rays: int) -> tuple[Tensor, Tensor]:
    """Errors (R,) of a part of a step's `rays`, and weights (D,); as `composite_and_compare`."""
    own = logits[:, :, part].contiguous()
    errors, weights = composite_and_compare(own, colours[:, part], 1 / rays)
    logits[:, :, part] = own
    return errors, weights

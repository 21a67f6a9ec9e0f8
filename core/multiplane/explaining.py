"""What rays say of planes: how well these explain photos, and where they are pulled to.

Workers share it: by blocks of planes where rays meet them, and by rays where these are composited.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.multiplane.compositing import (
    Met,
    asked,
    composite_and_compare,
    meeting_points,
    sample,
    sample_block,
    sample_colours,
    sample_met_backward,
)
from core.multiplane.field import Block, MultiplaneImage
from core.multiplane.lens import felt
from core.parallel import ParallelMap

RAYS_AT_ONCE = 4352  # composited together, of planes that are as many as this:
PLANES_AT_ONCE = 32  # so they stay in cache
FAINT = 3e-3  # of a ray's light: what a plane stops of it where its shared colour is not asked for


@dataclass(frozen=True, eq=False)
class Compared:
    """What R rays see of D planes, held against photos.

    Attributes:
        met: where they meet each block.
        gradient: (D, 4, R) of the loss, for what was sampled.
        errors: (R,) squared, mean over channels; NaN of a ray that meets planes at no numbers.
        weights: (D,) of each plane, summed.
    """

    met: list[Met]
    gradient: Tensor
    errors: Tensor
    weights: Tensor


def compared(
    field: MultiplaneImage,
    a: Tensor,
    b: Tensor,
    colours: Tensor,
    total: int,
    parallel_map: ParallelMap,
) -> Compared:
    """Meet, sample, composite and compare.

    Args:
        field: the planes.
        a, b: (R, 2) of the rays, as `slopes` gives them.
        colours: (3, R) of their pixels.
        total: rays of the whole step, of which these are some.
        parallel_map: `map`, or one that shares the work.
    """
    disparities = field.disparities

    def meet(planes: slice) -> Tensor:
        points = meeting_points(a, b, disparities[planes], field.reach[planes])
        return points.nan_to_num_()  # memory is written by them

    points = list(parallel_map(meet, field.slices()))
    on_cpu = a.device.type == "cpu"  # a GPU's cache is no reason for small pieces
    pieces = chunks(len(a), len(field.places)) if on_cpu else [slice(0, len(a))]
    logits, met = sampled(field, points, pieces, parallel_map)
    parts = list(parallel_map(lambda i: explained(logits, colours, i, total), pieces))
    errors = torch.cat([part for part, _ in parts]).add_(0 * (a + b).sum(1))
    return Compared(met, logits, errors, torch.stack([part for _, part in parts]).sum(0))


def pulled(
    field: MultiplaneImage,
    gradient: Tensor,
    b: Tensor,
    moves: bool,
    bent: tuple[Tensor, Tensor] | None,
    met: Met,
) -> tuple[Tensor, Tensor, Tensor, Tensor | float]:
    """Store a block's gradient; returns what rays' a, b (R, 2), the depth floor and k1 feel.

    Args:
        field: the planes.
        gradient: (D, 4, R) of all that was sampled.
        b: (R, 2) of the rays.
        moves: whether anybody feels more than texels do.
        bent: the normalised focal length (2,) and the k1 (1,) that planes belong to, if it learns.
        met: where rays meet the block.
    """
    points, planes = met.points, met.part.planes
    to_points = sample_met_backward(gradient[planes], met, moves)
    if to_points is None:
        return b.new_zeros(()), b.new_zeros(()), b.new_zeros(()), 0.0
    pull = to_points[:, 0] / field.reach[planes].unsqueeze(1)  # (D, R, 2)
    along = pull * field.disparities[planes][:, None, None]
    depth_floor = (pull * b).sum((1, 2)) * (1 - field.places[planes])
    lens: Tensor | float = 0.0
    if bent is not None:
        lens = felt(pull, points[:, 0] * field.reach[planes].unsqueeze(1), *bent)
    return pull.sum(0), along.sum(0), depth_floor.sum() / field.near_depth, lens


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

    Colours that planes share are left at 0 where little light is left of a ray or stopped; but a
    GPU takes all at once, as it would be waited for.
    """
    jobs = list(zip(field.parts(), points, strict=True))
    if not field.colours or points[0].device.type != "cpu":
        at_once = parallel_map(lambda job: sample_block(*job), jobs)
        return torch.cat(list(at_once)), [Met(block, at) for block, at in jobs]
    logits = points[0].new_empty(len(field.places), 4, points[0].shape[2])

    def shaped(job: tuple[Block, Tensor]) -> None:
        (block, at), own = job, logits[job[0].planes]
        own[:, :3], own[:, 3:] = 0, sample(block.texels, at)

    list(parallel_map(shaped, jobs))
    seen = torch.cat(list(parallel_map(lambda i: _noticed(logits, i), pieces)), 1)

    def coloured(job: tuple[Block, Tensor]) -> Met:
        (block, at), planes = job, job[0].planes
        met = asked(block, at, seen[planes])
        sample_colours(met, logits[planes])
        return met

    return logits, list(parallel_map(coloured, jobs))


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

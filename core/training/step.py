"""One training step, to be read as a paragraph.

On a CPU a step's rays are split into pieces that stay in cache, and the pieces are shared among
worker threads of one core each. Pieces are summed in order, so the result is the same for any
number of workers.
"""

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from core.distributed.process_group import SINGLE_PROCESS, ProcessGroup
from core.geometry.cameras import CameraRig
from core.geometry.rays import cast_rays
from core.parallel import ParallelMap, fetched
from core.rendering.volume import Proposal, RaySettings, rays_at_once, render_rays
from core.training.batch import Batch
from core.training.captured import Captured
from core.training.room import UNBOUNDED, Room

SMOOTHING = 0.95  # of the errors shown for each photo, in a step that sees all of them

Gradients = tuple[Tensor | None, ...]  # of each learned parameter
Play = Callable[[str, Callable[[], Any]], Any]  # makes a part of a step


@dataclass(frozen=True, eq=False)
class Piece:
    """Squared errors (R,) of some rays, mean over channels, and the gradients they cause."""

    errors: Tensor
    gradients: Gradients


@dataclass(frozen=True, eq=False)
class StepResult:
    """Loss of one step and the squared error of each of its rays."""

    loss: float
    photo: Tensor  # (R,)
    errors: Tensor  # (R,)
    finite: bool  # whether the parameters were updated


@dataclass(frozen=True, eq=False)
class Sharing:
    """Who takes part in a step, and in what pieces.

    Attributes:
        parallel_map: `map`, or one that shares pieces among workers, keeping their order.
        processes: those that share it.
        room: how often pieces are halved.
        graphs: what has recorded a step of this shape, or is to.
    """

    parallel_map: ParallelMap = map
    processes: ProcessGroup = SINGLE_PROCESS
    room: Room = UNBOUNDED
    graphs: Captured | None = None


ALONE = Sharing()


def noted(photo_error: Tensor, result: StepResult) -> Tensor:
    """(N,) smoothed errors of all photos after a step; NaN where a photo was never drawn from.

    They forget by steps: a photo that is seen in one step of many forgets more at once.
    """
    photo, errors = result.photo.cpu(), result.errors.cpu()
    count = torch.bincount(photo, minlength=len(photo_error))
    mean = torch.bincount(photo, errors, minlength=len(photo_error)) / count
    old = torch.where(photo_error.isnan(), mean, photo_error)
    keep = SMOOTHING ** (len(photo_error) / max(1, int((count > 0).sum())))
    return torch.where(count > 0, torch.lerp(mean, old, keep).float(), photo_error)


def decibels(error: float) -> float:
    """PSNR of a mean squared error of colours in [0, 1]."""
    return -10 * math.log10(max(error, 1e-12))


def moved_by(optimizers: Iterable[torch.optim.Optimizer]) -> list[nn.Parameter]:
    """The parameters that optimizers move, one after another."""
    return [
        p for optimizer in optimizers for group in optimizer.param_groups for p in group["params"]
    ]


def training_step(
    rig: CameraRig,
    field: nn.Module,
    batch: Batch,
    settings: RaySettings,
    optimizers: Sequence[torch.optim.Optimizer],
    proposal: Proposal | None = None,
    extra: Sequence[Gradients] = (),
    sharing: Sharing = ALONE,
) -> StepResult:
    """Render the batch, compare it with the photos, and move what is learned.

    Args:
        rig, field: the cameras and the scene, changed in place.
        batch: the pixels to explain; each process has drawn the whole of it.
        settings: how rays are rendered.
        optimizers: each moves its parameters once; all other numbers stay. Parameters without
            gradient are left alone.
        proposal: what says where along rays the field is asked; it is not changed.
        extra: gradients of other losses at the same parameters, to be added.
        sharing: who takes part.

    Returns:
        The loss: mean squared error over rays and channels. Where it or a gradient is not finite,
        nothing is moved.
    """
    total, learned = len(batch.photo), moved_by(optimizers)
    feel = functools.partial(_felt, rig, field, batch, settings, learned, proposal, extra, sharing)
    play: Play = sharing.graphs.play if sharing.graphs else lambda _, act: act()
    numbers, gradients = play("felt", feel)
    loss, finite, errors = judged(numbers, total)
    if finite:
        for parameter, gradient in zip(learned, gradients, strict=True):
            parameter.grad = gradient
        play("moved", lambda: [optimizer.step() for optimizer in optimizers])
        for parameter in learned:
            parameter.grad = None
    return StepResult(loss, batch.photo, errors, finite)


def _felt(
    rig: CameraRig, field: nn.Module, batch: Batch, settings: RaySettings,
    learned: Sequence[nn.Parameter], proposal: Proposal | None, extra: Sequence[Gradients],
    sharing: Sharing,
) -> tuple[Tensor, Gradients]:  # fmt: skip
    """What `judged` asks for, and gradients, summed over pieces and processes."""
    total, processes = len(batch.photo), sharing.processes
    at_once = rays_at_once(field, total, settings.points(proposal), batch.colours.device)
    pieces = sharing.parallel_map(
        lambda part: _piece(rig, field, part, settings, learned, total, proposal),
        batch.part(processes.shard(total)).split(sharing.room.eased(at_once)),
    )
    errors, gradients = list[Tensor](), None
    for piece in pieces:
        errors.append(piece.errors)
        gradients = piece.gradients if gradients is None else _plus(gradients, piece.gradients)
    gradients = functools.reduce(_plus, extra, gradients or ())
    every = processes.unshard(torch.cat(errors), total)
    there = [gradient for gradient in gradients if gradient is not None]
    processes.all_reduce([every, *there])
    return measured(every, there), gradients


def _piece(
    rig: CameraRig, field: nn.Module, batch: Batch, settings: RaySettings,
    learned: Sequence[nn.Parameter], total: int, proposal: Proposal | None,
) -> Piece:  # fmt: skip
    poses = rig.camera_to_world(batch.photo)
    focal = rig.focal_lengths_of(batch.photo)
    rays = cast_rays(poses, focal, rig.principal_point(), batch.centres, rig.k1)
    seen = render_rays(
        field, rays, rig.normalized_focal(), settings, batch.jitter, batch.noise, proposal
    )
    errors = (seen.rgb - batch.colours).square().mean(-1)
    gradients = torch.autograd.grad(errors.sum() / total, learned, allow_unused=True)
    return Piece(errors.detach(), gradients)


def summed(gradients: Iterable[Gradients]) -> Gradients:
    """The sum for each parameter, in the order given; None where none depends on it.

    They are added as they come: a whole photo has thousands of pieces, and each has gradients as
    large as the field.
    """
    return functools.reduce(_plus, gradients)


def _plus(one: Gradients, other: Gradients) -> Gradients:
    pairs = zip(one, other, strict=True)
    return tuple(b if a is None else a if b is None else a + b for a, b in pairs)


def measured(errors: Tensor, gradients: list[Tensor], parallel_map: ParallelMap = map) -> Tensor:
    """(1 + G + R,) the loss, norms of G gradients, and errors (R,): what a step is judged by.

    Gradients may not move anything if their squares, which Adam keeps, are not finite either.
    """
    at_once = errors.device.type != "cpu" and gradients
    norm = torch.linalg.vector_norm
    norms = torch._foreach_norm(gradients) if at_once else parallel_map(norm, gradients)
    return torch.cat([torch.stack([errors.mean(), *norms]), errors])


def judged(numbers: Tensor, rays: int) -> tuple[float, bool, Tensor]:
    """The loss, whether it and its gradients may move anything, and the errors (R,), on the CPU."""
    there = fetched(numbers)  # a GPU is waited for one time
    loss, *norms = there[:-rays].tolist()
    return loss, all(map(math.isfinite, (loss, *norms))), there[-rays:]

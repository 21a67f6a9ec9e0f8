"""A small picture that a step renders and judges: its gradient joins that of the step's pixels.

It is rendered twice: first as a whole without gradient, to learn from the loss how each of its
pixels should change; then piece by piece with gradient, each pulled by its own pixels. So a loss
of a whole picture takes the memory of a piece.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from core.geometry.cameras import CameraRig
from core.geometry.canvas import window
from core.geometry.rays import Rays, cast_rays
from core.geometry.rotations import slerp
from core.geometry.windows import Windows
from core.parallel import ParallelMap
from core.perceptual.sources import PictureLoss
from core.rendering.volume import Proposal, RaySettings, render_rays
from core.training.batch import Batch
from core.training.step import Gradients, summed


@dataclass(frozen=True, eq=False)
class Glimpse:
    """What is rendered and judged: S x S rays of one photo, row by row."""

    loss: PictureLoss
    weight: float
    batch: Batch  # its colours are the photo's
    pose: Tensor | None  # (4, 4) from where; None is the photo's own learned camera
    known: Tensor | None  # (S S,) bool, pixels that may be learned from; None is all

    def as_picture(self, values: Tensor) -> Tensor:
        """(S S, C) -> (C, S, S)."""
        side = round(len(values) ** 0.5)
        return values.T.reshape(-1, side, side)


def draw_square(
    colours: Tensor,
    candidates: Tensor,
    allowed: Tensor | Windows | None,
    side: int,
    whole: bool,
    points: int,
    generator: torch.Generator,
) -> tuple[Batch, Tensor | None]:
    """A random square of a random photo, its colours and rays; and which pixels of it are known.

    A patch has a ray for each of its pixels. The `whole` of a photo is the largest square of it,
    which is what CLIP's own cropping leaves, averaged to `side` rays each way; it has no pixels
    that could be told apart. `points` is 0 where nothing is jittered.
    """
    device, wide = colours.device, colours.shape[2]
    which = candidates[torch.randint(len(candidates), (1,), generator=generator)]
    rows, columns, allowed = _part_of(colours, int(which), allowed)
    width, height = columns.stop - columns.start, rows.stop - rows.start
    least = min(height, width)
    reach = least if whole else min(side, least)
    rays = min(side, reach)
    left = columns.start + int(torch.randint(width - reach + 1, (), generator=generator))
    top = rows.start + int(torch.randint(height - reach + 1, (), generator=generator))
    jitter = torch.rand(rays * rays, points, generator=generator) if points else None
    photo = colours[int(which), top : top + reach, left : left + reach].permute(2, 0, 1)
    photo = interpolate(photo.unsqueeze(0).float() / 255, (rays, rays), mode="area").squeeze(0)
    along = (torch.arange(rays, device=device) + 0.5) * (reach / rays)
    y, x = torch.meshgrid(top + along, left + along, indexing="ij")
    centres = torch.stack([x, y], dim=-1).flatten(0, 1)
    batch = Batch(
        which.to(device).expand(rays * rays), centres, photo.flatten(1).T,
        None if jitter is None else jitter.to(device), None,
    )  # fmt: skip
    if whole or allowed is None:
        return batch, None
    column, row = centres.long().cpu().unbind(-1)
    return batch, torch.isin(row * wide + column, allowed.cpu()).to(device)


def _part_of(
    colours: Tensor, which: int, allowed: Tensor | Windows | None
) -> tuple[slice, slice, Tensor | None]:
    """Rows and columns of the canvas that a photo has, and those of its pixels that are allowed."""
    _, height, width, _ = colours.shape
    if isinstance(allowed, Windows):
        return *window(allowed.sizes[which], (width, height)), allowed.of_one(which)
    return slice(0, height), slice(0, width), allowed


@torch.no_grad()
def draw_pose(rig: CameraRig, photo: Tensor, trained: Tensor, generator: torch.Generator) -> Tensor:
    """(4, 4) a pose somewhere on the way from a photo's camera to another's.

    DietNeRF (arXiv 2104.00677, section 4) draws poses between the known ones too. The pose is
    held still: cameras that could follow would meet, as the same view always looks the same.
    """
    other = trained[torch.randint(len(trained), (1,), generator=generator)].to(photo.device)
    share = torch.rand((), generator=generator).to(photo.device)
    first, last = rig.camera_to_world(torch.cat([photo.view(1), other]))
    pose = torch.lerp(first, last, share)
    pose[:3, :3] = slerp(first[:3, :3], last[:3, :3], share)
    return pose


def pull(
    glimpse: Glimpse,
    rig: CameraRig,
    field: nn.Module,
    settings: RaySettings,
    learned: Sequence[nn.Parameter],
    rays_at_once: int,
    parallel_map: ParallelMap = map,
    proposal: Proposal | None = None,
) -> tuple[Tensor, Gradients]:
    """A glimpse's loss times its weight, and the gradient of that for each parameter.

    Args: `rays_at_once` is the size of a piece; the rest as in `training_step`.
    """
    parts = glimpse.batch.split(rays_at_once)

    def seen(part: Batch) -> Tensor:
        rays, focal = _cast(glimpse, part, rig)
        return render_rays(field, rays, focal, settings, part.jitter, proposal=proposal).rgb

    def follow(job: tuple[Batch, Tensor]) -> Gradients:
        part, slope = job
        return torch.autograd.grad(seen(part), learned, slope, allow_unused=True)

    rgb = torch.cat(list(parallel_map(torch.no_grad()(seen), parts)))
    colours = glimpse.batch.colours
    if glimpse.known is not None:  # what may not be learned from agrees with whatever is seen
        colours = torch.where(glimpse.known.unsqueeze(-1), colours, rgb)
    rgb.requires_grad_()
    loss = glimpse.weight * glimpse.loss(glimpse.as_picture(rgb), glimpse.as_picture(colours))
    (slopes,) = torch.autograd.grad(loss, rgb)
    if glimpse.known is not None:
        slopes = slopes * glimpse.known.unsqueeze(-1)
    jobs = zip(parts, slopes.split(rays_at_once), strict=True)
    return loss.detach(), summed(list(parallel_map(follow, jobs)))


def _cast(glimpse: Glimpse, part: Batch, rig: CameraRig) -> tuple[Rays, Tensor]:
    centre, focal = rig.principal_point(), rig.focal_lengths()
    normalized_focal = rig.normalized_focal()
    if glimpse.pose is None:
        poses, own = rig.camera_to_world(part.photo), rig.focal_lengths_of(part.photo)
        return cast_rays(poses, own, centre, part.centres, rig.k1), normalized_focal
    return cast_rays(glimpse.pose, focal.detach(), centre, part.centres), normalized_focal.detach()

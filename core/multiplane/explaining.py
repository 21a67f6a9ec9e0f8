"""The parts of a planes step that workers share."""

import torch
from torch import Tensor

from core.multiplane.compositing import composite_and_compare

RAYS_AT_ONCE = 4352  # composited together, of planes that are as many as this:
PLANES_AT_ONCE = 32  # so they stay in cache


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


def explained(logits: Tensor, colours: Tensor, part: slice, rays: int) -> tuple[Tensor, Tensor]:
    """Errors (R,) of a part of a step's `rays`, and weights (D,); as `composite_and_compare`."""
    own = logits[:, :, part].contiguous()
    errors, weights = composite_and_compare(own, colours[:, part], 1 / rays)
    logits[:, :, part] = own
    return errors, weights

"""Layers as the fields use them: few passes over memory, in the precision of their inputs.

Shapes: P points, R rays with P / R points each, A and B features.
"""

from typing import Any  # of torch's contexts, whose types say little of what they hold

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional


def dense(inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """inputs (P, A) times weight (B, A), plus bias (B,): (P, B)."""
    kind = inputs.dtype
    return functional.linear(inputs, weight.to(kind), None if bias is None else bias.to(kind))


def dense_both(first: Tensor, second: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """`dense` on [first, second] without joining them: (P, A), (P, A'), (B, A + A') -> (P, B)."""
    size = first.shape[-1]
    partial = dense(first, weight[:, :size], bias)
    return partial.addmm_(second, weight[:, size:].t().to(second.dtype))


def mixed(layer: nn.Linear, before: nn.Linear, hidden: Tensor, view: Tensor | None) -> Tensor:
    """`layer` on [before(hidden), view], where view (R, 1, V) is shared by the points of a ray.

    `before` has no activation, so that the two layers are one matrix, multiplied out once for all
    points; and the view's part is computed once for each ray. (P, A) -> (P, B).
    """
    size = before.out_features
    weight = layer.weight[:, :size] @ before.weight
    bias = functional.linear(before.bias, layer.weight[:, :size], layer.bias)
    if view is None:
        return dense(hidden, weight, bias)
    return plus_view(dense(hidden, weight, bias), functional.linear(view, layer.weight[:, size:]))


def plus_view(of_points: Tensor, of_rays: Tensor) -> Tensor:
    """(P, B) for points plus (R, 1, B) for their rays, in place."""
    by_ray = of_points.unflatten(0, (len(of_rays), -1))
    return by_ray.add_(of_rays.to(of_points.dtype)).flatten(0, 1)


def sine(angles: Tensor) -> Tensor:
    """The sine of `angles` (...), in radians, in place.

    Its slope is stored instead of the angles, as both are at hand here.
    """
    return _Sine.apply(angles)


class _Sine(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, angles: Tensor) -> Tensor:
        """The sines of angles (...), in their place."""
        if ctx.needs_input_grad[0]:
            ctx.save_for_backward(angles.cos())
        ctx.mark_dirty(angles)
        return angles.sin_()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """What the angles (...) feel, of what their sines do."""
        (slope,) = ctx.saved_tensors
        return gradient * slope

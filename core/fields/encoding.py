"""The positional encoding of NeRF (arXiv 2003.08934, equation 4), without the factor pi."""

from collections.abc import Sequence
from typing import Any  # of torch's contexts, whose types say little of what they hold

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

DOUBLINGS = 4  # in a row before waves are computed afresh: each doubles the rounding error


def encoded_size(size: int, octaves: int) -> int:
    """How many numbers `encode` makes of `size`."""
    return size * (1 + 2 * octaves)


def encode(values: Tensor, octaves: int) -> Tensor:
    """(..., D) -> (..., D (1 + 2 L)): the values, then sin and cos of 2^k times them, k < L.

    The order is x, sin x, cos x, sin 2x, cos 2x, ..., as in nerfmm and improved-nerfmm. In memory
    each of these numbers lies together for all points, as waves are computed on long stretches;
    matrix products read it as fast as the other way round.
    """
    if octaves == 0:
        return values
    code = _Waves.apply(values.reshape(-1, values.shape[-1]).t(), octaves)
    return code.flatten(0, 1).t().view(*values.shape[:-1], -1)


def code_mask(size: int, weights: Sequence[float], like: Tensor) -> Tensor:
    """What each number of `encode`'s code is multiplied by if its octaves have these weights.

    Args: `size` as in `encoded_size`; `like` lends its device and dtype.
    Returns: (size (1 + 2 L),), 1 for the values themselves.
    """
    octaves = like.new_tensor(weights).repeat_interleave(2 * size)
    return torch.cat([like.new_ones(size), octaves])


class _Waves(torch.autograd.Function):
    """Waves by doubling the angle: sin 2a = 2 sin a cos a and cos 2a = 1 - 2 sin^2 a."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, octaves: int) -> Tensor:
        """Args: values (D, P). Returns: (1 + 2 L, D, P)."""
        code = values.new_empty(1 + 2 * octaves, *values.shape)
        code[0] = values
        one = code.new_ones(())
        for octave in range(octaves):
            sine, cosine = code[2 * octave + 1], code[2 * octave + 2]
            if octave % (DOUBLINGS + 1) == 0:
                angles = code[0] * 2.0**octave
                torch.sin(angles, out=sine)
                torch.cos(angles, out=cosine)
            else:
                half_sine, half_cosine = code[2 * octave - 1], code[2 * octave]
                torch.mul(half_sine, half_cosine, out=sine).mul_(2)
                torch.addcmul(one, half_sine, half_sine, value=-2, out=cosine)
        ctx.save_for_backward(code)
        return code

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """The slope of sin a is cos a, that of cos a is -sin a, each times 2^k."""
        (code,) = ctx.saved_tensors
        waves, above = (part[1:].unflatten(0, (-1, 2)) for part in (code, gradient))
        slope = torch.addcmul(above[:, 0] * waves[:, 1], above[:, 1], waves[:, 0], value=-1)
        frequencies = 2.0 ** torch.arange(len(slope), device=code.device, dtype=code.dtype)
        return gradient[0] + (frequencies @ slope.flatten(1)).view_as(gradient[0]), None

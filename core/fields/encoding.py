"""The positional encoding of NeRF (arXiv 2003.08934, equation 4), without the factor pi."""

import torch
from torch import Tensor


def encoded_size(size: int, octaves: int) -> int:
    """How many numbers `encode` makes of `size`."""
    return size * (1 + 2 * octaves)


def encode(values: Tensor, octaves: int) -> Tensor:
    """(..., D) -> (..., D (1 + 2 L)): the values, then sin and cos of 2^k times them, k < L.

    The order is x, sin x, cos x, sin 2x, cos 2x, ..., as in nerfmm and improved-nerfmm.
    """
    if octaves == 0:
        return values
    frequencies = 2.0 ** torch.arange(octaves, device=values.device, dtype=values.dtype)
    angles = values.unsqueeze(-2) * frequencies.unsqueeze(-1)  # (..., L, D)
    waves = torch.stack([torch.sin(angles), torch.cos(angles)], dim=-2)  # (..., L, 2, D)
    return torch.cat([values, waves.flatten(-3)], dim=-1)

"""Where along a ray the field is asked."""

import torch
from torch import Tensor

LAST_LENGTH = 100.0  # what stands behind the last sample, as improved-nerfmm has it


def even_depths(near: float, far: float, samples: int, device: torch.device | str) -> Tensor:
    """(S,) depths from near to far, both included."""
    return torch.linspace(near, far, samples, device=device)


def stratified_depths(depths: Tensor, jitter: Tensor) -> Tensor:
    """Move each depth within its own bin, whose edges are the midpoints to its neighbours.

    Args:
        depths: (S,) increasing.
        jitter: (R, S) uniform in [0, 1).

    Returns:
        (R, S) depths, increasing along each ray (NeRF, arXiv 2003.08934, equation 2).
    """
    middle = (depths[1:] + depths[:-1]) / 2
    lower = torch.cat([depths[:1], middle])
    upper = torch.cat([middle, depths[-1:]])
    return lower + (upper - lower) * jitter


def bin_lengths(depths: Tensor, directions: Tensor) -> Tensor:
    """Metric length from each sample to the next; the last one reaches `LAST_LENGTH` further.

    Args: depths (R, S), directions (R, 3). Returns: (R, S).
    """
    steps = torch.diff(depths, dim=-1)
    last = torch.full_like(depths[..., :1], LAST_LENGTH)
    return torch.cat([steps, last], dim=-1) * directions.norm(dim=-1, keepdim=True)

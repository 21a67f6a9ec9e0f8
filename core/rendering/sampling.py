"""Where along a ray the field is asked."""

import torch
from torch import Tensor

SPACINGS = ("depth", "disparity")
LAST_LENGTH = 100.0  # what stands behind the last sample, as improved-nerfmm has it
LEAST_WEIGHT = 1e-5  # of each bin, so that rays which nothing stops are sampled evenly


def even_depths(
    near: float, far: float, samples: int, device: torch.device | str, spacing: str = "depth"
) -> Tensor:
    """(S,) depths from near to far, both included, even in one of `SPACINGS`."""
    if spacing == "disparity":
        return 1 / torch.linspace(1 / near, 1 / far, samples, device=device)
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


@torch.no_grad()
def placed_depths(
    depths: Tensor, weights: Tensor, samples: int, stratified: int, jitter: Tensor | None
) -> Tensor:
    """Depths where another field's weights say that something is, and a few everywhere.

    The weights, spread evenly over their bins, are a distribution along the ray; the inverse of
    its cumulative sum carries even steps to `samples` depths (NeRF, arXiv 2003.08934, section
    5.2). No gradient passes: where to look is not what is learned.

    Args:
        depths: (K,) or (R, K), increasing, where the weights were found. Bin edges are the
            midpoints between neighbours, and the first and the last depth.
        weights: (R, K) >= 0; their scale does not matter unless they are as small as 1e-5.
        samples: how many depths follow the weights.
        stratified: how many more are spread evenly from the first depth to the last.
        jitter: (R, samples + stratified) uniform in [0, 1), which moves each depth within its own
            step; None takes the middle of each step.

    Returns:
        (R, samples + stratified), rising along each ray.
    """
    rays, bins = weights.shape
    edges = torch.cat(
        [depths[..., :1], (depths[..., 1:] + depths[..., :-1]) / 2, depths[..., -1:]], dim=-1
    ).expand(rays, bins + 1)
    rows = [torch.arange(count, device=weights.device) for count in (samples, stratified)]
    steps = torch.cat(rows).to(weights)
    steps = steps + (0.5 if jitter is None else jitter)
    below = torch.cumsum(weights + LEAST_WEIGHT, dim=-1)
    wanted = (steps[..., :samples] / samples * below[:, -1:]).contiguous()
    index = torch.searchsorted(below, wanted, right=True).clamp_max_(bins - 1)
    ends, starts = below.gather(1, index), edges.gather(1, index)
    share = 1 - (ends - wanted) / (weights.gather(1, index) + LEAST_WEIGHT)
    placed = starts + share.clamp_(0, 1) * (edges.gather(1, index + 1) - starts)
    first, last = edges[:, :1], edges[:, -1:]
    even = first + steps[..., samples:] / max(1, stratified) * (last - first)
    return torch.cat([placed, even.expand(rays, stratified)], dim=-1).sort(dim=-1).values


def bin_lengths(depths: Tensor, directions: Tensor) -> Tensor:
    """Metric length from each sample to the next; the last one reaches `LAST_LENGTH` further.

    Args: depths (R, S), directions (R, 3). Returns: (R, S).
    """
    steps = torch.diff(depths, dim=-1)
    last = torch.full_like(depths[..., :1], LAST_LENGTH)
    return torch.cat([steps, last], dim=-1) * directions.norm(dim=-1, keepdim=True)

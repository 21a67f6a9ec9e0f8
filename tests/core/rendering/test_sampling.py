"""Samples placed by another field's weights, against a loop that walks each ray."""

import itertools

import pytest
import torch

from core.rendering.sampling import LEAST_WEIGHT, placed_depths


def some(rays: int = 40, bins: int = 9) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Depths (R, K), weights (R, K) with many zeros, and jitter (R, 10)."""
    generator = torch.Generator().manual_seed(0)
    depths = torch.rand(rays, bins, generator=generator).sort(-1).values
    weights = (torch.rand(rays, bins, generator=generator) - 0.5).clamp_min(0)
    return depths, weights, torch.rand(rays, 10, generator=generator)


def by_walking(depths: list[float], weights: list[float], shares: list[float]) -> list[float]:
    """Where the weight passed so far is each share of the whole, bin after bin."""
    middle = [(a + b) / 2 for a, b in itertools.pairwise(depths)]
    edges = [depths[0], *middle, depths[-1]]
    weights = [weight + LEAST_WEIGHT for weight in weights]
    found = []
    for share in shares:
        left = share * sum(weights)
        for (lower, upper), weight in zip(itertools.pairwise(edges), weights, strict=True):
            if left <= weight:
                found.append(lower + left / weight * (upper - lower))
                break
            left -= weight
    return found


@pytest.mark.parametrize("jittered", [True, False])
@pytest.mark.parametrize("stratified", [0, 3])
def test_depths_follow_the_weights_and_a_few_are_everywhere(
    jittered: bool, stratified: int
) -> None:
    depths, weights, jitter = some()
    jitter = jitter[:, : 7 + stratified]
    placed = placed_depths(depths, weights, 7, stratified, jitter if jittered else None)
    assert placed.shape == (40, 7 + stratified)
    for ray in range(40):
        moved = jitter[ray].tolist() if jittered else [0.5] * (7 + stratified)
        shares = [(i + moved[i]) / 7 for i in range(7)]
        expected = by_walking(depths[ray].tolist(), weights[ray].tolist(), shares)
        first, last = float(depths[ray, 0]), float(depths[ray, -1])
        for i in range(stratified):
            expected.append(first + (i + moved[7 + i]) / stratified * (last - first))
        assert placed[ray].tolist() == pytest.approx(sorted(expected), abs=2e-4)


def test_all_rays_may_share_their_depths() -> None:
    depths, weights, jitter = some()
    alone = placed_depths(depths[0], weights, 8, 2, jitter)
    assert torch.equal(alone, placed_depths(depths[:1].expand(40, -1), weights, 8, 2, jitter))


def test_placed_depths_rise_and_stay_between_the_ends() -> None:
    depths = torch.linspace(0.2, 0.9, 16)
    _, weights, jitter = some(bins=16)
    weights[0] = 0.0
    weights[1] = torch.eye(16)[3] * 1e9
    jitter[2] = 1 - 2**-24
    placed = placed_depths(depths, weights, 8, 2, jitter)
    assert (placed.diff(dim=-1) >= 0).all()
    assert placed.min() >= 0.2 and placed.max() <= 0.9 + 1e-6


def test_rays_that_nothing_stops_are_sampled_evenly() -> None:
    depths = torch.linspace(0, 1, 12)
    placed = placed_depths(depths, torch.zeros(1, 12), 200, 0, None)[0]
    inside = torch.histc(placed, 11, 0, 1)
    assert inside[1:-1].min() >= 15 and inside[1:-1].max() <= 19
    assert inside[0] >= 15 and inside[-1] >= 15


def test_no_gradient_passes_through_where_to_look() -> None:
    depths, weights, jitter = some()
    assert not placed_depths(depths, weights.requires_grad_(), 8, 2, jitter).requires_grad

"""Texels are moved as Adam moves them, with moments of half the bytes."""

import copy

import pytest
import torch

from core.training.learners.texel_adam import TexelAdam

RATE, STEPS = 0.1, 60


def texels(seed: int) -> torch.nn.Parameter:
    """A block of two planes."""
    return torch.nn.Parameter(torch.randn(2, 4, 5, 6, generator=torch.manual_seed(seed)))


def moved(adam: torch.optim.Optimizer, block: torch.nn.Parameter, first: int, last: int) -> None:
    """Steps towards zero with noise, of gradients as small as those of a whole step's rays are."""
    for step in range(first, last):
        noise = torch.randn(block.shape, generator=torch.manual_seed(step))
        block.grad = 1e-7 * (block.detach() + 0.3 * noise)
        adam.step()


def adam_of(block: torch.nn.Parameter) -> TexelAdam:
    """At the rate of the tests."""
    adam = TexelAdam(block)
    adam.param_groups[0]["lr"] = RATE
    return adam


def test_it_goes_where_adam_goes() -> None:
    block, reference = texels(0), texels(0)
    began = block.detach().clone()
    moved(adam_of(block), block, 0, STEPS)
    exact = torch.optim.Adam([reference], lr=RATE, betas=(0.9, 0.99), eps=1e-15)
    moved(exact, reference, 0, STEPS)
    way = (reference - began).abs().mean()
    assert float(((block - reference).abs().mean() / way).detach()) < 0.02


def test_the_first_step_is_the_sign_of_the_gradient() -> None:
    block = texels(1)
    began = block.detach().clone()
    block.grad = torch.randn(block.shape, generator=torch.manual_seed(9)) * 1e-9
    adam_of(block).step()
    assert torch.allclose(block - began, -RATE * block.grad.sign(), rtol=1e-2)


@pytest.mark.parametrize("stop", [1, 7])
def test_it_goes_on_from_its_state_bit_for_bit(stop: int) -> None:
    unbroken, stopped = texels(2), texels(2)
    moved(adam_of(unbroken), unbroken, 0, 20)
    first = adam_of(stopped)
    moved(first, stopped, 0, stop)
    again = adam_of(stopped)
    again.load_state_dict(copy.deepcopy(first.state_dict()))
    moved(again, stopped, stop, 20)
    assert torch.equal(stopped, unbroken)


def test_moments_take_half_the_bytes_of_their_texels() -> None:
    block = texels(3)
    adam = adam_of(block)
    moved(adam, block, 0, 1)
    state = adam.state_dict()["state"][0]
    assert state["exp_avg"].nbytes + state["exp_avg_sq"].nbytes == block.nbytes

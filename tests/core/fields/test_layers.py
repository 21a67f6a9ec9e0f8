"""Layers that avoid passes over memory say what the plain ones say."""

import torch
from torch import nn

from core.fields.layers import dense_both, mixed, sine


def numbers(*shape: int) -> torch.Tensor:
    """Normal numbers in double precision, which may be learned."""
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def test_sine_and_its_slope() -> None:
    torch.manual_seed(0)
    angles = numbers(5, 4)
    assert torch.equal(sine(2 * angles), torch.sin(2 * angles))
    assert torch.autograd.gradcheck(lambda x: sine(2 * x), angles)


def test_two_inputs_are_as_good_as_joined() -> None:
    torch.manual_seed(0)
    first, second, weight, bias = numbers(6, 3), numbers(6, 4), numbers(5, 7), numbers(5)
    joined = nn.functional.linear(torch.cat([first, second], -1), weight, bias)
    assert torch.allclose(dense_both(first, second, weight, bias), joined)
    assert torch.autograd.gradcheck(dense_both, (first, second, weight, bias))


def test_a_folded_layer_is_one_after_the_other() -> None:
    torch.manual_seed(0)
    before, layer = nn.Linear(6, 4).double(), nn.Linear(4 + 2, 3).double()
    hidden, view = numbers(5 * 7, 6), numbers(5, 1, 2)
    for_points = view.expand(5, 7, 2).flatten(0, 1)
    plain = layer(torch.cat([before(hidden), for_points], -1))
    assert torch.allclose(mixed(layer, before, hidden, view), plain)
    learned = [hidden, view, *before.parameters(), *layer.parameters()]
    ours = torch.autograd.grad(mixed(layer, before, hidden, view).sin().sum(), learned)
    theirs = torch.autograd.grad(plain.sin().sum(), learned)
    assert all(torch.allclose(a, b) for a, b in zip(ours, theirs, strict=True))
    blind = nn.Linear(4, 3).double()
    assert torch.allclose(mixed(blind, before, hidden, None), blind(before(hidden)))

"""The positional encoding keeps its order, its values and its slope, however it is computed."""

import pytest
import torch

from core.fields.encoding import code_mask, encode, encoded_size
from tests.core.fields.making import naive_code


def test_encoding_is_the_value_and_its_waves() -> None:
    value = torch.tensor([[0.3, -0.7]])
    code = encode(value, 3)
    expected = [value]
    for octave in range(3):
        expected += [torch.sin(value * 2**octave), torch.cos(value * 2**octave)]
    assert torch.allclose(code, torch.cat(expected, -1))
    assert code.shape[-1] == encoded_size(2, 3)
    assert encode(value, 0) is value


@pytest.mark.parametrize("octaves", [1, 4, 10, 16])
def test_doubled_waves_are_those_of_the_definition(octaves: int) -> None:
    values = 4 * torch.rand(40, 7, 3, generator=torch.Generator().manual_seed(0)) - 2
    code = encode(values, octaves)
    exact = naive_code(values.double(), octaves)
    assert code.shape == (40, 7, encoded_size(3, octaves))
    assert (code - exact).abs().max() < 5e-6
    assert torch.equal(code[..., :3], values)


def test_slope_of_the_encoding() -> None:
    values = torch.rand(2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    values.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: encode(x, 7), values)
    weight = torch.randn(2, 3, 45, dtype=torch.float64)
    (ours,) = torch.autograd.grad((encode(values, 7) * weight).sum(), values)
    (theirs,) = torch.autograd.grad((naive_code(values, 7) * weight).sum(), values)
    assert torch.allclose(ours, theirs, rtol=1e-10)


def test_mask_follows_the_order_of_the_code() -> None:
    mask = code_mask(2, [0.5, 0.25], torch.zeros(()))
    assert mask.tolist() == [1, 1, *[0.5] * 4, *[0.25] * 4]
    assert len(code_mask(3, [], torch.zeros(()))) == encoded_size(3, 0)

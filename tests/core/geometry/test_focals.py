"""Laws of the focal representations."""

import pytest
import torch

from core.geometry.focals import FOCALS


@pytest.mark.parametrize("kind", sorted(FOCALS))
def test_round_trip_and_gradient(kind: str) -> None:
    ratio = torch.tensor([0.3, 0.82, 1.0, 4.0], dtype=torch.float64)
    numbers = FOCALS[kind].from_ratio(ratio).requires_grad_()
    again = FOCALS[kind].to_ratio(numbers)
    assert torch.allclose(again, ratio, atol=1e-12)
    (gradient,) = torch.autograd.grad(again.sum(), numbers)
    assert (gradient > 0).all()


def test_definitions() -> None:
    number = torch.tensor(0.5, dtype=torch.float64)
    assert FOCALS["square"].to_ratio(number) == 0.25
    assert FOCALS["ratio"].to_ratio(number) == 0.5
    assert FOCALS["exp"].to_ratio(number) == pytest.approx(2.718281828459045**0.5)


@pytest.mark.parametrize("kind", sorted(FOCALS))
def test_ratio_stays_positive(kind: str) -> None:
    assert (FOCALS[kind].to_ratio(torch.tensor([-2.0, -0.1, 0.1])) > 0).all()

"""Fields show octaves and view directions bit by bit."""

import copy
import math

import pytest
import torch

from core.fields.gradual import octave_weights
from tests.core.fields.making import KINDS, make, naive_code, points


def test_octaves_open_one_after_the_other() -> None:
    """BARF, equation 14, case by case."""
    for progress in (0.0, 0.1, 0.3, 0.55, 0.99, 1.0):
        alpha = progress * 10
        for octave, weight in enumerate(octave_weights(10, progress)):
            if alpha < octave:
                assert weight == 0
            elif alpha - octave < 1:
                expected = (1 - math.cos((alpha - octave) * math.pi)) / 2
                assert weight == pytest.approx(expected)
            else:
                assert weight == 1
    assert octave_weights(0, 0.5) == []


def test_masked_weights_are_a_masked_code() -> None:
    field = make("relu", anneal=True, width=16, depth=4, skip=1).double()
    field.set_progress(0.37)
    positions, directions = (part.double() for part in points())
    weights = torch.tensor(octave_weights(10, 0.37), dtype=torch.float64)
    mask = torch.cat([torch.ones(3, dtype=torch.float64), weights.repeat_interleave(6)])
    code = naive_code(positions, 10) * mask
    hidden = code
    for index, layer in enumerate(field.hidden):
        hidden = torch.relu(layer(torch.cat([code, hidden], -1) if index == 2 else hidden))
    expected = torch.relu(field.density(hidden)[..., 0])
    assert torch.allclose(field(positions, directions)[1], expected)


def test_annealing_begins_smooth_and_ends_as_if_it_had_never_been() -> None:
    annealed, plain = make("relu", anneal=True), make("relu")
    positions, directions = points()
    annealed.set_progress(1.0)
    assert torch.equal(annealed(positions, directions)[0], plain(positions, directions)[0])
    annealed.set_progress(0.0)
    annealed(positions, directions)[0].sum().backward()
    first = annealed.hidden[0].weight.grad
    assert (first[:, 3:] == 0).all() and (first[:, :3] != 0).any()
    plain.set_progress(0.0)
    assert torch.equal(make("relu")(positions, directions)[0], plain(positions, directions)[0])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_view_weight_fades_directions_out_of_colour(kind: str) -> None:
    field, (positions, directions) = make(kind), points()
    apart = []
    for weight in (0.0, 0.1, 1.0):
        field.set_view_weight(weight)
        one, other = field(positions, directions)[0], field(positions, -directions)[0]
        apart.append((one - other).abs().mean().item())
    assert apart[0] == 0
    assert 0 < apart[1] < apart[2]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_copy_shows_as_much_and_then_goes_its_own_way(kind: str) -> None:
    field = make(kind)
    field.set_progress(0.25)
    field.set_view_weight(0.5)
    twin = copy.deepcopy(field)
    field.set_progress(0.75)
    assert (twin.progress, twin.view_weight) == (0.25, 0.5)
    assert not any("progress" in name or "view_weight" in name for name in field.state_dict())

"""What fields promise, and that the published networks are these."""

import math

import pytest
import torch

from core.fields import SirenField
from tests.core.fields.making import KINDS, make, naive, points


@pytest.mark.parametrize(
    ("kind", "width", "count"),
    [("relu", 128, 158_660), ("relu", 256, 595_844), ("siren", 128, 141_380)],
)
def test_published_parameter_counts(kind: str, width: int, count: int) -> None:
    assert sum(p.numel() for p in make(kind, width=width).parameters()) == count


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("view", [True, False])
@pytest.mark.parametrize("activation", ["relu", "softplus"])
def test_colour_and_density_are_in_range(kind: str, view: bool, activation: str) -> None:
    rgb, density = make(kind, view_directions=view, density_activation=activation)(*points())
    assert rgb.shape == (6, 5, 3)
    assert density.shape == (6, 5)
    assert ((rgb >= 0) & (rgb <= 1)).all()
    assert (density >= 0).all()
    assert (density > 0).any()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_view_directions_change_colour_only_where_they_are_on(kind: str) -> None:
    positions, directions = points()
    for view in (True, False):
        field = make(kind, view_directions=view)
        rgb, density = field(positions, directions)
        other_rgb, other_density = field(positions, -directions)
        assert torch.equal(density, other_density)
        assert torch.allclose(rgb, other_rgb) is not view


@pytest.mark.parametrize("skip", [1, 2, 3])
@pytest.mark.parametrize("kind", ["relu", "siren"])
def test_published_networks_equal_their_definition_with_all_gradients(kind: str, skip: int) -> None:
    """Skip 3 is the last layer, after which nothing enters again."""
    changes = {"skip": skip} if kind == "relu" else {"following_w0": 0.5 * skip}
    field = make(kind, width=16, depth=4, density_activation="softplus", **changes).double()
    positions, directions = (part.double().requires_grad_() for part in points())
    learned = [positions, directions, *field.parameters()]
    found, expected = (
        torch.autograd.grad((rgb.square().sum() + density.sin().sum()), learned)
        for rgb, density in (field(positions, directions), naive(field, positions, directions))
    )
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-9, atol=1e-11)
        assert theirs.abs().sum() > 0


@pytest.mark.parametrize("kind", ["relu", "siren"])
def test_published_networks_in_float32_are_within_rounding_of_double(kind: str) -> None:
    field, (positions, directions) = make(kind), points(64, 32)
    rgb, density = field(positions, directions)
    exact = naive(field.double(), positions.double(), directions.double())
    assert torch.allclose(rgb.double(), exact[0], atol=1e-5)
    assert torch.allclose(density.double(), exact[1], rtol=1e-4, atol=1e-4)


def test_siren_first_w0_is_the_one_configured() -> None:
    """improved-nerfmm passes sigma_mul there by mistake; ours must not move with it."""
    positions, directions = points()
    slow, fast = make("siren", first_w0=1.0), make("siren", first_w0=30.0)
    assert not torch.allclose(slow(positions, directions)[0], fast(positions, directions)[0])
    weaker = make("siren", density_scale=10.0)
    rgb, density = fast(positions, directions)
    weaker_rgb, weaker_density = weaker(positions, directions)
    assert torch.equal(rgb, weaker_rgb)
    assert torch.allclose(density, 2 * weaker_density)


def test_density_scale_works_on_the_positive_side_only() -> None:
    positions, directions = points()
    plain = make("siren", density_scale=1.0, density_activation="softplus")(positions, directions)[
        1
    ]
    scaled = make("siren", density_scale=9.0, density_activation="softplus")(positions, directions)[
        1
    ]
    raw = torch.log(torch.expm1(plain.double()))
    negative = raw < 0
    assert negative.any() and (~negative).any()
    assert torch.allclose(scaled[negative], plain[negative])
    expected = torch.nn.functional.softplus(9 * raw[~negative]).float()
    assert torch.allclose(scaled[~negative], expected, rtol=1e-3)


def test_siren_initial_weights_keep_to_their_bounds() -> None:
    field = make("siren", following_w0=2.0)
    assert isinstance(field, SirenField)
    assert field.hidden[0].weight.abs().max() <= 1 / 3
    bound = math.sqrt(6 / 128) / 2
    assert bound * 0.95 < field.hidden[3].weight.abs().max() <= bound


def test_noise_is_added_before_the_activation() -> None:
    field, (positions, directions) = make("relu"), points()
    noise = torch.full((6, 5), -1e6)
    assert (field(positions, directions, noise)[1] == 0).all()

"""What fields promise, and that the published networks are these."""

import math
from typing import Any

import pytest
import torch

from core.fields import FIELDS, ReluField, SirenField
from core.fields.encoding import encode, encoded_size

RELU = {
    "width": 128, "depth": 8, "skip": 4, "position_octaves": 10, "direction_octaves": 4,
    "view_directions": True, "density_activation": "relu",
}  # fmt: skip
SIREN = {
    "width": 128, "depth": 8, "first_w0": 30.0, "following_w0": 1.0, "density_scale": 20.0,
    "rgb_scale": 1.0, "view_directions": True, "density_activation": "relu",
}  # fmt: skip


def make(kind: str, **changes: Any) -> torch.nn.Module:
    """A field of some kind with a fixed seed."""
    torch.manual_seed(0)
    return FIELDS[kind](**{**(RELU if kind == "relu" else SIREN), **changes})


def points(rays: int = 6, samples: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    """Positions and unit view directions."""
    generator = torch.Generator().manual_seed(1)
    positions = torch.rand(rays, samples, 3, generator=generator) * 2 - 1
    directions = torch.randn(rays, 1, 3, generator=generator)
    return positions, torch.nn.functional.normalize(directions, dim=-1)


@pytest.mark.parametrize(
    ("kind", "width", "count"),
    [("relu", 128, 158_660), ("relu", 256, 595_844), ("siren", 128, 141_380)],
)
def test_published_parameter_counts(kind: str, width: int, count: int) -> None:
    assert sum(p.numel() for p in make(kind, width=width).parameters()) == count


@pytest.mark.parametrize("kind", sorted(FIELDS))
@pytest.mark.parametrize("view", [True, False])
@pytest.mark.parametrize("activation", ["relu", "softplus"])
def test_colour_and_density_are_in_range(kind: str, view: bool, activation: str) -> None:
    rgb, density = make(kind, view_directions=view, density_activation=activation)(*points())
    assert rgb.shape == (6, 5, 3)
    assert density.shape == (6, 5)
    assert ((rgb >= 0) & (rgb <= 1)).all()
    assert (density >= 0).all()
    assert (density > 0).any()


@pytest.mark.parametrize("kind", sorted(FIELDS))
def test_view_directions_change_colour_only_where_they_are_on(kind: str) -> None:
    positions, directions = points()
    for view in (True, False):
        field = make(kind, view_directions=view)
        rgb, density = field(positions, directions)
        other_rgb, other_density = field(positions, -directions)
        assert torch.equal(density, other_density)
        assert torch.allclose(rgb, other_rgb) is not view


def test_relu_field_equals_its_definition_layer_by_layer() -> None:
    field = make("relu")
    assert isinstance(field, ReluField)
    positions, directions = points()
    code = encode(positions, 10)
    hidden = code
    for index, layer in enumerate(field.hidden):
        hidden = torch.relu(layer(torch.cat([code, hidden], -1) if index == 5 else hidden))
    view = encode(directions, 4).expand(*positions.shape[:2], -1)
    colour = torch.relu(field.colour_hidden(torch.cat([field.remap(hidden), view], -1)))
    rgb, density = field(positions, directions)
    assert torch.allclose(rgb, torch.sigmoid(field.colour(colour)), atol=1e-6)
    assert torch.allclose(density, torch.relu(field.density(hidden)[..., 0]), atol=1e-6)


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


def test_encoding_is_the_value_and_its_waves() -> None:
    value = torch.tensor([[0.3, -0.7]])
    code = encode(value, 3)
    expected = [value]
    for octave in range(3):
        expected += [torch.sin(value * 2**octave), torch.cos(value * 2**octave)]
    assert torch.allclose(code, torch.cat(expected, -1))
    assert code.shape[-1] == encoded_size(2, 3)
    assert encode(value, 0) is value

"""Fields and points that several tests start from, and the published networks word for word."""

from typing import Any

import torch
from torch import Tensor, nn

from core.fields import FIELDS, ReluField, SirenField

RELU = {
    "width": 128, "depth": 8, "skip": 4, "position_octaves": 10, "direction_octaves": 4,
    "anneal": False, "view_directions": True, "density_activation": "relu",
    "precision": "float32",
}  # fmt: skip
SIREN = {
    "width": 128, "depth": 8, "first_w0": 30.0, "following_w0": 1.0, "density_scale": 20.0,
    "rgb_scale": 1.0, "view_directions": True, "density_activation": "relu",
    "precision": "float32",
}  # fmt: skip
TRIPLANE = {
    "plane_side": 24, "plane_depth": 8, "plane_channels": 16, "plane_extent": 1.6, "width": 64,
    "head": "relu", "direction_octaves": 4, "view_directions": True,
    "density_activation": "softplus", "precision": "float32",
}  # fmt: skip
KINDS: dict[str, dict[str, Any]] = {"relu": RELU, "siren": SIREN, "triplane": TRIPLANE}


def make(kind: str, **changes: Any) -> nn.Module:
    """A field of some kind with a fixed seed."""
    torch.manual_seed(0)
    return FIELDS[kind](**{**KINDS[kind], **changes})


def points(rays: int = 6, samples: int = 5) -> tuple[Tensor, Tensor]:
    """Positions and unit view directions."""
    generator = torch.Generator().manual_seed(1)
    positions = torch.rand(rays, samples, 3, generator=generator) * 2 - 1
    directions = torch.randn(rays, 1, 3, generator=generator)
    return positions, torch.nn.functional.normalize(directions, dim=-1)


def naive_code(values: Tensor, octaves: int) -> Tensor:
    """Equation 4 of NeRF, wave by wave."""
    waves = [wave(2**k * values) for k in range(octaves) for wave in (torch.sin, torch.cos)]
    return torch.cat([values, *waves], -1)


def naive(field: nn.Module, positions: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
    """What a published network with view directions says, as its papers write it."""
    view = directions.expand_as(positions)
    match field:
        case ReluField():
            code = naive_code(positions, field.position_octaves)
            view = naive_code(view, field.direction_octaves)
            hidden = code
            for index, layer in enumerate(field.hidden):
                entering = torch.cat([code, hidden], -1) if index == field.skip + 1 else hidden
                hidden = torch.relu(layer(entering))
            raw, bend, rgb_scale = field.density(hidden)[..., 0], torch.relu, 1.0
        case SirenField():
            hidden = positions
            for index, layer in enumerate(field.hidden):
                hidden = torch.sin(
                    (field.following_w0 if index else field.first_w0) * layer(hidden)
                )
            raw, rgb_scale = field.density(hidden)[..., 0], field.rgb_scale
            raw = torch.where(raw > 0, field.density_scale * raw, raw)

            def bend(values: Tensor) -> Tensor:
                return torch.sin(field.following_w0 * values)

        case _:
            raise TypeError(type(field))
    colour = bend(field.colour_hidden(torch.cat([field.remap(hidden), view], -1)))
    return torch.sigmoid(rgb_scale * field.colour(colour)), field.activate(raw)

"""Lowered hidden layers stay close to exact ones, and everything else stays exact."""

import pytest
import torch

from core.fields.precision import PRECISIONS, fastest_precision
from core.geometry.rays import Rays
from core.rendering.volume import RaySettings, render_rays
from tests.core.fields.making import KINDS, make, points


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_lowered_layers_answer_in_full_precision(kind: str) -> None:
    field, (positions, directions) = make(kind, precision="bfloat16"), points()
    rgb, density = field(positions.requires_grad_(), directions)
    (rgb.sum() + density.sum()).backward()
    assert rgb.dtype == density.dtype == positions.grad.dtype == torch.float32
    for parameter in field.parameters():
        assert parameter.dtype == parameter.grad.dtype == torch.float32


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_lowered_layers_are_close(kind: str) -> None:
    """bfloat16 keeps 8 bits: 0.4 % a layer, which adds up over nine."""
    positions, directions = points(64, 16)
    exact = make(kind)(positions, directions)
    near = make(kind, precision="bfloat16")(positions, directions)
    assert (exact[0] - near[0]).abs().max() < 0.02
    assert (exact[1] - near[1]).norm() < 0.05 * exact[1].norm()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_lowered_layers_pull_the_same_way(kind: str) -> None:
    """On rays that should explain a smooth picture, each gradient keeps its direction."""
    generator = torch.Generator().manual_seed(0)
    plane = torch.rand(256, 2, generator=generator) * 0.8 - 0.4
    wanted = 0.5 + 0.4 * torch.sin(torch.cat([5 * plane, plane.sum(-1, keepdim=True)], -1))
    settings = RaySettings("ndc", 0.0, 1.0, 32, False)
    found = []
    for precision in PRECISIONS:
        field = make(kind, precision=precision, density_activation="softplus")
        origins = torch.zeros(256, 3, requires_grad=True)
        rays = Rays(origins, torch.cat([plane, torch.ones(256, 1)], -1))
        seen = render_rays(field, rays, torch.ones(2), settings)
        loss = (seen.rgb - wanted).square().mean()
        found.append(torch.autograd.grad(loss, [origins, *field.parameters()]))
    for exact, near in zip(*found, strict=True):
        assert (exact - near).norm() < 0.15 * exact.norm()


def test_the_fastest_precision_is_measured_once() -> None:
    assert fastest_precision("cpu") in PRECISIONS
    assert fastest_precision("cpu") == fastest_precision("cpu")

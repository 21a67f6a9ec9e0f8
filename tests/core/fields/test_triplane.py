"""The tri-plane field reads its planes where a loop would read them."""

import pytest
import torch

from core.fields.triplane import FEATURE_SCALE
from tests.core.fields.making import make, points


def bilinear(plane: torch.Tensor, across: float, along: float) -> torch.Tensor:
    """(C,) features of a plane (C, H, W) at numbers in [-1, 1], corner by corner."""
    _, height, width = plane.shape
    x = min(max((across + 1) / 2 * (width - 1), 0.0), width - 1.0)
    y = min(max((along + 1) / 2 * (height - 1), 0.0), height - 1.0)
    total = torch.zeros(len(plane), dtype=plane.dtype)
    for row in range(height):
        for column in range(width):
            share = max(0.0, 1 - abs(x - column)) * max(0.0, 1 - abs(y - row))
            total += share * plane[:, row, column]
    return FEATURE_SCALE * total


def test_features_are_products_and_the_sum_of_three_planes() -> None:
    field = make("triplane", plane_side=6, plane_depth=4, plane_channels=2).double()
    p, q, r = (plane.detach()[0] for plane in field.planes)
    places = torch.tensor([[0.3, -0.8, 0.4], [1.5, 0.0, -1.0], [9.0, -9.0, 2.0]]).double()
    for place, features in zip(places.tolist(), field.features(places), strict=True):
        x, y, z = place[0] / 1.6, place[1] / 1.6, place[2]
        at_p, at_q, at_r = bilinear(p, x, y), bilinear(q, x, z), bilinear(r, y, z)
        expected = torch.cat([at_p * at_q, at_p * at_r, at_p + at_q + at_r])
        assert torch.allclose(features, expected)


@pytest.mark.parametrize("head", ["relu", "sine"])
def test_gradients_reach_positions_and_planes(head: str) -> None:
    small = {"plane_side": 5, "plane_depth": 3, "plane_channels": 2, "width": 6}
    field = make("triplane", head=head, direction_octaves=1, **small).double()
    positions, directions = points(3, 2)
    positions = positions.double().requires_grad_()
    planes = list(field.planes)

    def answer(positions: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        rgb, density = field(positions, directions.double())
        return torch.cat([rgb.flatten(), density.flatten()])

    assert torch.autograd.gradcheck(answer, (positions, *planes))


def test_a_head_without_view_directions_is_one_layer() -> None:
    seeing, blind = make("triplane"), make("triplane", view_directions=False)
    assert blind.colour.in_features == 64
    assert sum(p.numel() for p in blind.hidden.parameters()) == (48 + 1) * 64
    assert len(list(blind.parameters())) < len(list(seeing.parameters()))


def test_a_tri_plane_learns_what_no_sum_of_planes_holds() -> None:
    """A density that is there only where x, y and z agree."""
    field = make("triplane", view_directions=False)
    generator = torch.Generator().manual_seed(0)
    positions = torch.rand(2000, 1, 3, generator=generator) * 2 - 1
    wanted = (positions > 0).all(-1) * 3.0
    optimizer = torch.optim.Adam(field.parameters(), lr=5e-3)
    for _ in range(100):
        optimizer.zero_grad()
        error = (field(positions, torch.ones(2000, 1, 3))[1] - wanted).square().mean()
        error.backward()
        optimizer.step()
    assert error < 0.1

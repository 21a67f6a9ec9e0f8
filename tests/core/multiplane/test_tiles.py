"""Only tiles of planes in which somebody sees anything are held and saved."""

import pytest
import torch
from torch import Tensor

from core.geometry.cameras import CameraRig
from core.multiplane.field import Extent, MultiplaneImage, even_places
from core.multiplane.lens import follow
from core.multiplane.placement import seen_tiles
from core.multiplane.tiles import TILE, folded, pictures_of, texels_of, tiles_of
from core.training.learners.texel_adam import TexelAdam
from tests.core.multiplane.test_field import seen_by_reference

ROWS, COLUMNS, SHARING = 3, 4, 4


def planes(fill: float = 0.0) -> MultiplaneImage:
    """Sixteen planes in groups of four, all of one alpha and of random colours."""
    width, height = COLUMNS * TILE, ROWS * TILE
    field = MultiplaneImage(
        even_places(16), 2 * width, 2 * height, Extent((1.3, 1.2), (1.1, 1.2)), 0.05, 1.0,
        sharing=SHARING, alpha_size=(width, height),
    )  # fmt: skip
    generator = torch.manual_seed(3)
    with torch.no_grad():
        for part in field.parts():
            part.texels.fill_(fill)
            part.colours.copy_(torch.randn(part.colours.shape, generator=generator))
    return field


def some_live() -> Tensor:
    """A third of all tiles."""
    generator = torch.manual_seed(4)
    return torch.rand(16 // SHARING, SHARING, ROWS, COLUMNS, generator=generator) < 0.3


def test_pictures_come_back_from_their_tiles() -> None:
    live = torch.rand(5, ROWS, COLUMNS, generator=torch.manual_seed(1)) < 0.4
    pictures = torch.randn(5, 3, ROWS * 6, COLUMNS * 6, generator=torch.manual_seed(2))
    tiles = tiles_of(pictures, live)
    assert tiles.shape == (int(live.sum()), 3, 6, 6)
    assert torch.equal(tiles[0], pictures[0, :, *_texels(live[0])])
    again = pictures_of(tiles, live, -7.0)
    assert torch.equal(again, pictures.where(texels_of(live, pictures), torch.tensor(-7.0)))
    with pytest.raises(ValueError, match="tiles"):
        pictures_of(tiles[1:], live, 0.0)


def _texels(live: Tensor) -> tuple[slice, slice]:
    row, column = (int(place) * 6 for place in live.nonzero()[0])
    return slice(row, row + 6), slice(column, column + 6)


def test_what_nobody_sees_is_empty_stays_so_and_is_not_saved() -> None:
    field, live = planes(), some_live()
    field.empty(live)
    for part, own in zip(field.parts(), live, strict=True):
        shown = texels_of(own, part.alpha)
        assert bool((part.alpha.sigmoid() < 1e-5).eq(~shown).all())
        painted = texels_of(own.any(0, keepdim=True), part.colours)
        assert not part.colours[~painted.expand_as(part.colours)].any()
    follow(field, torch.tensor([0.8, 1.0]), torch.tensor([0.0]), torch.tensor([0.05]))
    saved = folded(field.state_dict(), field.held())
    assert sum(saved[name].numel() for name in field.held()) < 0.8 * sum(
        parameter.numel() for parameter in field.parameters()
    )
    again = MultiplaneImage.of(saved, 1.0)
    assert all(map(torch.equal, again.state_dict().values(), field.state_dict().values()))
    assert torch.equal(seen_by_reference(again).rgb, seen_by_reference(field).rgb)


@pytest.mark.parametrize(
    "forged",
    [
        {"blocks.0": torch.zeros(0, 1, 10**6, 10**6)},  # nothing, which whole would be 10^14 bytes
        {"colours.0": torch.zeros(0, 10**9, 16, 16)},
        {"live": torch.zeros(4, 4, 3, 4, dtype=torch.int64)},
        {"live": torch.zeros(4, 3, 4, dtype=torch.bool)},
        {"live": torch.zeros(4, 5, 3, 4, dtype=torch.bool)},
        {"live": torch.ones(4, 4, 3, 4, dtype=torch.bool)},
        {"places": torch.zeros(4)},
    ],
)
def test_tiles_that_none_of_ours_are_is_refused(forged: dict[str, Tensor]) -> None:
    field = planes()
    field.empty(some_live() & False)
    saved = folded(field.state_dict(), field.held())
    assert MultiplaneImage.of(saved, 1.0).size == field.size
    with pytest.raises((ValueError, RuntimeError)):
        MultiplaneImage.of(saved | forged, 1.0)


def test_texels_that_are_not_held_never_move() -> None:
    field = planes()
    field.empty(some_live())
    (block, *_), live = field.blocks, field.held()["blocks.0"]
    shown, before = texels_of(live, block), block.detach().clone()
    adam = TexelAdam(block, shown)
    adam.param_groups[0]["lr"] = 0.1
    for _ in range(3):
        block.grad = torch.ones_like(block)
        adam.step()
    assert torch.equal(block != before, shown)
    assert not any(adam.state[block][name][~shown].any() for name in ("exp_avg", "exp_avg_sq"))


def test_tiles_are_held_where_a_camera_sees_something() -> None:
    rig, field = CameraRig(3, 64, 48, "axis-angle", "square", True, 0.8), planes(-9.0)
    with torch.no_grad():
        field.blocks[1][2] = 6.0  # the seventh plane is a wall,
        field.blocks[2][1, :, :, TILE + 3 :] = 6.0  # and behind it are others
    live = seen_tiles(field, rig, torch.tensor([0, 2])).flatten(0, 1)
    assert live[6].all() and not live[torch.arange(16) != 6].any()
    with torch.no_grad():
        field.blocks[1][2, :, :, : 2 * TILE] = -9.0
    live = seen_tiles(field, rig, torch.tensor([0, 2])).flatten(0, 1)
    assert live[9, :, 1].all() and not live[9, :, 0].any() and not live[9, :, 3].any()

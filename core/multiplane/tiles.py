"""Planes in tiles: those in which nobody sees anything are empty, and are not saved.

Of fern's planes at full size a third is beyond every picture, and of the rest most is clear or
hidden. A picture of P planes is (P, C, H, W), and `live` (P, rows, columns) says which of its tiles
are held; tiles are (N, C, side, side), plane by plane and row by row.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

TILE = 8  # texels of alpha along a side; colours have `COARSER` times as many
LARGEST = 3 * (2 * TILE) ** 2  # numbers of a tile


def tiles_of(pictures: Tensor, live: Tensor) -> Tensor:
    """(N, C, side, side) the tiles that are held."""
    rows, columns = live.shape[1:]
    apart = pictures.unflatten(-1, (columns, -1)).unflatten(-3, (rows, -1))
    return apart.permute(0, 2, 4, 1, 3, 5)[live]


def pictures_of(tiles: Tensor, live: Tensor, empty: float) -> Tensor:
    """(P, C, H, W) pictures whose other tiles are `empty`.

    Raises:
        ValueError: there are not as many tiles as are held, or they are larger than any of ours.
    """
    live = live.to(tiles.device)
    if math.prod(tiles.shape[1:]) > LARGEST:
        raise ValueError(f"tiles of {list(tiles.shape[1:])}")
    if len(tiles) != int(live.sum()):
        raise ValueError(f"{len(tiles)} tiles where {int(live.sum())} are held")
    whole = tiles.new_full((*live.shape, *tiles.shape[1:]), empty)
    whole[live] = tiles
    return whole.permute(0, 3, 1, 4, 2, 5).flatten(-2).flatten(-3, -2)


def texels_of(live: Tensor, pictures: Tensor) -> Tensor:
    """(P, 1, H, W) bool: which texels of pictures are of tiles that are held."""
    side = pictures.shape[-1] // live.shape[-1]
    return live.repeat_interleave(side, 1).repeat_interleave(side, 2).unsqueeze(1)


def folded(tensors: Mapping[str, Tensor], live: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors, those named in `live` by their tiles."""
    return {n: tiles_of(t, live[n]) if n in live else t for n, t in tensors.items()}


def unfolded(
    tensors: Mapping[str, Tensor], live: Mapping[str, Tensor], empty: float = 0.0
) -> dict[str, Tensor]:
    """The tensors again whole."""
    return {n: pictures_of(t, live[n], empty) if n in live else t for n, t in tensors.items()}


def held(live: Tensor, blocks: int) -> dict[str, Tensor]:
    """Tiles (P, rows, columns) of the parameters of planes that share colours, by their names.

    Args: `live` (D / sharing, sharing, rows, columns) of all planes, in so many `blocks`.
    """
    parts = live.chunk(blocks)
    alphas = {f"blocks.{i}": part.flatten(0, 1) for i, part in enumerate(parts)}
    return alphas | {f"colours.{i}": part.any(1) for i, part in enumerate(parts)}


def whole(
    state: Mapping[str, Tensor], live: Mapping[str, Tensor], clear: float
) -> dict[str, Tensor]:
    """A state of planes whose alphas are `clear` and whose colours are 0 where none is held."""
    alphas = {name: tiles for name, tiles in live.items() if name.startswith("blocks")}
    colours = {name: tiles for name, tiles in live.items() if name not in alphas}
    return unfolded(unfolded(state, alphas, clear), colours)


def require_live(live: Tensor, planes: int) -> None:
    """See that these can be the tiles that so many planes hold.

    Raises:
        ValueError: they are of others.
    """
    if live.dtype is not torch.bool or live.ndim != 4 or len(live.flatten(0, 1)) != planes:
        raise ValueError(f"tiles {list(live.shape)} of {live.dtype} for {planes} planes")

"""From costs of planes to a surface: semi-global matching.

Hirschmueller, Stereo processing by semiglobal matching and mutual information (PAMI 2008), equation
13, along rows and columns. A step of one plane between neighbours costs P1; a jump costs P1 + P2,
less where brightness changes, because there surfaces end.
"""

import torch
from torch import Tensor

STEP = 0.03  # P1
JUMP = 0.25  # P2 where brightness is even
EDGE = 12.0  # how soon a jump gets cheaper with a difference of brightness
CLOSED = 9.0  # cost of planes that there are not


def aggregated(volume: Tensor, grey: Tensor) -> Tensor:
    """(D, h, w) costs of D planes, each with the cheapest ways to its pixel from four sides.

    Args:
        volume: (D, h, w) costs.
        grey: (h, w) brightness in [0, 1].
    """
    rows = _along(volume.permute(1, 0, 2), grey)
    columns = _along(volume.permute(2, 0, 1), grey.T)
    return rows.permute(1, 0, 2) + columns.permute(1, 2, 0)


def _along(lines: Tensor, grey: Tensor) -> Tensor:
    """(L, D, M) sums of the ways down and up through lines (L, D, M) with grey (L, M)."""
    length, planes, _ = lines.shape
    jumps = STEP + JUMP * torch.exp(-EDGE * grey.diff(dim=0).abs())
    both = torch.stack([lines, lines.flip(0)], 1)  # (L, 2, D, M), down and up at once
    jumps = torch.stack([jumps, jumps.flip(0)], 1)[:, :, None]
    before = lines.new_full((2, planes + 2, lines.shape[2]), CLOSED)
    own, up, down = before[:, 1:-1], before[:, 2:], before[:, :-2]
    own.copy_(both[0])
    for line in range(1, length):
        least = own.amin(1, keepdim=True)
        way = torch.minimum(up, down).add_(STEP)
        torch.minimum(way, own, out=way)
        torch.minimum(way, least + jumps[line - 1], out=way)
        both[line].add_(way.sub_(least))
        own.copy_(both[line])
    return both[:, 0] + both[:, 1].flip(0)


def cheapest(costs: Tensor) -> tuple[Tensor, Tensor]:
    """(h, w) number and least value of the cheapest of costs (B, h, w), between numbers as well.

    A parabola through the cheapest and its two neighbours says by how much it is missed. The
    first and the last are taken as they are.
    """
    least, index = costs.min(0)
    last = len(costs) - 1
    middle = index.clamp(1, max(1, last - 1))[None]
    a, b, c = (costs.gather(0, (middle + shift).clamp_max(last))[0] for shift in (-1, 0, 1))
    offset = parabola(a, b, c)
    return index + torch.where(middle[0] == index, offset, torch.zeros_like(offset)), least


def parabola(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Where parabolas through values (...) at -1, 0 and 1 are lowest, within half a step: (...)."""
    return ((a - c) / (2 * (a - 2 * b + c)).clamp_min(1e-6)).clamp(-0.5, 0.5)

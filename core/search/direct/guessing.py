"""Where a photo may have been taken beside those that stand, by sweeping it against them."""

from collections.abc import Sequence

import roma
import torch
from torch import Tensor

from core.search.direct.likeness import Likeness
from core.search.direct.poses import beside, usual
from core.search.direct.seeding import across
from core.search.direct.standing import Standing
from core.search.direct.sweeping import Relation, Sweeper

DRAWN, MOST = 48, 192  # guesses for a photo at least, and for all together where they are few
KEPT = 8  # guesses of which one descends
COMPARED = 4  # photos that one is compared with
BESIDE = 2  # of them, beside which it is guessed
Guess = tuple[float, Tensor, Tensor]
"""What a camera costs, and it: (3, 3) and (3,)."""

DIFFERENT, APART = 3, 0.05  # cameras at most that descents leave, and radians between them
AT_ONCE = 4  # photos that are guessed together, if they are of one size


def groups(photos: Sequence[int], sizes: Tensor) -> list[list[int]]:
    """The places in a list of photos, a few of one size together; sizes (N, 2) of all."""
    alike: dict[tuple[int, ...], list[int]] = {}
    for place, photo in enumerate(photos):
        alike.setdefault(tuple(sizes[photo].tolist()), []).append(place)
    parts = (some[i : i + AT_ONCE] for some in alike.values() for i in range(0, len(some), AT_ONCE))
    return list(parts)


def guessed(
    sweeper: Sweeper, alike: Likeness, standing: Standing, photos: list[int], drawn: Tensor
) -> list[list[Guess]]:
    """Of each of some photos of one size some cameras that differ, the cheapest first.

    Args: `drawn` (G, M, NUMBERS) at random for the G photos, in standard deviations.
    """
    near = _near(alike, standing, photos)
    begins = near[:, :BESIDE]
    aside = [
        across(alike, other, photo, standing.cameras)
        for photo, few in zip(photos, begins.tolist(), strict=True)
        for other in few
    ]
    middle = torch.stack(aside).view(*begins.shape, -1)
    depth, rows = standing.depth[begins[:, 0]], torch.arange(len(photos))[:, None]

    def cameras(numbers: Tensor, which: Tensor) -> tuple[Tensor, Tensor]:
        """(G, M, 3, 3) and (G, M, 3)."""
        origin = begins[rows, which]
        turn, centre = beside((middle[rows, which] + usual(numbers)).flatten(0, 1))
        axes, start = standing.cameras.rotation[origin], standing.cameras.centre[origin]
        away = standing.depth[origin][..., None] * centre.view_as(start)
        return axes @ turn.view_as(axes), start + (axes @ away[..., None])[..., 0]

    def relate(numbers: Tensor, which: Tensor) -> Relation:
        return _seen_by(near, standing, *cameras(numbers, which), depth)

    drawn = drawn.clone()
    drawn[:, :BESIDE] = 0
    which = (torch.arange(drawn.shape[1]) % begins.shape[1]).expand(len(photos), -1)
    costs = sweeper.costs(photos, near, relate(drawn, which))
    kept = costs.argsort(dim=1, stable=True)[:, : drawn.shape[1] // KEPT]
    which = which[rows, kept]
    found, costs = sweeper.descended(
        photos, near, drawn[rows, kept], lambda numbers: relate(numbers, which)
    )
    turns, centres = cameras(found, which)
    return [
        [(float(costs[row, one]), turns[row, one], centres[row, one]) for one in different]
        for row in range(len(photos))
        for different in [_different(turns[row], costs[row])]
    ]


def _different(turns: Tensor, costs: Tensor) -> list[int]:
    """The cheapest of cameras (M, 3, 3), each of which looks elsewhere than those before."""
    chosen = list[int]()
    for row in costs.argsort(stable=True).tolist():
        apart = roma.rotmat_geodesic_distance(turns[row], turns[chosen])
        if len(chosen) < DIFFERENT and (apart > APART).all():
            chosen.append(row)
    return chosen


def _near(alike: Likeness, standing: Standing, photos: list[int]) -> Tensor:
    """(G, K) photos that stand and look most like each of these."""
    return torch.tensor([alike.nearest(photo, standing.photos, COMPARED) for photo in photos])


def _seen_by(
    near: Tensor, standing: Standing, turn: Tensor, centre: Tensor, depth: Tensor
) -> Relation:
    """What K others of each photo see along rays of its cameras (G, M, 3, 3), (G, M, 3).

    Args: `depth` (G,), that depths are counted in.
    """
    back = standing.cameras.rotation[near].mT[:, None]
    away = centre[:, :, None] - standing.cameras.centre[near][:, None]
    return back @ turn[:, :, None], (back @ away[..., None])[..., 0] / depth[:, None, None, None]

"""Where a photo may have been taken beside those that stand, by sweeping it against them."""

import math
from collections.abc import Sequence

import roma
import torch
from torch import Tensor

from core.search.direct.likeness import Likeness
from core.search.direct.poses import about, beside, usual
from core.search.direct.seeding import across
from core.search.direct.standing import Standing
from core.search.direct.sweeping import Relation, Sweeper

DRAWN, MOST = 48, 192  # guesses for a photo at least, and for all together where they are few
KEPT = 8  # guesses of which one descends
BESIDE = 2  # photos beside which one is guessed at each try
COMPARED = 4  # photos that it is compared with then: that one and the nearest to it
ASIDE = 0.1  # radians between two of those, or they are as good as one
Guess = tuple[float, Tensor, Tensor]
"""What a camera costs, and it: (3, 3) and (3,)."""

DIFFERENT, APART = 3, 0.05  # cameras at most that descents leave, and radians between them
AT_ONCE = 4  # photos that are guessed together, if they are of one size


def groups(photos: Sequence[int], sizes: Tensor) -> list[list[int]]:
    """The rows of a list of photos, a few of one size together; sizes (N, 2) of all."""
    alike: dict[tuple[int, ...], list[int]] = {}
    for row, photo in enumerate(photos):
        alike.setdefault(tuple(sizes[photo].tolist()), []).append(row)
    parts = (some[i : i + AT_ONCE] for some in alike.values() for i in range(0, len(some), AT_ONCE))
    return list(parts)


def guessed(
    sweeper: Sweeper,
    alike: Likeness,
    standing: Standing,
    photos: list[int],
    drawn: Tensor,
    tried: Sequence[int],
) -> list[list[Guess]]:
    """Of each of some photos of one size some cameras that differ, the cheapest first.

    Args:
        drawn: (G, M, NUMBERS) at random for the G photos, in standard deviations.
        tried: how often each was guessed before; each time beside others.
    """
    begins = [begun_beside(alike, standing, *pair) for pair in zip(photos, tried, strict=True)]
    every = [photo for photo in photos for _ in range(BESIDE)]
    origin = [begin for some in begins for begin in some]
    pairs = zip(every, origin, strict=True)
    middle = torch.stack([across(alike, own, one, standing.cameras) for one, own in pairs])
    near = torch.tensor([_around(standing, own) for own in origin])
    axes, start = standing.cameras.rotation[origin, None], standing.cameras.centre[origin, None]
    depth = standing.depth[origin]

    def cameras(numbers: Tensor) -> tuple[Tensor, Tensor]:
        """(G BESIDE, M, 3, 3) and (G BESIDE, M, 3)."""
        turn, centre = beside(usual(numbers).flatten(0, 1))
        away = depth[:, None, None] * centre.view(*numbers.shape[:2], 3)
        turn = turn.view(*numbers.shape[:2], 3, 3)
        return axes @ turn, start + (axes @ away[..., None])[..., 0]

    def relate(numbers: Tensor) -> Relation:
        return _seen_by(near, standing, *cameras(numbers), depth)

    drawn = drawn.unflatten(1, (-1, BESIDE)).transpose(1, 2).flatten(0, 1).clone()
    drawn[:, :2] = 0
    drawn = about(middle, drawn)
    costs = sweeper.costs(every, near, relate(drawn))
    kept = costs.argsort(dim=1, stable=True)[:, : drawn.shape[1] // KEPT]
    rows = torch.arange(len(every))[:, None]
    found, costs = sweeper.descended(every, near, drawn[rows, kept], relate)
    turns, centres = (part.unflatten(0, (-1, BESIDE)).flatten(1, 2) for part in cameras(found))
    costs = costs.unflatten(0, (-1, BESIDE)).flatten(1)
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


def begun_beside(alike: Likeness, standing: Standing, photo: int, tried: int) -> list[int]:
    """The `BESIDE` photos that stand beside which one is guessed at its next try.

    By and by all that look elsewhere, those that look most like it first: likeness of small
    pictures is a hint, and photos that look where another does say no more than that one.
    """
    different = list[int]()
    axes = standing.cameras.rotation[:, :, 2]
    for other in alike.nearest(photo, standing.photos, len(standing.photos)):
        if all(float(axes[other] @ axes[one]) < math.cos(ASIDE) for one in different):
            different.append(other)
    return [different[(BESIDE * tried + row) % len(different)] for row in range(BESIDE)]


def _around(standing: Standing, photo: int) -> list[int]:
    """Up to `COMPARED` that stand: a photo and those that were taken nearest to it."""
    centre = standing.cameras.centre
    away = (centre[standing.photos] - centre[photo]).norm(dim=1)
    return [standing.photos[row] for row in away.argsort(stable=True)[:COMPARED].tolist()]


def _seen_by(
    near: Tensor, standing: Standing, turn: Tensor, centre: Tensor, depth: Tensor
) -> Relation:
    """What K others of each photo see along rays of its cameras (G, M, 3, 3), (G, M, 3).

    Args: `depth` (G,), that depths are counted in.
    """
    back = standing.cameras.rotation[near].mT[:, None]
    away = centre[:, :, None] - standing.cameras.centre[near][:, None]
    return back @ turn[:, :, None], (back @ away[..., None])[..., 0] / depth[:, None, None, None]

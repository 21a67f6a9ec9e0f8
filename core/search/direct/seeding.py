"""Three cameras from nothing: the beginning of a world."""

import math
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from core.depthmaps.cameras import Cameras
from core.parallel import ParallelMap
from core.search.direct.likeness import Likeness
from core.search.direct.poses import DISTANCE, NUMBERS, SHIFTS, about, beside, usual
from core.search.direct.standing import Standing, joined
from core.search.direct.sweeping import Relation, Sweeper

DRAWN, KEPT, BEST = 192, 16, 6  # guesses, those that descend, and those that joint steps try
APART, NEW = 0.5, 0.2  # standard deviations of turns between guesses, before and after descents
SAME = 0.998  # likeness from which two photos may be of one place, and tell nothing of depth
ROUNDS = ((48, 3), (72, 1))  # pixels of joint steps, and how many are kept after them


def across(alike: Likeness, photo: int, other: int, cameras: Cameras) -> Tensor:
    """(NUMBERS,) of a camera beside that of `photo` that looks as far aside as `other` does, and
    from as near."""
    numbers, move = torch.zeros(NUMBERS), torch.from_numpy(alike.shift[photo, other]).float()
    numbers[SHIFTS] = move * cameras.sizes[photo].max() / cameras.intrinsics[photo, :2]
    numbers[DISTANCE] = -math.log(alike.size[photo, other])
    return numbers


def seeded(
    photos: Tensor,
    sweeper: Sweeper,
    alike: Likeness,
    first: int,
    cameras: Cameras,
    generator: torch.Generator,
    parallel_map: ParallelMap = map,
) -> Standing:
    """The best cameras of a photo and the two that look most like it from elsewhere.

    Args: `cameras` of all, whose lenses count; `parallel_map` as in `joined`.
    """
    others = _beside(alike, first)
    middle = torch.stack([across(alike, first, other, cameras) for other in others])

    def cameras_of(numbers: Tensor) -> tuple[Tensor, Tensor]:
        turn, centre = beside(usual(numbers.view(-1, NUMBERS)))
        return turn.view(-1, len(others), 3, 3), centre.view(-1, len(others), 3)

    def relate(numbers: Tensor) -> Relation:
        turn, centre = cameras_of(numbers[0])
        return turn.mT[None], -(turn.mT @ centre[..., None])[None, ..., 0]

    drawn = torch.randn(DRAWN, len(others), NUMBERS, generator=generator)
    drawn = about(middle, drawn.transpose(0, 1)).transpose(0, 1).flatten(1)
    (costs,) = sweeper.costs([first], torch.tensor([others]), relate(drawn[None]))
    start = _different(drawn, costs, APART, KEPT)
    (found,), (costs,) = sweeper.descended(
        [first], torch.tensor([others]), drawn[None, start], relate
    )
    standings = []
    for row in _different(found, costs, NEW, BEST):
        turn, centre = cameras_of(found[row : row + 1])
        rotation, centres = torch.eye(3).repeat(len(photos), 1, 1), torch.zeros(len(photos), 3)
        rotation[others], centres[others] = turn[0], centre[0]
        everybody = replace(cameras, rotation=rotation, centre=centres)
        standings.append(Standing.unseen([first, *others], everybody))
    for side, kept in ROUNDS:
        standings = list(parallel_map(partial(joined, photos, side=side), standings))
        standings.sort(key=lambda one: -one.mean)
        standings = standings[:kept]
    return standings[0]


def _beside(alike: Likeness, first: int) -> list[int]:
    """The two photos that look most like one and, where there are any, not the same."""
    every = list(range(len(alike.value)))
    elsewhere = [photo for photo in every if alike.value[first, photo] < SAME]
    return alike.nearest(first, elsewhere if len(elsewhere) > 1 else every, 2)


def _different(numbers: Tensor, costs: Tensor, apart: float, most: int) -> list[int]:
    """The cheapest guesses (B, K NUMBERS), each of which turns some camera otherwise."""
    turns, chosen = numbers.view(len(numbers), -1, NUMBERS)[..., :2], list[int]()
    for row in costs.argsort(stable=True).tolist():
        if all(float((turns[row] - turns[one]).abs().max()) > apart for one in chosen):
            chosen.append(row)
        if len(chosen) == most:
            break
    return chosen

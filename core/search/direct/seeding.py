"""Three cameras from nothing: the beginning of a world."""

from dataclasses import replace

import torch
from torch import Tensor

from core.depthmaps.cameras import Cameras
from core.search.direct.likeness import Likeness
from core.search.direct.poses import NUMBERS, SHIFTS, beside, usual
from core.search.direct.standing import Standing, joined
from core.search.direct.sweeping import Relation, Sweeper

DRAWN, KEPT, BEST = 192, 16, 6  # guesses, those that descend, and those that joint steps try
APART, NEW = 0.5, 0.2  # standard deviations of turns between guesses, before and after descents
ROUNDS = ((48, 3), (72, 1))  # pixels of joint steps, and how many are kept after them


def shifts(alike: Likeness, photo: int, other: int, cameras: Cameras) -> Tensor:
    """(2,) tangents by which a camera beside that of `photo` has to look aside for `other`."""
    move = torch.from_numpy(alike.shift[photo, other]).float()
    return move * cameras.sizes[photo].max() / cameras.intrinsics[photo, :2]


def seeded(
    photos: Tensor,
    sweeper: Sweeper,
    alike: Likeness,
    first: int,
    cameras: Cameras,
    generator: torch.Generator,
) -> Standing:
    """The best cameras of a photo and the two that look most like it.

    Args: `cameras` of all, whose lenses count.
    """
    others = alike.nearest(first, list(range(len(photos))), 2)
    middle = torch.zeros(len(others), NUMBERS)
    for row, other in enumerate(others):
        middle[row, SHIFTS] = shifts(alike, first, other, cameras)

    def cameras_of(numbers: Tensor) -> tuple[Tensor, Tensor]:
        guesses = middle + usual(numbers.view(-1, len(others), NUMBERS))
        turn, centre = beside(guesses.view(-1, NUMBERS))
        return turn.view(-1, len(others), 3, 3), centre.view(-1, len(others), 3)

    def relate(numbers: Tensor) -> Relation:
        turn, centre = cameras_of(numbers)
        return turn.mT, -(turn.mT @ centre[..., None])[..., 0]

    drawn = torch.randn(DRAWN, len(others) * NUMBERS, generator=generator)
    costs = sweeper.costs(first, others, relate(drawn))
    start = _different(drawn, costs, APART, KEPT)
    found, costs = sweeper.descended(first, others, drawn[start], relate)
    standings = []
    for row in _different(found, costs, NEW, BEST):
        turn, centre = cameras_of(found[row : row + 1])
        rotation, centres = torch.eye(3).repeat(len(photos), 1, 1), torch.zeros(len(photos), 3)
        rotation[others], centres[others] = turn[0], centre[0]
        everybody = replace(cameras, rotation=rotation, centre=centres)
        depth = torch.ones(len(photos))
        standings.append(Standing([first, *others], everybody, depth, torch.zeros(3)))
    for side, kept in ROUNDS:
        standings = [joined(photos, one, side) for one in standings]
        standings.sort(key=lambda one: -float(one.support.mean()))
        standings = standings[:kept]
    return standings[0]


def _different(numbers: Tensor, costs: Tensor, apart: float, most: int) -> list[int]:
    """The cheapest guesses (B, K NUMBERS), each of which turns some camera otherwise."""
    turns, chosen = numbers.view(len(numbers), -1, NUMBERS)[..., :2], list[int]()
    for row in costs.argsort(stable=True).tolist():
        if all(float((turns[row] - turns[one]).abs().max()) > apart for one in chosen):
            chosen.append(row)
        if len(chosen) == most:
            break
    return chosen

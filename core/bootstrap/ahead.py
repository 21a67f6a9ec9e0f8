"""How far the bootstrap is: its phases as one way, the leader's levels first."""

import math
from collections.abc import Sequence

from torch import Tensor

from core.multiplane.schedule import Recipe
from core.training.ahead import Leg, part_gone
from core.training.learners.multiplane_learner import MultiplaneLearner

BESIDE = {
    "starts": 1.5,
    "mirror": 1.0,
    "focal": 2.5,
}  # as measured: work with hypotheses, in that of the leader


def bootstrap_gone(
    phase: str,
    leader: MultiplaneLearner,
    hypotheses: Sequence[MultiplaneLearner],
    others: Tensor,
    recipe: Recipe,
) -> float | None:
    """What part of it is gone; None once the cameras are found. `others` are photos to come."""
    first = [
        *leader.legs(recipe.starting, BESIDE["starts"]),
        *leader.legs(recipe.settling, BESIDE["mirror"]),
    ]
    trial = leader.legs((recipe.trial,), BESIDE["focal"]) if leader.cameras.learns.focal else []
    waiting = math.ceil(len(others) / recipe.most_photos)
    joined = phase == "joining"  # a group is joining, which waits no more
    known = len(leader.trained) + len(others) + (len(hypotheses[0].trained) if joined else 0)
    groups = max(waiting + joined, math.ceil(known / recipe.most_photos) - 1)
    registration = leader.legs(recipe.registration) * groups
    legs: list[Leg] = first + trial + registration
    match phase:
        case "focal":
            return part_gone(legs, len(first), hypotheses[0].level_step)
        case "joining":
            hypothesis = hypotheses[0]
            over = (groups - waiting - 1) * len(recipe.registration) + hypothesis.level
            return part_gone(legs, len(first) + len(trial) + max(0, over), hypothesis.level_step)
        case "done":
            return None
        case _:
            return part_gone(legs, leader.level, leader.level_step)

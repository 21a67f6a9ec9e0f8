"""Learners that begin from another one: at the same point, from nothing, or at another focal."""

import copy
import math
from dataclasses import replace

import torch

from core.geometry.focals import FOCALS
from core.multiplane.schedule import Level
from core.training.multiplane_learner import MultiplaneLearner


def clone(learner: MultiplaneLearner) -> MultiplaneLearner:
    """A learner at the same point, with cameras and planes of its own."""
    kept = (learner.photos, learner.small, learner.trained, learner.allowed)
    return copy.deepcopy(learner, {id(thing): thing for thing in kept})


def restart(learner: MultiplaneLearner, alpha: float) -> MultiplaneLearner:
    """A learner with grey planes and a clone's cameras, at the first level."""
    return MultiplaneLearner(
        clone(learner).rig, learner.photos, learner.trained, learner.cameras.learns,
        learner.levels, learner.field.unit, learner.allowed, alpha, learner.room,
    )  # fmt: skip


@torch.no_grad()
def with_focal(learner: MultiplaneLearner, step: float, level: Level) -> MultiplaneLearner:
    """A clone with another focal length, kept as it is while everything else adapts for a level.

    Args: `step` of the focal length's logarithm.
    """
    trial = clone(learner)
    rig = trial.rig
    kind = FOCALS[rig.focal_kind]
    rig.focal.copy_(kind.from_ratio(kind.to_ratio(rig.focal) * math.exp(step)))
    trial.extend((level,), trial.trained)
    trial.let_learn(replace(learner.cameras.learns, focal=False))
    return trial

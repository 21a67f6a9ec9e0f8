"""Learners that begin from another one: at the same point, from nothing, or with other photos."""

import copy
import math
from dataclasses import replace

import torch
from torch import Tensor

from core.geometry.focals import FOCALS
from core.multiplane.schedule import Level
from core.training.multiplane_learner import PlanesLearner


def twin(learner: PlanesLearner) -> PlanesLearner:
    """A learner at the same point, with cameras and planes of its own."""
    kept = (learner.photos, learner.small, learner.trained, learner.allowed)
    return copy.deepcopy(learner, {id(thing): thing for thing in kept})


def begun_again(learner: PlanesLearner, alpha: float) -> PlanesLearner:
    """A learner with grey planes and a twin's cameras, at the first level."""
    return PlanesLearner(
        twin(learner).rig, learner.photos, learner.trained, learner.cameras.learns,
        learner.levels, learner.field.unit, learner.allowed, alpha, learner.team, learner.room,
    )  # fmt: skip


@torch.no_grad()
def with_focal(learner: PlanesLearner, step: float, level: Level) -> PlanesLearner:
    """A twin with another focal length, kept as it is while everything else adapts for a level.

    Args: `step` of the focal length's logarithm.
    """
    trial = twin(learner)
    rig = trial.rig
    kind = FOCALS[rig.focal_kind]
    rig.focal.copy_(kind.from_ratio(kind.to_ratio(rig.focal) * math.exp(step)))
    trial.extend((level,), trial.trained)
    trial.let_learn(replace(learner.cameras.learns, focal=False))
    return trial


def joined_by(learner: PlanesLearner, photos: Tensor, levels: tuple[Level, ...]) -> PlanesLearner:
    """A learner of other photos (K,) for the same rig and planes, which stay as they are."""
    joining = PlanesLearner(
        learner.rig, learner.photos, photos, learner.cameras.learns, levels, learner.field.unit,
        learner.allowed, team=learner.team, room=learner.room,
    )  # fmt: skip
    joining.take(learner.field)
    return joining


@torch.no_grad()
def place_beside(learner: PlanesLearner, photos: Tensor) -> None:
    """Give each of some photos (K,) the camera of its neighbour.

    The neighbour is the trained photo nearest in the order of the files.
    """
    for photo in photos.tolist():
        nearest = learner.trained[(learner.trained - photo).abs().argmin()]
        learner.rig.rotation[photo] = learner.rig.rotation[nearest]
        learner.rig.position[photo] = learner.rig.position[nearest]
        if learner.rig.zooms:
            learner.rig.zoom[photo] = learner.rig.zoom[nearest]

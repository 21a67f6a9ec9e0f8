"""Learners that begin from another one: at the same point, from nothing, or at another focal."""

import copy
import math
from collections.abc import Sequence
from dataclasses import replace

import torch

from core.geometry.focals import FOCALS
from core.multiplane.schedule import Level
from core.training.learner import StepContext
from core.training.learners.multiplane_learner import MultiplaneLearner
from core.training.step import StepResult


def clone(learner: MultiplaneLearner) -> MultiplaneLearner:
    """A learner at the same point, with cameras and planes of its own."""
    kept = (learner.colours, learner.small, learner.trained, learner.allowed)
    return copy.deepcopy(learner, {id(thing): thing for thing in kept})


def restart(learner: MultiplaneLearner, alpha: float) -> MultiplaneLearner:
    """A learner with grey planes and a clone's cameras, at the first level."""
    return MultiplaneLearner(
        clone(learner).rig, learner.colours, learner.trained, learner.cameras.learns,
        learner.levels, learner.field.near_depth, learner.allowed, alpha, learner.room,
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


def beside(
    turns: Sequence[tuple[MultiplaneLearner, int]], context: StepContext
) -> list[StepResult]:
    """The last results of runs that each make some steps, beside one another.

    All draw the same pixels, so that they differ by themselves alone; and each from a generator of
    its own, so that it does not matter which is the first to draw.
    """
    parallel_map, within = context.processes.beside(context.parallel_map)
    seed = int(torch.randint(2**62, (), generator=context.generator))

    def make(turn: tuple[MultiplaneLearner, int]) -> StepResult:
        own = torch.Generator().manual_seed(seed)
        return _steps(*turn, replace(context, parallel_map=within, generator=own))

    return list(parallel_map(make, turns))


def _steps(runner: MultiplaneLearner, count: int, context: StepContext) -> StepResult:
    """So many steps, but not beyond a level."""
    level = runner.level
    for _ in range(count):
        result = runner.step(context)
        if runner.level != level:
            break
    return result

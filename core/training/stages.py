"""From one stage to the next: who learns, and what those who learn are told."""

from typing import TYPE_CHECKING

from core.training import build
from core.training.learner import StepContext
from core.training.learners import LEARNERS

if TYPE_CHECKING:
    from core.training.trainer import Trainer


def explore(trainer: "Trainer") -> None:
    """The cameras are found: planes go on to sharpen, and the chosen field begins."""
    before = trainer.context()
    trainer.findings, trainer.found_after = trainer.learners[0].findings, trainer.seconds
    trainer.learners = [heir for learner in trainer.learners for heir in learner.successors(before)]
    trainer.begin_stage("explore")
    reconfigure(trainer, before)
    join(trainer, known=False)
    if all(learner.shows != trainer.shown for learner in trainer.learners):
        trainer.shown = trainer.learners[0].shows


def explored_enough(trainer: "Trainer") -> bool:
    """Whether explore has lasted as long as it should, so that refine begins by itself."""
    after = trainer.config.training.pretrain_epochs
    lasted = trainer.epoch - trainer.stage_began.epoch
    return trainer.stage == "explore" and 0 < after <= lasted


def join(trainer: "Trainer", known: bool) -> None:
    """Have the learners that options and stage ask for, those that are there among them.

    Args: `known`: whether cameras are so good that who begins needs no coarse beginning.
    """
    context = trainer.context(known=known)
    there = {type(learner): learner for learner in trainer.learners}
    trainer.learners = [
        there.get(kind) or kind.begin(context) for kind in LEARNERS.values() if kind.wanted(context)
    ]


def reconfigure(trainer: "Trainer", before: StepContext) -> None:
    """Tell all learners of other options or another stage; cameras are stored as these ask.

    Args: `before` is a context of when the old ones held.
    """
    numbers = dict(trainer.rig.named_parameters())
    rigs = {id(rig): rig for learner in trainer.learners for rig in learner.rigs}
    for rig in rigs.values():
        build.express(rig, trainer.config, trainer.stage)
    now = dict(trainer.rig.named_parameters())
    converted = tuple(name for name in now if now[name] is not numbers[name])
    for learner in trainer.learners:
        learner.reconfigure(before, trainer.context(learner), converted)
        trainer.say(*learner.drain_messages())

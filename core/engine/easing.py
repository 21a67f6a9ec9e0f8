"""Where memory runs out in a step, the next is made in smaller pieces."""

from dataclasses import replace

from core.errors import is_out_of_memory
from core.rendering.halving import HALVINGS
from core.training.trainer import Trainer

SAID = "Memory ran out in a step: it is tried again in pieces half as large."


def eased(trainer: Trainer | None, error: BaseException, alone: bool) -> bool:
    """Whether the next step may do better than the one that raised this.

    Args: `alone`: whether no other process shares steps; those that do have to draw alike.
    """
    if trainer is None or not alone or not is_out_of_memory(error):
        return False
    if trainer.room.halvings == HALVINGS:
        return False
    trainer.room = replace(trainer.room, halvings=trainer.room.halvings + 1)
    trainer.say(SAID)
    return True


def whole(trainer: Trainer) -> Trainer:
    """The trainer, whose pieces are whole again: there may be more memory than before."""
    trainer.room = replace(trainer.room, halvings=0)
    return trainer

"""Whose scene knows pixels best that nothing was learned from."""

from typing import TYPE_CHECKING

from core.rendering.scene import FieldScene

if TYPE_CHECKING:
    from core.training.trainer import Trainer


def compare(trainer: "Trainer") -> None:
    """Ask the scenes for pixels they have not seen: the better one is shown.

    Depth maps are not asked: photos that are shown know all their pixels. They stay what is shown.
    """
    for learner, context in trainer.ready():
        scene = learner.scene(context)
        if isinstance(scene, FieldScene):
            trainer.holdout.ask(learner.shows, scene, trainer.rig)
    if trainer.shown not in trainer.holdout.errors:
        return
    winner = trainer.holdout.winner(trainer.shown)
    if winner != trainer.shown:
        better = trainer.config.field.kind if winner == "field" else "planes"
        seen = ", which is shown" if trainer.config.explore.show == "best" else ""
        trainer.say(f"Unseen pixels are now known best by {better}{seen}.")
        trainer.shown = winner

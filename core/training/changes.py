"""The ways a person changes what is trained, between two steps."""

from core.config import Config
from core.config.declare import Effect
from core.config.paths import strongest
from core.training import build
from core.training.learners.depthmap_learner import DepthMapLearner
from core.training.learners.field_learner import FieldLearner
from core.training.room import Room
from core.training.trainer import Trainer


def check(trainer: Trainer, config: Config) -> None:
    """See that a trainer can take over a config, and load what it needs for that.

    Raises:
        InputError: it leaves fewer than two photos, fewer rays than processes or too little
            memory, or a loss misses its weights.
    """
    build.check_rays(config, trainer.processes.world)
    build.trained_photos(config, trainer.photos.names, trainer.held_out)
    Room.of(config, trainer.device, trainer.colours.shape)
    trainer.judges.follow(config, trainer.device, trainer.photos.shortest_side)


def configure(trainer: Trainer, config: Config) -> Effect:
    """Take over a config with any changes short of `RESTART`, and say what they did.

    Raises:
        InputError: as `check`. Nothing is changed then.
    """
    before = trainer.context()
    effect = strongest(trainer.config, config)
    assert effect < Effect.RESTART, "a restart takes a new trainer"
    check(trainer, config)
    trainer.take(config)
    trainer.reconfigure(before)
    if effect is Effect.REBUILD_FIELD:
        trainer.join()
        trainer.forget_field()
    elif config.explore.show != before.config.explore.show and trainer.find(DepthMapLearner):
        _look(trainer)
    return effect


def refine(trainer: Trainer) -> None:
    """Keep the cameras, restart the field and every schedule (NeRF--, section 4.3)."""
    if trainer.stage == "bootstrap":
        trainer.explore()
    trainer.restart_field()


def _look(trainer: Trainer) -> None:
    """Have a network learn beside depth maps, where it is looked at and there is none yet."""
    context = trainer.context()
    if trainer.find(FieldLearner) is None and FieldLearner.wanted(context):
        trainer.learners.append(FieldLearner.begin(context))

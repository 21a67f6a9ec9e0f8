"""The ways a person changes what is trained, between two steps."""

import torch

from core.bootstrap.hypotheses import place_beside
from core.config import Config
from core.config.declare import Effect
from core.config.paths import strongest
from core.training import build
from core.training.field_learner import NeuralLearner
from core.training.multiplane_learner import PlanesLearner
from core.training.room import Room
from core.training.trainer import Trainer


def check(trainer: Trainer, config: Config) -> None:
    """See that a trainer can take over a config, and load what it needs for that.

    Raises:
        InputError: it leaves fewer than two photos, fewer rays than processes or too little
            memory, or a loss misses its weights.
    """
    build.check_rays(config, trainer.team.world)
    build.trained_photos(config, trainer.photos.names, trainer.held_out)
    Room.of(config, trainer.device, trainer.pixels.shape)
    trainer.judges.follow(config, trainer.device, *trainer.pixels.shape[1:3])


def configure(trainer: Trainer, config: Config) -> Effect:
    """Take over a config with any changes short of `RESTART`, and say what they did.

    Raises:
        InputError: as `check`. Nothing is changed then.
    """
    old = trainer.config
    effect = strongest(old, config)
    assert effect < Effect.RESTART, "a restart takes a new trainer"
    check(trainer, config)
    trainer.config = config
    trainer.edits += 1
    trainer.room = Room.of(config, trainer.device, trainer.pixels.shape)
    for learner in _learners(trainer):
        learner.room = trainer.room
    if config.data.disabled != old.data.disabled:
        _choose_photos(trainer)
    _convert(trainer, build.learns(old, trainer.stage) != trainer.learns)
    if _lens_begins(old, config) and not _lens_moves(trainer):
        trainer.say(
            "Planes have ended the levels in which lenses are learned: raise "
            "cameras.rate_beside_planes for a network to learn them, or refine planes."
        )
    if effect is Effect.REBUILD_FIELD:
        _renew_field(trainer)
    return effect


def refine(trainer: Trainer) -> None:
    """Keep the cameras, restart the field and every schedule (NeRF--, section 4.3)."""
    if trainer.bootstrap is not None:
        trainer.explore()
    trainer.begin_stage("refine")
    trainer.edits += 1
    if trainer.neural is None:
        trainer.planes = trainer.new_planes(trainer.recipe.known, trainer.trained_photos())
    else:
        _renew_field(trainer)
        trainer.neural.renew_cameras()


def _choose_photos(trainer: Trainer) -> None:
    photos = trainer.trained_photos()
    trainer.order = trainer.order[:0]
    if trainer.contest is not None:
        trainer.contest.choose(trainer.pixels, photos)
    if trainer.bootstrap is not None:
        trainer.bootstrap.choose(photos)
    elif trainer.planes is not None:
        new = ~torch.isin(photos, trainer.planes.trained) & trainer.photo_error[photos].isnan()
        place_beside(trainer.planes, photos[new])
        trainer.planes.choose(photos)


def _learners(trainer: Trainer) -> list[PlanesLearner]:
    """The planes, and their rivals."""
    rivals = trainer.bootstrap.rivals if trainer.bootstrap else []
    return rivals if trainer.planes is None else [trainer.planes, *rivals]


def _convert(trainer: Trainer, learning_changed: bool) -> None:
    """Express all cameras as the config asks, without moving one."""
    before = dict(trainer.rig.named_parameters())
    learners = _learners(trainer)
    for rig in {id(rig): rig for rig in [trainer.rig, *(one.rig for one in learners)]}.values():
        build.express(rig, trainer.config, trainer.stage)
    after = dict(trainer.rig.named_parameters())
    converted = tuple(name for name in after if after[name] is not before[name])
    if converted and trainer.neural is not None:
        trainer.neural.renew_cameras(converted)
    if converted or learning_changed:
        for learner in learners:
            learner.let_learn(trainer.learns)


def _lens_begins(old: Config, new: Config) -> bool:
    """Whether a change asks for more numbers of the lenses."""
    begins = new.cameras.learn_distortion and not old.cameras.learn_distortion
    return begins or (new.cameras.focal_of, old.cameras.focal_of) == ("each-photo", "all-photos")


def _lens_moves(trainer: Trainer) -> bool:
    """Whether something is still to come that moves numbers of the lenses."""
    if trainer.bootstrap is not None or trainer.planes is None:
        return True
    levels = trainer.planes.levels[trainer.planes.level :]
    beside = trainer.neural is not None and trainer.config.cameras.rate_beside_planes > 0
    return beside or any(level.focal_rate[0] > 0 for level in levels)


def _renew_field(trainer: Trainer) -> None:
    """A fresh field of the chosen kind. While the cameras are being found it is yet to come."""
    if trainer.bootstrap is not None:
        return
    if trainer.contest is not None:
        trainer.contest.errors.pop("field", None)
    if trainer.config.field.kind == "planes":
        trainer.neural = None
        if trainer.planes is None:
            trainer.planes = trainer.new_planes(trainer.recipe.levels, trainer.trained_photos())
    elif trainer.neural is not None:
        trainer.neural.renew_field(trainer.config, trainer.now, trainer.generator)
    else:
        trainer.neural = NeuralLearner(trainer.config, trainer.rig, trainer.now, trainer.generator)
        if trainer.contest is None:  # without unseen pixels the field that was asked for is shown
            trainer.planes = None
    trainer.shown = "field" if trainer.planes is None else "planes"

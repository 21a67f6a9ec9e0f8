"""Taking over the field and the optimizers of another run, where they fit."""

from dataclasses import replace

from core.config import Config
from core.errors import InputError
from core.multiplane.field import MultiplaneImage
from core.runs.checkpoint import Checkpoint
from core.states import part_of
from core.training import build
from core.training.learner import Progress
from core.training.learners.field_learner import FieldLearner
from core.training.learners.multiplane_learner import MultiplaneLearner
from core.training.optimizers import load, unpack
from core.training.trainer import Trainer


def take_field(found: Checkpoint, trainer: Trainer) -> None:
    """Put the network of a run, and the planes where both have some, into a new trainer.

    Raises:
        InputError: the run has no field yet, or it is another than this config asks for.
    """
    facts, theirs, ours = found.facts, found.config, trainer.config
    if "depth_maps" in facts:
        raise InputError(
            f"{found.path} holds depth maps of its photos, which no field can begin from; leave "
            "field out of training.keep."
        )
    if "bootstrap" in facts:
        raise InputError(
            f"{found.path} is still finding its cameras and has no field yet; leave field out of "
            "training.keep."
        )
    _require_same(found, ours)
    now = Progress(facts["epoch"], facts["step"])
    if (network := trainer.find(FieldLearner)) is not None:
        load(network.field, part_of(found.tensors, "field."))
        network.began = Progress(facts["field_start"], facts["field_start_step"]).since(now)
        trainer.shown = "field"
    planes = part_of(found.tensors, "planes.field.")
    if (learner := trainer.find(MultiplaneLearner)) is not None and planes:
        learner.levels = trainer.recipe.levels[-facts["levels"] :]
        learner.level, learner.level_step = found.tensors["planes.at"].tolist()
        learner.take(MultiplaneImage.of(planes, learner.field.near_depth).to(trainer.device))
        learner.choose(trainer.trained)
        trainer.shown = facts["shown"]
    if trainer.holdout.keeps and _asked_for(theirs) != _asked_for(ours):
        trainer.say(
            "The field has seen pixels that are kept aside now, so what is said of unseen pixels "
            "flatters it."
        )


def _require_same(found: Checkpoint, ours: Config) -> None:
    theirs, remedy = found.config, "leave field out of training.keep"
    if theirs.rendering.space != ours.rendering.space:
        raise InputError(
            f"{found.path} learned its field in the space {theirs.rendering.space}, which is not "
            f"that of rendering.space {ours.rendering.space}; {remedy}."
        )
    if theirs.field.kind != ours.field.kind:
        raise InputError(
            f"{found.path} holds a {theirs.field.kind} field and field.kind is "
            f"{ours.field.kind}; set it alike, or {remedy}."
        )
    if ours.field.kind != "planes":
        mine, other = build.field_arguments(ours), build.field_arguments(theirs)
        for name in mine.keys() - {"precision"}:
            if mine[name] != other[name]:
                raise InputError(
                    f"The field of {found.path} has another field.{name} ({other[name]}, here "
                    f"{mine[name]}); set it alike, or {remedy}."
                )
    with_planes = ours.training.bootstrap or ours.field.kind == "planes"
    if with_planes and build.near_depth(ours) != build.near_depth(theirs):
        raise InputError(
            f"The planes of {found.path} reach to another rendering.far "
            f"({theirs.rendering.far:g}); set it alike, or {remedy}."
        )


def _asked_for(config: Config) -> tuple[object, ...]:
    """What decides which pixels are kept aside."""
    return config.training.bootstrap, config.training.seed, config.data.long_side


def take_optimizers(found: Checkpoint, trainer: Trainer) -> None:
    """Put Adam's moments and the age of the cameras' schedules into a trainer with that field.

    Raises:
        InputError: the photos or the representations of cameras are others.
    """
    facts, tensors = found.facts, found.tensors
    theirs, ours = found.config.cameras, trainer.config.cameras
    alike = (theirs.rotation, theirs.focal, theirs.shared_focal, theirs.focal_of) == (
        ours.rotation, ours.focal, ours.shared_focal, ours.focal_of,
    )  # fmt: skip
    if facts["names"] != list(trainer.photos.names) or not alike:
        raise InputError(
            f"The optimizers of {found.path} are of other photos or other representations of the "
            "cameras; set these alike, or leave optimizers out of training.keep."
        )
    began = Progress(facts["stage_start"], facts["stage_start_step"])
    age = began.since(Progress(facts["epoch"], facts["step"]))
    trainer.course = replace(trainer.course, stage_began=age)
    if (network := trainer.find(FieldLearner)) is not None:
        unpack(network.optimizers, tensors)
    planes = part_of(tensors, "planes.")
    if (learner := trainer.find(MultiplaneLearner)) is not None and planes:
        learner.take_state(planes)
        learner.choose(trainer.trained)

"""A published checkpoint as a run of ours: cameras and field are taken over, training goes on."""

from dataclasses import replace
from typing import Any

import torch

from core.config import Config
from core.config.original import translated
from core.errors import InputError
from core.formats.legacy import Published
from core.geometry.rotations import ROTATIONS
from core.photos import PhotoSet
from core.training.learner import Progress
from core.training.learners.field_learner import FieldLearner
from core.training.optimizers import load
from core.training.trainer import Trainer

SAME_SHAPE = 0.02  # of width / height, which whole pixels round
NERFMM_SIDE = 1008  # a quarter of LLFF's photos

# Where nerfmm's recipe is not improved-nerfmm's.
NERFMM = {"rendering.space": "ndc", "field.density_noise": 0.0}


def recipe(found: Published) -> dict[str, Any]:
    """How the program that wrote a checkpoint trains without being told otherwise, by path."""
    if found.program == "nerfmm":
        return translated({}, str(found.path), NERFMM_SIDE).options | NERFMM | found.options
    return translated({}, str(found.path), long_side(found)).options | found.options


def long_side(found: Published) -> int | None:
    """Pixels of the longer side that a checkpoint was trained at, where it says so."""
    return None if found.size is None else max(found.size)


def imported(found: Published, config: Config, photos: PhotoSet) -> Trainer:
    """A trainer that stands where the checkpoint's program stood.

    Cameras belong to the trained photos in the order of `sorted` names. Optimizers begin anew.

    Args:
        found: the checkpoint.
        config: its recipe, with changes; without bootstrap.
        photos: those it was trained on.

    Raises:
        InputError: the photos or the config are not those of the checkpoint.
    """
    if config.training.bootstrap:
        raise InputError(
            f"training.bootstrap looks for cameras and {found.path} has them; leave it off."
        )
    trainer = Trainer(config, photos)
    try:
        _take_cameras(found, trainer)
        _take_field(found, trainer)
    except InputError:
        trainer.close()
        raise
    trainer.given[trainer.trained] = True
    now = Progress(found.epoch, found.step)
    trainer.course = replace(trainer.course, progress=now)
    after = config.training.pretrain_epochs
    if 0 < after <= found.epoch:
        network = trainer.find(FieldLearner)
        assert network is not None
        network.began = Progress(after, after * len(trainer.trained))
        trainer.course = replace(trainer.course, stage="refine", stage_began=network.began)
    return trainer


@torch.no_grad()
def _take_cameras(found: Published, trainer: Trainer) -> None:
    rig, names = trainer.rig, trainer.photos.names
    trained = sorted(trainer.trained.tolist(), key=lambda index: names[index])
    if len(trained) != len(found.position):
        raise InputError(
            f"{found.path} has {len(found.position)} cameras and there are {len(trained)} photos "
            "to train on; give the folder that it was trained on, and --data.held_out every8 "
            "where it kept every eighth aside."
        )
    if any(trainer.held_out) and list(names) != sorted(names):
        raise InputError(
            f"{trainer.config.data.photos}: with photos kept aside, which are which depends on "
            "their order; rename them with leading zeros, such as img_002."
        )
    if found.size is not None:
        theirs, ours = found.size[0] / found.size[1], rig.width / rig.height
        if abs(theirs / ours - 1) > SAME_SHAPE:
            raise InputError(
                f"The photos are {rig.width} x {rig.height} and {found.path} was trained at "
                f"{found.size[0]} x {found.size[1]}; give the photos that it was trained on."
            )
    numbers, kind = found.rotation, found.options["cameras.rotation"]
    if rig.rotation_kind != kind:
        matrix = ROTATIONS[kind].to_matrix(numbers.double())
        numbers = ROTATIONS[rig.rotation_kind].from_matrix(matrix)
    rig.rotation[trained] = numbers.to(rig.rotation)
    rig.position[trained] = found.position.to(rig.position)
    sides = torch.tensor([rig.width, rig.height]) if len(found.ratio) == 2 else rig.width
    rig.set_focal_lengths((found.ratio * sides).expand(2))


def _take_field(found: Published, trainer: Trainer) -> None:
    wanted = found.options["field.kind"]
    network = trainer.find(FieldLearner)
    if network is None or trainer.config.field.kind != wanted:
        raise InputError(f"{found.path} holds a {wanted} field; leave field.kind as it is.")
    field = network.field
    for name, parameter in field.named_parameters():
        if name not in found.field or found.field[name].shape != parameter.shape:
            raise InputError(
                f"{found.path}: {name} does not fit a {wanted} field of the width, depth and "
                "octaves asked for; leave those options as they are."
            )
    load(field, found.field)

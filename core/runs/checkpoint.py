"""A run on disk: everything that the next step depends on, in one safetensors file.

Tensors are tensors; the rest is one JSON text in the file's metadata. A checkpoint is written to a
temporary file beside its place, flushed to the disk and renamed, so that a reader finds the old
one or the new one and never a part. Nothing in it can run code.

Each has a serial, one more than the newest beside it has, in its name and inside: which one is the
newest is told by no clock, so runs may be copied, zipped and synchronised.
"""

import errno
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.config import Config
from core.depthmaps.warping.corrected import CorrectedScene, Correction
from core.errors import InputError, OutOfMemory
from core.files import whole_file
from core.geometry.cameras import CameraRig
from core.multiplane.field import MultiplaneImage
from core.rendering.scene import FieldScene, Scene
from core.runs import state
from core.runs.ages import age, by_age, serial_in, sweep
from core.runs.container import content_of, digest_in, digest_of, write_content
from core.runs.header import Welcome, any_size, config_in, welcomed
from core.runs.home import at_home
from core.runs.light import compact, lighten_older, widened
from core.runs.soundness import fitting, refusal, require_finite, require_sound
from core.states import part_of
from core.training.build import held_out, ray_settings, without_camera
from core.training.learned import Learned, looked_at
from core.training.learners.beside_maps import beside
from core.training.learners.depthmap_learner import saved_scene
from core.training.trainer import Trainer

FORMAT = 3
LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a checkpoint file holds."""

    path: Path
    facts: dict[str, Any]  # plain JSON: config, step, epoch, stage, names, ...
    tensors: dict[str, Tensor]

    @property
    def config(self) -> Config:
        """The settings in force when it was saved."""
        return config_in(self.facts, self.path)


def folder(run: Path) -> Path:
    """Where a run keeps its checkpoints."""
    return run / "checkpoints"


def next_path(run: Path, step: int, kept_as: str = "") -> Path:
    """Where the next checkpoint of a run belongs.

    Args:
        run: the run's folder.
        step: of what is saved.
        kept_as: a word for one that is never swept, such as the state before a refine.
    """
    ages = [age(path) for path in folder(run).glob("*.safetensors")]
    serial = 1 + max((serial for serial, *_ in ages), default=0)
    ending = f"-{kept_as}" if kept_as else ""
    return folder(run) / f"{serial:06d}-{step:09d}{ending}.safetensors"


def taken(
    trainer: Trainer,
    path: Path,
    extra: dict[str, Tensor],
    choose: Callable[[dict[str, Tensor]], dict[str, Tensor]] = lambda all_of_them: all_of_them,
) -> Checkpoint:
    """A copy of all that a checkpoint of this moment holds, yet to be written.

    Whatever happens to the trainer afterwards, nothing of it changes.

    Args:
        trainer: what to save.
        path: where it will be written; see `next_path`.
        extra: more tensors to keep with it: curves and trails.
        choose: which of all tensors are kept, and how.
    """
    facts = {
        "format": FORMAT,
        "config": trainer.config.model_dump(mode="json"),
        "names": list(trainer.photos.names),
        "stored": trainer.photos.stored,
        "size": [trainer.rig.width, trainer.rig.height],
        **({"sizes": trainer.rig.sizes} if trainer.rig.sizes else {}),
        "torch": torch.__version__,
        "device": trainer.device.type,
        **state.facts_of(trainer),
    }
    tensors = state.tensors_of(trainer) | {f"extra.{name}": t for name, t in extra.items()}
    copies = {
        name: t.detach().to("cpu", copy=True).contiguous() for name, t in choose(tensors).items()
    }
    return Checkpoint(path, json.loads(json.dumps(facts)), copies)


def write(made: Checkpoint) -> None:
    """Write a checkpoint to its path, read it again, sweep old ones and make the others light.

    Returns when it is on the disk.

    Raises:
        OSError: it cannot be written.
        InputError: it is not finite.
    """
    facts = made.facts | {"serial": serial_in(made.path.stem)}
    require_finite(made.tensors, made.path)
    tensors = compact(made.tensors)
    facts["digest"] = digest_of(facts, tensors)
    with whole_file(made.path, ".part") as temporary:
        write_content(temporary, facts, tensors)
        if digest_in(temporary) != facts["digest"]:
            raise OSError(errno.EIO, "what was written reads otherwise")
    sweep(made.path)
    lighten_older(made.path.parent)


def save(trainer: Trainer, run: Path, extra: dict[str, Tensor], kept_as: str = "") -> Path:
    """Take and write a checkpoint; returns its file."""
    made = taken(trainer, next_path(run, trainer.step, kept_as), extra)
    write(made)
    return made.path


def restore(trainer: Trainer, checkpoint: Checkpoint) -> dict[str, Tensor]:
    """Continue from a checkpoint: the next step is the one the saved run would have made.

    Args:
        trainer: made with the checkpoint's config and the same photos; changed in place.

    Returns:
        The `extra` tensors given to `save`.

    Raises:
        InputError: the photos are not those of the run.
    """
    facts, tensors = checkpoint.facts, checkpoint.tensors
    if list(trainer.photos.names) != facts["names"]:
        raise InputError(
            f"The photos in {trainer.config.data.photos} are not those of the run "
            f"{checkpoint.path.parent.parent}; put them back, or start a new run."
        )
    with fitting(checkpoint.path):
        state.restore(trainer, facts, tensors)
        state.require_taken(trainer, tensors)
    return part_of(tensors, "extra.")


def rig_of(found: Checkpoint) -> CameraRig:
    """All cameras of a checkpoint, also those of photos that it has not learned from."""
    cameras, facts = found.config.cameras, found.facts
    width, height = facts["size"]
    rig = CameraRig(
        len(facts["names"]), width, height, cameras.rotation, cameras.focal, cameras.shared_focal,
        focal_ratio=1.0,
    )  # fmt: skip
    rig.sizes = tuple((width, height) for width, height in facts.get("sizes", ()))
    rig.take(part_of(found.tensors, "rig."))
    return rig


def learned(found: Checkpoint, show: str | None = None) -> Learned:
    """Cameras and scenes of a checkpoint, without the photos they were learned from.

    Args: `show` takes the place of its explore.show.

    Raises:
        InputError: it holds nothing that could be shown.
    """
    with fitting(found.path):
        learned = _learned(found, show)
        learned.require_somewhere()
        return learned


def _learned(found: Checkpoint, show: str | None) -> Learned:
    config, facts, tensors = found.config, found.facts, found.tensors
    names, rig = tuple(facts["names"]), rig_of(found)
    normalized_focal, settings = rig.normalized_focal().detach(), ray_settings(config)
    fields = state.fields_of(config, facts, tensors)
    proposal = fields.get("planes")
    assert proposal is None or isinstance(proposal, MultiplaneImage)
    of_fields: dict[str, FieldScene] = {
        name: FieldScene(field.requires_grad_(False), normalized_focal, settings, proposal)
        for name, field in fields.items()
    }
    if config.field.corrected and "correction.share" in tensors:
        correction = Correction.of(part_of(tensors, "correction."))
        of_fields["planes"] = CorrectedScene.of(of_fields["planes"], correction)
    scenes: dict[str, Scene] = {**of_fields}
    if "depth_maps" in facts:
        scenes["depth-maps"] = warped = saved_scene(tensors)
        if facts.get("beside_maps"):
            scenes |= beside(warped, scenes.pop("field"), facts)
    split = held_out(config.data.held_out, len(names))
    unlearned = without_camera(config, names, tensors["photo_error"], split)
    best, planes = facts["shown"], of_fields.get("planes")
    wanted = looked_at(show or config.explore.show, scenes, best)
    looked = {name: scenes[name] for name in wanted}
    error = tensors["photo_error"]
    given = tensors.get("given", torch.zeros_like(error, dtype=torch.bool))
    waiting = tuple((error.isnan() & ~given).tolist())
    cameras, stored = tuple(rig.cameras()), tuple(tuple(one) for one in facts.get("stored", ()))
    return Learned.of(names, cameras, unlearned, looked, best, planes, waiting, stored)


def read(path: Path) -> Checkpoint:
    """Read one checkpoint file.

    Raises:
        InputError: the file is damaged or of another version.
    """
    facts, tensors = content_of(path)
    if facts.get("format") != FORMAT:
        raise InputError(
            f"The checkpoint {path} is of another version of the studio, or damaged; train a new "
            "run from its photos."
        )
    if (digest := facts.pop("digest", None)) != digest_of(facts, tensors):
        raise refusal(path, f"its digest is {digest} and should not be")
    require_sound(path, facts, tensors)
    with fitting(path):
        config_in(facts, path)
    return Checkpoint(path, facts, widened(tensors))


def newest_in(run: Path, welcome: Welcome = any_size) -> Checkpoint:
    """The newest readable checkpoint of a run; `welcome` as in `newest`.

    What is passed over is logged.

    Raises:
        InputError: the folder holds no readable run, or as `newest` says.
    """
    found, complaints = newest(run, welcome)
    if found is None:
        reason = complaints[0] if complaints else f"{run} holds no run; name one with --run DIR."
        raise InputError(reason)
    for complaint in complaints:
        step = found.facts["step"]
        LOGGER.warning("%s The one before it, of step %d, is taken.", complaint, step)
    return found


def learned_in(run: Path) -> Learned:
    """What the newest checkpoint of a run has learned.

    Raises:
        InputError: the folder holds no readable run.
    """
    return learned(newest_in(run))


def newest(run: Path, welcome: Welcome = any_size) -> tuple[Checkpoint | None, list[str]]:
    """The newest readable checkpoint of a run, and a sentence for each newer one that is not.

    Its options name what lies in the run's folder where that is now.

    Raises:
        InputError: one was refused by its header: `welcome` did, or it is larger than memory.
        OutOfMemory: memory ran out while one was read.
    """
    complaints: list[str] = []
    for path in by_age(folder(run)):
        welcomed(path, welcome)
        try:
            found = read(path)
            return replace(found, facts=at_home(found.facts, run)), complaints
        except OutOfMemory:  # it says nothing of the file, and an older one is not what was saved
            raise
        except InputError as error:
            complaints.append(str(error))
    return None, complaints

"""A run on disk: everything that the next step depends on, in one safetensors file.

Tensors are tensors; the rest is one JSON text in the file's metadata. A checkpoint is written to a
temporary file beside its place, flushed to the disk and renamed, so that a reader finds the old
one or the new one and never a part. Nothing in it can run code.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from core.errors import InputError
from core.files import write_atomically
from core.geometry.cameras import CameraRig
from core.training.build import build_field, held_out, make_learned, without_camera
from core.training.config import Config
from core.training.learned import Learned
from core.training.settings import changed, flattened
from core.training.trainer import Trainer

FORMAT = 1
KEPT = 3  # newest checkpoints that stay


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a checkpoint file holds."""

    path: Path
    facts: dict[str, Any]  # plain JSON: config, step, epoch, stage, names, ...
    tensors: dict[str, Tensor]

    @property
    def config(self) -> Config:
        """The settings in force when it was saved."""
        return changed(Config(), flattened(self.facts["config"], str(self.path)))


def folder(run: Path) -> Path:
    """Where a run keeps its checkpoints."""
    return run / "checkpoints"


def save(trainer: Trainer, run: Path, extra: dict[str, Tensor], kept_as: str = "") -> Path:
    """Write a checkpoint, and sweep old ones.

    Args:
        trainer: what to save.
        run: the run's folder.
        extra: more tensors to keep with it: curves and trails.
        kept_as: a word for one that is never swept, such as the state before a refine.

    Returns:
        The file, once it is safely on the disk.
    """
    facts = {
        "format": FORMAT,
        "config": trainer.config.model_dump(mode="json"),
        "names": list(trainer.photos.names),
        "size": [trainer.rig.width, trainer.rig.height],
        "step": trainer.step,
        "epoch": trainer.epoch,
        "stage": trainer.stage,
        "stage_start": trainer.stage_start,
        "field_start": trainer.field_start,
        "seconds": trainer.seconds,
        "torch": torch.__version__,
        "device": trainer.device.type,
    }
    tensors = _tensors(trainer) | {f"extra.{name}": value for name, value in extra.items()}
    facts["digest"] = _digest(facts, tensors)
    name = f"{trainer.step:09d}{'-' + kept_as if kept_as else ''}.safetensors"
    place = folder(run) / name
    write_atomically(place, safetensors.torch.save(tensors, {"facts": json.dumps(facts)}))
    _sweep(folder(run))
    return place


def _tensors(trainer: Trainer) -> dict[str, Tensor]:
    tensors = {f"rig.{n}": p.detach() for n, p in trainer.rig.named_parameters()}
    tensors |= {f"field.{n}": p.detach() for n, p in trainer.field.named_parameters()}
    for group, optimizer in trainer.optimizers.items():
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{group}.{index}.{key}": value for key, value in state.items()}
    tensors["chance"] = trainer.generator.get_state()
    tensors["order"] = trainer.order
    tensors["photo_error"] = trainer.photo_error
    return {name: tensor.contiguous().cpu().clone() for name, tensor in tensors.items()}


def _digest(facts: dict[str, Any], tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


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
    trainer.step, trainer.epoch, trainer.stage = facts["step"], facts["epoch"], facts["stage"]
    trainer.stage_start, trainer.field_start = facts["stage_start"], facts["field_start"]
    trainer.seconds = facts["seconds"]
    _load(trainer.rig, trainer.field, tensors)
    for group, optimizer in trainer.optimizers.items():
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            if name.startswith(f"adam.{group}."):
                index, key = name.removeprefix(f"adam.{group}.").split(".")
                state.setdefault(int(index), {})[key] = tensor
        optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    trainer.generator.set_state(tensors["chance"])
    trainer.order, trainer.photo_error = tensors["order"], tensors["photo_error"]
    return {n.removeprefix("extra."): t for n, t in tensors.items() if n.startswith("extra.")}


def learned(found: Checkpoint) -> Learned:
    """Cameras and scene of a checkpoint, without the photos they were learned from."""
    config, facts, tensors = found.config, found.facts, found.tensors
    names = tuple(facts["names"])
    part = config.cameras
    rig = CameraRig(
        len(names), *facts["size"], part.rotation, part.focal, part.shared_focal, focal_ratio=1.0
    )
    field = build_field(config, torch.Generator())
    _load(rig, field, tensors)
    split = held_out(config.data.held_out, len(names))
    unlearned = without_camera(config, names, tensors["photo_error"], split)
    return make_learned(config, names, rig, field, unlearned)


@torch.no_grad()
def _load(rig: CameraRig, field: nn.Module, tensors: dict[str, Tensor]) -> None:
    for prefix, module in (("rig", rig), ("field", field)):
        for name, parameter in module.named_parameters():
            parameter.copy_(tensors[f"{prefix}.{name}"])


def read(path: Path) -> Checkpoint:
    """Read one checkpoint file.

    Raises:
        InputError: the file is damaged or of another version.
    """
    try:
        with safetensors.safe_open(path, "pt") as file:
            facts = json.loads((file.metadata() or {})["facts"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError, KeyError, ValueError) as error:
        raise InputError(f"The checkpoint {path} is damaged ({error}); delete it.") from None
    digest = facts.pop("digest", None)
    if facts.get("format") != FORMAT or digest != _digest(facts, tensors):
        raise InputError(f"The checkpoint {path} is damaged or of another version; delete it.")
    return Checkpoint(path, facts, tensors)


def learned_in(run: Path) -> Learned:
    """What the newest checkpoint of a run has learned.

    Raises:
        InputError: the folder holds no readable run.
    """
    found, complaints = newest(run)
    if found is None:
        reason = complaints[0] if complaints else f"{run} holds no run; name one with --run DIR."
        raise InputError(reason)
    return learned(found)


def newest(run: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest readable checkpoint of a run, and a sentence for each newer one that is not."""
    complaints: list[str] = []
    for path in _by_age(folder(run)):
        try:
            return read(path), complaints
        except InputError as error:
            complaints.append(str(error))
    return None, complaints


def _by_age(place: Path) -> list[Path]:
    return sorted(place.glob("*.safetensors"), key=lambda p: p.stat().st_mtime_ns, reverse=True)


def _sweep(place: Path) -> None:
    numbered = [path for path in _by_age(place) if path.stem.isdigit()]
    for path in numbered[KEPT:]:
        path.unlink()
    for left in place.glob(".*.part"):
        left.unlink()

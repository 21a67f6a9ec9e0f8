"""A checkpoint may come from anywhere: what none of ours would hold ends in one sentence."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from core.engine.monitoring.history import Recorder
from core.engine.run_folder.opening import open_run
from core.errors import InputError
from core.photos import PhotoSet, load_photos
from core.runs import checkpoint
from core.runs.container import digest_of, write_content
from core.training.trainer import Trainer
from tests.conftest import small_config
from tests.core.training.layers import brief

Facts, Tensors = dict[str, Any], dict[str, Tensor]


@pytest.fixture(scope="module")
def saved(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Path, bool], checkpoint.Checkpoint]:
    """A run's checkpoint, of a bootstrap or of a network alone, made once each."""
    made: dict[bool, checkpoint.Checkpoint] = {}

    def save(photos: Path, bootstrap: bool) -> checkpoint.Checkpoint:
        if bootstrap not in made:
            config = small_config(data__photos=str(photos), training__bootstrap=bootstrap)
            read = load_photos(photos, 0, "white")
            trainer = Trainer(config, read, brief(steps=3) if bootstrap else None)
            recorder = Recorder(len(read.names))
            for _ in range(2):
                result = trainer.train_step(1)
                recorder.add(trainer.step, result.loss, trainer.rig)
            made[bootstrap] = checkpoint.taken(trainer, Path("none"), recorder.tensors())
            trainer.close()
        facts = json.loads(json.dumps(made[bootstrap].facts))
        facts["config"]["data"]["photos"] = str(photos)
        tensors = {name: tensor.clone() for name, tensor in made[bootstrap].tensors.items()}
        return checkpoint.Checkpoint(Path("none"), facts, tensors)

    return save


def forged(path: Path, facts: Facts, tensors: Tensors) -> Path:
    """A file with a digest that is right, whatever it holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {**facts, "serial": 1}
    facts["digest"] = digest_of(facts, tensors)
    save_file(tensors, path, {"facts": json.dumps(facts)})
    return path


def facts_of(**changes: Any) -> Callable[[Facts, Tensors], None]:
    """Other facts; None takes one away."""

    def forge(facts: Facts, tensors: Tensors) -> None:
        for name, value in changes.items():
            place, *inner = name.split("__")
            holder, key = (facts[place], inner[0]) if inner else (facts, place)
            if value is None:
                del holder[key]
            else:
                holder[key] = value

    return forge


def tensor(
    name: str, change: Callable[[Tensor], Tensor | None]
) -> Callable[[Facts, Tensors], None]:
    """Another tensor of a name; None takes it away."""

    def forge(facts: Facts, tensors: Tensors) -> None:
        new = change(tensors.pop(name))
        if new is not None:
            tensors[name] = new.contiguous()

    return forge


def holed(value: float) -> Callable[[Tensor], Tensor]:
    """One number of a tensor another."""

    def change(old: Tensor) -> Tensor:
        old.view(-1)[0] = value
        return old

    return change


NETWORK = {
    "no step": facts_of(step=None),
    "step is a word": facts_of(step="many"),
    "step below 0": facts_of(step=-5),
    "step beyond numbers": facts_of(step=10**30),
    "epoch beyond numbers": facts_of(epoch=10**308),
    "seconds are none": facts_of(seconds=float("nan")),
    "a stage that is none": facts_of(stage="deploy"),
    "a scene that is none": facts_of(shown="nothing"),
    "found by nobody": facts_of(found_by="magic"),
    "findings are a list": facts_of(findings=[1, 2]),
    "findings are words": facts_of(findings__focal_interval=["a", "b"]),
    "Undo to another's file": facts_of(
        undo=[{"file": "../../1-2-before-refine-1.safetensors", "words": "", "taken": ""}]
    ),
    "unseen is infinite": facts_of(unseen={"field": float("inf")}),
    "a picture without width": facts_of(size=[0, 18]),
    "a picture too large": facts_of(size=[10**9, 10**9]),
    "a photo without height": facts_of(sizes=[[24, 0]] * 5),
    "sizes of fewer photos": facts_of(sizes=[[24, 18]]),
    "names twice": facts_of(names=["0.png"] * 5),
    "names are numbers": facts_of(names=[1, 2, 3, 4, 5]),
    "no config": facts_of(config=None),
    "config of words": facts_of(config="relu"),
    "an option out of bounds": facts_of(config__field={"width": 10**9}),
    "another field": facts_of(config__field={"kind": "siren"}),
    "a precision that is none": facts_of(precision="float1"),
    "no field start": facts_of(field_start="soon"),
    "positions not finite": tensor("rig.position", holed(torch.nan)),
    "weights not finite": tensor("field.hidden.0.weight", holed(torch.inf)),
    "moments not finite": tensor("adam.field.0.exp_avg", holed(torch.nan)),
    "one position for all": tensor("rig.position", lambda old: old[:1]),
    "no positions": tensor("rig.position", lambda _: None),
    "positions of double": tensor("rig.position", lambda old: old.double()),
    "moments of another": tensor("adam.position.0.exp_avg", lambda old: old[:2]),
    "order beyond the photos": tensor("order", lambda _: torch.tensor([0, 99])),
    "order of fractions": tensor("order", lambda _: torch.tensor([0.5])),
    "errors of too few photos": tensor("photo_error", lambda old: old[:2]),
    "chance cut short": tensor("chance", lambda old: old[:100]),
    "chance all ones": tensor("chance", lambda old: torch.full_like(old, 255)),
    "curves of another shape": tensor("extra.curve", lambda old: old[:, :2]),
    "marks that are no text": tensor("extra.marks", lambda _: torch.full((4,), 255).byte()),
    "trails of other photos": tensor("extra.trail.poses", lambda old: old[:, :2]),
}
PLANES = {
    "a level that is none": tensor("planes.at", lambda _: torch.tensor([99, 0])),
    "rivals of another phase": facts_of(bootstrap__rivals=3),
    "a phase that is none": facts_of(bootstrap__phase="deploy"),
    "a billion rivals": facts_of(bootstrap__rivals=10**9),
    "planes not finite": tensor("planes.field.blocks.1", holed(torch.nan)),
    "planes of another size": tensor("planes.field.blocks.1", lambda old: old[..., :4]),
    "planes of five channels": tensor("planes.field.blocks.0", lambda old: old.repeat(1, 2, 1, 1)),
    "planes nowhere": tensor("planes.field.places", lambda old: old[:3]),
    "no reach": tensor("planes.field.reach", lambda old: old * 0),
    "photos beyond the photos": tensor("planes.trained", lambda old: old + 50),
    "mixing of one camera": tensor("planes.mixing", lambda old: old[:1]),
    "mixing not finite": tensor("planes.mixing", holed(torch.inf)),
}


@pytest.mark.parametrize("kind", [*NETWORK, *PLANES])
def test_what_none_of_ours_would_hold_is_refused_in_a_sentence(
    saved: Callable[[Path, bool], checkpoint.Checkpoint],
    photo_folder: Path,
    tmp_path: Path,
    kind: str,
) -> None:
    found, run = saved(photo_folder, kind in PLANES), tmp_path / "run"
    (NETWORK | PLANES)[kind](found.facts, found.tensors)
    forged(run / "checkpoints" / "000001-000000002.safetensors", found.facts, found.tensors)
    with pytest.raises(InputError) as refusal:
        trainer, *_ = open_run(run, {})
        trainer.close()
    if "curves" not in kind and "trails" not in kind and "marks" not in kind:  # of training alone
        shows_or_refuses(run)
    assert "\n" not in str(refusal.value) and len(str(refusal.value)) < 500
    assert "run/checkpoints/000001" in str(refusal.value) or "option" in kind


def shows_or_refuses(run: Path) -> None:
    """What reads a run without its photos ends in a sentence too, or shows something finite."""
    try:
        learned = checkpoint.learned_in(run)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert all(np.isfinite(camera.camera_to_world).all() for camera in learned.cameras)


@pytest.mark.parametrize("bootstrap", [False, True])
def test_what_is_not_forged_goes_on(
    saved: Callable[[Path, bool], checkpoint.Checkpoint],
    photo_folder: Path,
    tmp_path: Path,
    bootstrap: bool,
) -> None:
    found, run = saved(photo_folder, bootstrap), tmp_path / "run"
    file = forged(run / "checkpoints" / "1-2.safetensors", found.facts, found.tensors)
    trainer, _, said = open_run(run, {})
    assert trainer.train_step(1).finite and not said
    trainer.close()
    tensors = checkpoint.read(file).tensors
    os.truncate(file, 100)  # what was mapped would end the process here
    assert torch.isfinite(tensors["rig.position"]).all()


def test_another_torch_and_device_are_said(
    saved: Callable[[Path, bool], checkpoint.Checkpoint], photo_folder: Path, tmp_path: Path
) -> None:
    found, run = saved(photo_folder, False), tmp_path / "run"
    facts = found.facts | {"torch": "2.9.1", "device": "cuda"}
    forged(run / "checkpoints" / "1-2.safetensors", facts, found.tensors)
    trainer, _, said = open_run(run, {})
    trainer.close()
    assert [
        s.startswith("The run was saved by torch 2.9.1 on cuda and goes on by torch ") for s in said
    ] == [True]


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff" * 8, b"\0" * 64, (2**40).to_bytes(8, "little"), (2).to_bytes(8, "little") + b"{}",
     (2 * 10**5).to_bytes(8, "little") + b"[" * 2 * 10**5,
     (1).to_bytes(8, "little") + b"5", (5 * 10**6).to_bytes(8, "little") + b"[" + b"[]," * 10**6],
)  # fmt: skip
def test_what_is_no_safetensors_file_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "1-2.safetensors"
    file.write_bytes(content)
    with pytest.raises(InputError, match="is damaged"):
        checkpoint.read(file)
    os.unlink(file)
    os.mkfifo(file)
    with pytest.raises(InputError, match="no file"):
        checkpoint.read(file)


def test_a_state_that_is_not_finite_is_not_saved(photos: PhotoSet, tmp_path: Path) -> None:
    trainer = Trainer(small_config(), photos)
    good = checkpoint.save(trainer, tmp_path, {})
    trainer.rig.position.data[0] = torch.nan
    with pytest.raises(InputError, match=r"rig.position is not finite"):
        checkpoint.save(trainer, tmp_path, {})
    assert [file.name for file in good.parent.iterdir()] == [good.name]


def test_what_reads_otherwise_than_it_was_written_is_not_kept(
    photos: PhotoSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = Trainer(small_config(), photos)

    def flipping(path: Path, facts: dict[str, Any], tensors: Tensors) -> None:
        write_content(path, facts, tensors)
        content = bytearray(path.read_bytes())
        content[-5] ^= 1
        path.write_bytes(content)

    monkeypatch.setattr(checkpoint, "write_content", flipping)
    with pytest.raises(OSError, match="reads otherwise"):
        checkpoint.save(trainer, tmp_path, {})
    assert not list((tmp_path / "checkpoints").iterdir())

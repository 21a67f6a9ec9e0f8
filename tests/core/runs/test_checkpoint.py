"""Stopping and going on is the same as never having stopped."""

import os
from pathlib import Path

import pytest
import torch

from core.config.paths import changed
from core.engine.monitoring.history import Recorder
from core.errors import InputError
from core.geometry.cameras import CameraRig
from core.photos import PhotoSet
from core.runs import checkpoint
from core.training.changes import configure, refine
from core.training.trainer import Trainer
from tests.conftest import small_config


def numbers(trainer: Trainer) -> torch.Tensor:
    """Everything learned, in one row."""
    return torch.cat(
        [p.detach().flatten() for p in [*trainer.rig.parameters(), *trainer.field.parameters()]]
    )


def run_on(trainer: Trainer, steps: int) -> torch.Tensor:
    """Train on, and what is learned then."""
    for _ in range(steps):
        trainer.train_step(1)
    return numbers(trainer)


def reopened(path: Path, photos: PhotoSet) -> Trainer:
    """A trainer that continues a file."""
    found = checkpoint.read(path)
    trainer = Trainer(found.config, photos)
    checkpoint.restore(trainer, found)
    return trainer


@pytest.mark.parametrize("pixels_from", ["all-photos", "one-photo"])
@pytest.mark.parametrize("stop_at", [1, 4, 7, 13])
def test_resume_is_bit_for_bit(
    photos: PhotoSet, tmp_path: Path, pixels_from: str, stop_at: int
) -> None:
    config = small_config(
        training__pixels_from=pixels_from, field__density_noise=1.0, field__decay_epochs=1,
        field__decay=0.5, cameras__decay_epochs=1,
    )  # fmt: skip
    unbroken = Trainer(config, photos)
    stopped = Trainer(config, photos)
    run_on(stopped, stop_at)
    path = checkpoint.save(stopped, tmp_path, {})
    assert torch.equal(run_on(reopened(path, photos), 17 - stop_at), run_on(unbroken, 17))


def test_resume_in_refine_with_converted_cameras_is_bit_for_bit(
    photos: PhotoSet, tmp_path: Path
) -> None:
    trainer = Trainer(small_config(training__freeze_cameras_epochs=1), photos)
    run_on(trainer, 6)
    refine(trainer)
    run_on(trainer, 7)
    configure(trainer, changed(trainer.config, {"cameras.rotation": "rotation6D"}))
    run_on(trainer, 2)
    path = checkpoint.save(trainer, tmp_path, {})
    again = reopened(path, photos)
    assert (again.stage, again.step, again.epoch) == ("refine", 15, trainer.epoch)
    assert torch.equal(run_on(again, 6), run_on(trainer, 6))


def forget(part: str, found: checkpoint.Checkpoint) -> None:
    """Lose one part of a checkpoint, as a careless format would."""
    match part:
        case "moments":
            for name in found.tensors:
                if name.startswith("adam.") and not name.endswith(".step"):
                    found.tensors[name].zero_()
        case "schedule":
            found.facts["epoch"] = 0
        case "chance":
            found.tensors["chance"] = torch.Generator().manual_seed(5).get_state()
        case "order":
            found.tensors["order"] = found.tensors["order"][:0]
        case "cameras":
            found.tensors["rig.position"].zero_()


@pytest.mark.parametrize("part", ["moments", "schedule", "chance", "order", "cameras"])
def test_every_part_of_a_checkpoint_matters(photos: PhotoSet, tmp_path: Path, part: str) -> None:
    config = small_config(
        training__pixels_from="one-photo", field__decay_epochs=1, field__decay=0.5
    )
    trainer = Trainer(config, photos)
    run_on(trainer, 7)
    path = checkpoint.save(trainer, tmp_path, {})
    found = checkpoint.read(path)
    forget(part, found)
    maimed = Trainer(found.config, photos)
    checkpoint.restore(maimed, found)
    assert not torch.equal(run_on(maimed, 5), run_on(trainer, 5))


def test_damaged_files_are_passed_over_with_a_sentence(photos: PhotoSet, tmp_path: Path) -> None:
    trainer = Trainer(small_config(), photos)
    good = checkpoint.save(trainer, tmp_path, {})
    run_on(trainer, 1)
    bad = checkpoint.save(trainer, tmp_path, {})
    content = bytearray(bad.read_bytes())
    for position in (3, 200, len(content) // 2, len(content) - 1):
        broken = content.copy()
        broken[position] ^= 4
        bad.write_bytes(bytes(broken))
        found, complaints = checkpoint.newest(tmp_path)
        assert found is not None and found.path == good
        assert str(bad) in complaints[0]
    bad.write_bytes(bytes(content[: len(content) // 2]))
    assert checkpoint.newest(tmp_path)[0].path == good  # type: ignore[union-attr]


def test_a_run_of_another_version_is_told_from_a_damaged_one(
    photos: PhotoSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = checkpoint.save(Trainer(small_config(), photos), tmp_path, {})
    monkeypatch.setattr(checkpoint, "FORMAT", checkpoint.FORMAT + 1)
    with pytest.raises(InputError, match="another version"):
        checkpoint.read(path)


def test_a_failed_save_leaves_the_old_checkpoint_and_no_litter(
    photos: PhotoSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = Trainer(small_config(), photos)
    checkpoint.save(trainer, tmp_path, {})
    before = sorted(checkpoint.folder(tmp_path).iterdir())

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    run_on(trainer, 1)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(trainer, tmp_path, {})
    assert sorted(checkpoint.folder(tmp_path).iterdir()) == before


def test_only_the_newest_are_kept_and_marked_ones_for_ever(
    photos: PhotoSet, tmp_path: Path
) -> None:
    trainer = Trainer(small_config(), photos)
    marked = checkpoint.save(trainer, tmp_path, {}, kept_as="before-refine")
    for _ in range(6):
        run_on(trainer, 1)
        checkpoint.save(trainer, tmp_path, {})
    kept = sorted(p.stem for p in checkpoint.folder(tmp_path).iterdir())
    assert kept == [marked.stem, "000005-000000004", "000006-000000005", "000007-000000006"]
    newest, _ = checkpoint.newest(tmp_path)
    assert newest is not None and newest.facts["step"] == 6


def test_other_photos_are_refused(photos: PhotoSet, tmp_path: Path) -> None:
    path = checkpoint.save(Trainer(small_config(), photos), tmp_path, {})
    others = PhotoSet(("x.png", *photos.names[1:]), photos.pixels, 24, 18, None, ())
    with pytest.raises(InputError, match="not those of the run"):
        reopened(path, others)


def test_curves_survive(photos: PhotoSet, tmp_path: Path) -> None:
    recorder, rig = Recorder(5), CameraRig(5, 24, 18, "quaternion", "exp", True, 0.8)
    for step in range(1, 2000):
        with torch.no_grad():
            rig.position += 1 / step
            rig.rotation[:, 1] += 0.1 / step
        recorder.add(step, 1 / step, rig)
    recorder.mark(7, "rotation quaternion")
    path = checkpoint.save(Trainer(small_config(), photos), tmp_path, recorder.tensors())
    again = Recorder(5)
    again.restore(
        {
            n.removeprefix("extra."): t
            for n, t in checkpoint.read(path).tensors.items()
            if "extra" in n
        }
    )
    assert (again.history().loss == recorder.history().loss).all()
    for name, kept in vars(recorder.trails).items():
        assert (getattr(again.trails, name) == kept).all(), name
    assert again.history().marks == ((7, "rotation quaternion"),)
    assert 200 < len(recorder.history().steps) <= 600
    assert len(recorder.trails.steps) == 120 and recorder.trails.poses.shape[1:] == (5, 3, 4)
    assert (recorder.history().steps[1:] > recorder.history().steps[:-1]).all()

"""Which checkpoint is the newest is told by serials, whatever clocks and copies make of a run."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from safetensors.torch import save_file

from core.errors import InputError
from core.photos import PhotoSet
from core.runs import checkpoint
from core.runs.container import digest_of
from core.training.trainer import Trainer
from tests.conftest import small_config


@pytest.fixture
def trainer(photos: PhotoSet) -> Trainer:
    """A trainer at step 0."""
    return Trainer(small_config(), photos)


def saved(trainer: Trainer, run: Path, steps: int, kept_as: str = "") -> Path:
    """The checkpoint after so many more steps."""
    for _ in range(steps):
        trainer.train_step(1)
    return checkpoint.save(trainer, run, {}, kept_as)


def newest_step(run: Path) -> int:
    """The step of the newest checkpoint."""
    found, complaints = checkpoint.newest(run)
    assert found is not None and not complaints
    return int(found.facts["step"])


def dated(path: Path, seconds: int) -> None:
    """Set a file's date."""
    os.utime(path, (seconds, seconds))


def test_dates_of_files_mean_nothing(trainer: Trainer, tmp_path: Path) -> None:
    run = tmp_path / "run"
    files = [saved(trainer, run, 2) for _ in range(3)]
    for age, file in enumerate(files):
        dated(file, 10**9 - 1000 * age)
    assert newest_step(run) == 6
    copied = shutil.copytree(run, tmp_path / "copied", copy_function=shutil.copyfile)
    dated(checkpoint.folder(copied) / files[0].name, 2 * 10**9)
    assert newest_step(copied) == 6
    written = saved(trainer, copied, 1)
    dated(written, 0)  # as under a clock that was set back
    assert newest_step(copied) == 7 and not (checkpoint.folder(copied) / files[0].name).exists()
    saved(trainer, copied, 1)
    assert written.exists() and newest_step(copied) == 8


def test_a_step_gone_back_to_is_the_newest_once_it_is_saved(
    trainer: Trainer, photos: PhotoSet, tmp_path: Path
) -> None:
    for _ in range(3):
        saved(trainer, tmp_path, 2)
    back = Trainer(trainer.config, photos)
    written = saved(back, tmp_path, 1)
    assert newest_step(tmp_path) == 1 and written.exists()
    assert saved(back, tmp_path, 1, "before-refine-1").name.startswith("000005-")
    assert newest_step(tmp_path) == 2


def test_renamed_files_are_ordered_by_what_is_inside(trainer: Trainer, tmp_path: Path) -> None:
    old, new = saved(trainer, tmp_path, 1), saved(trainer, tmp_path, 1)
    new.rename(new.with_name("a copy (1).safetensors"))
    old.rename(old.with_name("zz-000009-000000009.safetensors"))
    assert newest_step(tmp_path) == 2
    assert saved(trainer, tmp_path, 1).name == "000003-000000003.safetensors"
    assert newest_step(tmp_path) == 3


def test_a_damaged_file_keeps_its_place_and_is_complained_of(
    trainer: Trainer, tmp_path: Path
) -> None:
    old, new = saved(trainer, tmp_path, 1), saved(trainer, tmp_path, 1)
    new.write_bytes(b"")
    found, complaints = checkpoint.newest(tmp_path)
    assert found is not None and found.path == old and str(new) in complaints[0]
    assert saved(trainer, tmp_path, 1).name.startswith("000003-")


def without_serial(path: Path) -> Path:
    """Make of a checkpoint what earlier versions wrote: no serial in the name, and none inside."""
    found = checkpoint.read(path)
    facts = {name: value for name, value in found.facts.items() if name != "serial"}
    facts["digest"] = digest_of(facts, found.tensors)
    save_file(found.tensors, path, {"facts": json.dumps(facts)})
    return path.rename(path.with_name(path.name.partition("-")[2]))


def test_runs_from_before_serials_open_and_go_on(trainer: Trainer, tmp_path: Path) -> None:
    written = [saved(trainer, tmp_path, 1, "cameras-found")]
    written += [saved(trainer, tmp_path, 1) for _ in range(3)]
    old = [without_serial(path) for path in written]
    assert [path.stem for path in old[:2]] == ["000000001-cameras-found", "000000002"]
    for age, path in enumerate(old):
        dated(path, 10**9 + age)
    assert newest_step(tmp_path) == 4
    dated(old[-1], 2 * 10**9)  # even from the future
    new = saved(trainer, tmp_path, 1)
    assert new.stem == "000001-000000005" and newest_step(tmp_path) == 5
    kept = {path.name for path in checkpoint.folder(tmp_path).iterdir()}
    assert kept == {new.name, *(old[i].name for i in (0, 2, 3))}


def test_a_serial_cannot_be_altered_unnoticed(trainer: Trainer, tmp_path: Path) -> None:
    path = saved(trainer, tmp_path, 1)
    content = path.read_bytes()
    altered, count = re.subn(rb'\\"serial\\": 1', rb'\\"serial\\": 9', content)
    assert count == 1
    path.write_bytes(altered)
    with pytest.raises(InputError, match="damaged"):
        checkpoint.read(path)

"""A run is a folder: moved, copied or synchronised it goes on, with what lies in it."""

import shutil
import time
from pathlib import Path

import pytest

from core.config.paths import changed
from core.engine.monitoring.history import Recorder
from core.engine.run_folder.opening import open_run
from core.photos import load_photos
from core.runs import checkpoint
from core.runs.home import at_home
from core.training.trainer import Trainer
from tests.conftest import small_config


def run_with_photos_inside(run: Path, photo_folder: Path) -> Path:
    """A run whose photos were dropped into it, with three checkpoints."""
    inside = shutil.copytree(photo_folder, run / "photos" / "drop-1")
    config = small_config(data__photos=str(inside))
    photos = load_photos(inside, 0, "white")
    trainer = Trainer(config, photos)
    for _ in range(3):
        trainer.train_step(1)
        checkpoint.save(trainer, run, Recorder(len(photos.names)).tensors())
    trainer.close()
    return run


def copied_backwards(run: Path, copy: Path) -> Path:
    """As some tools copy: every file gets the time of its copying, the newest first."""
    for file in sorted(run.rglob("*"), reverse=True):
        if file.is_file():
            place = copy / file.relative_to(run)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
            time.sleep(0.002)  # so that times differ
    return copy


def test_a_moved_run_goes_on_with_the_photos_in_it(photo_folder: Path, tmp_path: Path) -> None:
    run = run_with_photos_inside(tmp_path / "run", photo_folder)
    there = copied_backwards(run, tmp_path / "elsewhere" / "copy")
    shutil.rmtree(run)
    trainer, _, said = open_run(there, {})
    try:
        assert trainer.step == 3 and not said
        assert trainer.config.data.photos == str(there / "photos" / "drop-1")
        assert trainer.train_step(1).finite
    finally:
        trainer.close()
    trainer, *_ = open_run(there, {"cameras.rotation": "quaternion"})
    trainer.close()
    assert trainer.config.data.photos == str(there / "photos" / "drop-1")


@pytest.mark.parametrize(
    "named", ["/gone/run/photos/drop-1", "C:\\runs\\mine\\photos\\drop-1", "photos/drop-1"]
)
def test_what_lies_in_the_run_is_found_from_any_system(tmp_path: Path, named: str) -> None:
    (tmp_path / "photos" / "drop-1").mkdir(parents=True)
    config = changed(
        small_config(), {"data.photos": named, "explore.reference": "/x/photos/y.json"}
    )
    facts = {"config": config.model_dump(mode="json")}
    found = at_home(facts, tmp_path)["config"]
    assert found["data"]["photos"] == str(tmp_path / "photos" / "drop-1")
    assert found["explore"]["reference"] == "/x/photos/y.json", "what is nowhere keeps its name"
    assert facts["config"]["data"]["photos"] == named
    there = tmp_path / "given"
    there.mkdir()
    facts["config"]["data"]["photos"] = str(there)
    assert at_home(facts, tmp_path)["config"]["data"]["photos"] == str(there)

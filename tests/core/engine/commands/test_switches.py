"""A checkpoint is kept where a run goes from one stage to the next by itself."""

from pathlib import Path

import pytest

from core.engine import Engine
from core.engine.commands import Configure, Play, Refine, Save
from core.runs import checkpoint
from core.training.trainer import Trainer
from tests.conftest import small_options
from tests.core.engine.test_engine import said, until
from tests.core.training.layers import brief


def test_the_cameras_that_the_bootstrap_found_are_kept(
    photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = Trainer.__init__.__defaults__[1:]
    monkeypatch.setattr(Trainer.__init__, "__defaults__", (brief(steps=2), *others))
    options = small_options(data__photos=str(photo_folder), training__bootstrap=True)
    engine = Engine(tmp_path / "run", options)
    engine.start()
    engine.submit(Play(steps=60))
    until(engine, lambda s: s.step == 60)
    engine.stop()
    (file,) = checkpoint.folder(tmp_path / "run").glob("*-cameras-found.safetensors")
    found = checkpoint.read(file)
    assert found.facts["stage"] == "explore"
    assert 0 < found.facts["step"] < 60 and "bootstrap" not in found.facts


def test_refines_after_its_epochs_and_keeps_what_was_before(
    photo_folder: Path, tmp_path: Path
) -> None:
    engine = Engine(tmp_path / "run", small_options(data__photos=str(photo_folder)))
    engine.start()
    engine.submit(Configure({"training.pretrain_epochs": 2}))
    engine.submit(Play(epochs=3))
    done = until(engine, lambda s: s.epoch == 3 and not s.playing)
    assert done.stage == "refine"
    assert [step for step, word in done.history.marks if word == "Rebuild"] == [10]  # type: ignore[union-attr]
    engine.submit(Refine())  # by hand
    until(engine, lambda s: len(s.history.marks) == 2)  # type: ignore[union-attr]
    engine.submit(Save())
    until(engine, lambda s: "Checkpoint saved" in said(s))
    engine.stop()
    kept = {
        file.stem: checkpoint.read(file).facts["stage"]
        for file in checkpoint.folder(done.run).glob("*-before-*.safetensors")
    }
    assert kept == {
        "000001-000000010-before-refine-1": "explore",
        "000002-000000015-before-refine-2": "refine",
    }

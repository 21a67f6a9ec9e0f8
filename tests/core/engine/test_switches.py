"""A checkpoint is kept where a run goes from one stage to the next by itself."""

from pathlib import Path

import pytest

from core.engine import Engine
from core.engine.commands import Play
from core.training import checkpoint
from core.training.trainer import Trainer
from tests.conftest import small_options
from tests.core.engine.test_engine import until
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

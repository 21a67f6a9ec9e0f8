"""From one run to another: the first is saved whole, the second goes on where it was left."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core.engine import Engine
from core.engine.commands import Configure, Open, Restart, Save, Step
from core.engine.run_folder.claim import Claim
from core.errors import InputError
from core.runs import checkpoint, moments
from core.runs.shelf import Shelf
from core.runs.summary import State
from studio.routes.branching import branched
from tests.core.engine.test_engine import said, until


def test_another_run_is_opened_and_the_first_is_kept(engine: Engine, tmp_path: Path) -> None:
    first = engine.snapshot.run
    engine.submit(Step(2))
    until(engine, lambda s: s.step == 2 and not s.playing)
    engine.submit(Open(first))  # is open already
    engine.submit(Step(1))
    until(engine, lambda s: s.step == 3 and not s.playing)
    with Claim(tmp_path / "taken"):
        engine.submit(Open(tmp_path / "taken"))
        until(engine, lambda s: "another" in said(s) or "uses" in said(s))
    assert engine.snapshot.run == first
    engine.submit(Open(tmp_path / "nothing"))
    failed = until(engine, lambda s: s.run.name == "nothing" and s.phase == "failed")
    assert "No photos yet" in str(failed.failure)
    assert checkpoint.newest_in(first).facts["step"] == 3  # was saved on leaving
    branch = Shelf(tmp_path).duplicate("run")
    engine.submit(Open(branch))
    until(engine, lambda s: s.run == branch and s.step == 3 and s.phase == "ready")
    engine.submit(Step(2))
    until(engine, lambda s: s.step == 5)
    engine.submit(Open(first))
    back = until(engine, lambda s: s.run == first and s.phase == "ready")
    assert back.step == 3 and not back.playing
    assert checkpoint.newest_in(branch).facts["step"] == 5
    assert not (branch / "run.lock").exists() and (first / "run.lock").exists()


def test_a_run_keeps_moments_and_another_branches_from_one(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.engine.run_folder.moments.FIRST", 0.0)
    monkeypatch.setattr("core.engine.run_folder.moments.GROWTH", 1.0)
    run = engine.snapshot.run
    for step in (1, 2, 3):
        engine.submit(Step(1))
        until(engine, lambda s, step=step: s.step == step and not s.playing)
    engine.submit(Open(tmp_path / "elsewhere"))  # what is under way is written
    until(engine, lambda s: s.run.name == "elsewhere")
    kept = moments.moments_of(run)
    assert set(kept) <= {1, 2, 3} and kept
    engine.submit(Open(run))
    back = until(engine, lambda s: s.run == run and s.phase == "ready")
    step = next(iter(kept))
    command = branched(Shelf(tmp_path), back, step)
    assert command.run.name == f"run-from-{step}"
    engine.submit(command)
    begun = until(engine, lambda s: s.run == command.run and s.phase == "ready")
    was = checkpoint.learned(moments.read(kept[step]))
    assert begun.step == 0 and begun.learned is not None
    for mine, theirs in zip(begun.learned.cameras, was.cameras, strict=True):
        assert np.allclose(mine.camera_to_world, theirs.camera_to_world, atol=1e-5)
    mine, theirs = (one.scene.field.state_dict() for one in (begun.learned, was))
    assert all(torch.allclose(mine[name], tensor) for name, tensor in theirs.items())
    with pytest.raises(InputError, match="Nothing was kept"):
        branched(Shelf(tmp_path), back, step - 1)
    engine.submit(Open(run))
    until(engine, lambda s: s.run == run and s.phase == "ready")
    engine.submit(Restart())
    until(engine, lambda s: s.step == 0)
    engine.submit(Step(1))
    until(engine, lambda s: s.step == 1 and not s.playing)
    engine.stop()
    assert list(moments.moments_of(run)) == [1]


def test_what_follows_a_run_does_not_follow_it_into_another(engine: Engine, tmp_path: Path) -> None:
    engine.submit(Configure({"training.tensorboard": True}))
    engine.submit(Step(2))
    until(engine, lambda s: s.step == 2 and not s.playing)
    second = _copied_to(engine, tmp_path)
    copied = len(list(second.rglob("events.out*")))
    engine.submit(Open(second))
    until(engine, lambda s: s.run == second and s.phase == "ready")
    engine.submit(Step(2))
    until(engine, lambda s: s.step == 4 and not s.playing)
    engine.stop()
    assert len(list(second.rglob("events.out*"))) > copied


def _copied_to(engine: Engine, folder: Path) -> Path:
    """A duplicate of the run that is open, once it is saved."""
    engine.submit(Save())
    until(engine, lambda s: "saved" in said(s))
    return Shelf(folder).duplicate("run")


def test_a_state_that_is_as_near_is_taken_whole(engine: Engine, tmp_path: Path) -> None:
    engine.submit(Step(2))
    until(engine, lambda s: s.step == 2 and not s.playing)
    run = engine.snapshot.run
    engine.submit(Open(tmp_path / "elsewhere"))
    until(engine, lambda s: s.run.name == "elsewhere")
    engine.submit(Open(run))
    back = until(engine, lambda s: s.run == run and s.phase == "ready")
    command = branched(Shelf(tmp_path), back, 7)
    (state,) = sorted(checkpoint.folder(command.run).iterdir())
    assert State.of(state).step == 2 and not command.changes

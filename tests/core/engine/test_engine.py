"""Journeys of the engine: commands in, snapshots out, and it survives."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from core.engine import Engine, Snapshot
from core.engine.commands import Configure, Pause, Play, Refine, Restart, Save, Step, Undo
from core.engine.run_folder import reached
from core.errors import InputError
from core.geometry.rays import camera_rays
from core.runs import checkpoint
from core.runs.sweeping import GIGABYTE, kept
from tests.conftest import small_options
from tests.patience import PATIENCE


def until(engine: Engine, true_of: Callable[[Snapshot], bool]) -> Snapshot:
    """Wait for a snapshot of which something is true."""
    snapshot = engine.snapshot
    while not true_of(snapshot):
        newer = engine.wait(snapshot.version, timeout=PATIENCE)
        assert newer.version > snapshot.version, f"still waiting at {snapshot}"
        snapshot = newer
    return snapshot


def steps_to(engine: Engine, step: int) -> None:
    """Train until a step, and pause there."""
    ready = until(engine, lambda s: s.phase == "ready")
    engine.submit(Step(step - ready.step))
    until(engine, lambda s: s.step == step and not s.playing)


def said(snapshot: Snapshot) -> str:
    """The newest notice."""
    return snapshot.notices[-1].text if snapshot.notices else ""


def test_play_pause_step_and_run_until(engine: Engine) -> None:
    assert until(engine, lambda s: s.phase == "ready").step == 0
    engine.submit(Step(3))
    assert until(engine, lambda s: s.step >= 3 and not s.playing).step == 3
    engine.submit(Play())
    until(engine, lambda s: s.step > 6 and s.playing)
    engine.submit(Pause())
    paused = until(engine, lambda s: not s.playing)
    engine.submit(Play(epochs=2))
    later = until(engine, lambda s: not s.playing and s.epoch >= paused.epoch + 2)
    assert later.epoch == paused.epoch + 2
    engine.submit(Play(steps=4))
    assert until(engine, lambda s: not s.playing and s.step > later.step).step == later.step + 4
    engine.submit(Play(seconds=0.3))  # a first step may take all of them
    longer = until(engine, lambda s: not s.playing and s.step > later.step + 4)
    engine.submit(Play(seconds=3600.0))
    assert until(engine, lambda s: s.playing and s.step > longer.step).seconds_left is not None


def test_snapshot_tells_the_truth_and_never_changes(engine: Engine) -> None:
    engine.submit(Step(5))
    snapshot = until(engine, lambda s: s.step == 5)
    assert snapshot.learned is not None and snapshot.photos is not None
    assert snapshot.history is not None and snapshot.trails is not None
    assert len(snapshot.learned.cameras) == 5 == len(snapshot.photo_psnr)
    assert snapshot.psnr is not None and snapshot.loss is not None
    assert snapshot.psnr == pytest.approx(-10 * np.log10(snapshot.loss))
    assert list(snapshot.history.steps) == [1, 2, 3, 4, 5]
    rays = camera_rays(snapshot.learned.cameras[1])
    before = snapshot.learned.scene.render(rays).rgb
    loss = snapshot.history.loss.copy()
    engine.submit(Configure({"field.kind": "siren"}))
    engine.submit(Step(5))
    until(engine, lambda s: s.step == 10)
    assert torch.equal(snapshot.learned.scene.render(rays).rgb, before)
    assert (snapshot.history.loss == loss).all()
    with pytest.raises(ValueError, match="read-only"):
        snapshot.history.loss[0] = 0


def test_toggles_in_the_middle_of_the_run(engine: Engine) -> None:
    engine.submit(Step(5))
    before = until(engine, lambda s: s.step == 5)
    for path, value in (
        ("cameras.rotation", "quaternion"),
        ("cameras.focal", "exp"),
        ("cameras.rotation", "rotation6D"),
        ("field.kind", "siren"),
    ):
        engine.submit(Configure({path: value}))
    after = until(engine, lambda s: s.config.field.kind == "siren")
    assert before.learned is not None and after.learned is not None
    for old, new in zip(before.learned.cameras, after.learned.cameras, strict=True):
        assert np.abs(old.camera_to_world - new.camera_to_world).max() <= 1e-6
        assert new.fx == pytest.approx(old.fx, rel=1e-6)
    assert after.step == 5 and after.undo == "step 5 with Field relu"
    assert [word for _, word in after.history.marks][-1] == "Field siren"  # type: ignore[union-attr]
    engine.submit(Step(2))
    until(engine, lambda s: s.step == 7)


def test_refine_undo_and_restart(engine: Engine) -> None:
    engine.submit(Step(6))
    explored = until(engine, lambda s: s.step == 6)
    engine.submit(Refine())
    refined = until(engine, lambda s: s.stage == "refine")
    assert refined.undo == "step 6 with its scene"
    assert explored.learned is not None and refined.learned is not None
    poses = [c.camera_to_world for c in explored.learned.cameras]
    assert all(
        np.array_equal(a, c.camera_to_world)
        for a, c in zip(poses, refined.learned.cameras, strict=True)
    )
    engine.submit(Step(2))
    until(engine, lambda s: s.step == 8)
    engine.submit(Undo())
    back = until(engine, lambda s: s.stage == "explore")
    assert back.step == 6 and not back.can_undo
    engine.submit(Restart())
    again = until(engine, lambda s: s.step == 0)
    assert again.undo == "step 6 with its 5 photos" and not again.playing
    assert again.learned is not None
    assert all(np.array_equal(c.camera_to_world, np.eye(4)) for c in again.learned.cameras)


def test_wrong_options_become_a_notice_and_change_nothing(engine: Engine) -> None:
    until(engine, lambda s: s.phase == "ready")
    engine.submit(Configure({"field.width": 10**9}))
    refused = until(engine, lambda s: "field.width" in said(s))
    assert refused.notices[-1].kind == "warning"
    assert refused.config.field.width == 16 and refused.failure is None
    engine.submit(Undo())
    until(engine, lambda s: "nothing to undo" in said(s))
    engine.submit(Step(1))
    until(engine, lambda s: s.step == 1)


@pytest.mark.parametrize(
    "kind",
    [ValueError, RuntimeError, MemoryError, KeyError, OSError, RecursionError, ZeroDivisionError],
)
def test_a_bug_in_a_step_stops_training_and_not_the_engine(
    engine: Engine, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    until(engine, lambda s: s.phase == "ready")
    trainer = "core.training.learners.field_learner.training_step"

    def broken(*args: object) -> None:
        raise kind("boom")

    monkeypatch.setattr(trainer, broken)
    engine.submit(Play())
    stopped = until(engine, lambda s: s.failure is not None)
    assert not stopped.playing
    assert "boom" in (stopped.failure or "") and "broken" in (stopped.traceback or "")
    assert stopped.notices[-1].kind == "failure"
    monkeypatch.undo()
    engine.submit(Step(2))
    assert until(engine, lambda s: s.step == 2).failure is None


def test_divergence_pauses_with_a_remedy_and_damages_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.submit(Step(2))
    until(engine, lambda s: s.step == 2)

    def diverged(numbers: Tensor, rays: int) -> tuple[float, bool, Tensor]:
        return float(numbers[0]), False, numbers[-rays:]

    monkeypatch.setattr("core.training.step.judged", diverged)
    engine.submit(Play())
    paused = until(engine, lambda s: "diverged" in said(s))
    assert not paused.playing and "field.rate" in said(paused)
    assert paused.learned is not None
    assert all(np.isfinite(c.camera_to_world).all() for c in paused.learned.cameras)


def test_missing_photos_are_a_state_with_a_remedy(tmp_path: Path, photo_folder: Path) -> None:
    engine = Engine(tmp_path / "run", small_options(data__photos=str(tmp_path / "nowhere")))
    engine.submit(Play())
    engine.start()
    failed = until(engine, lambda s: s.phase == "failed")
    assert "nowhere" in (failed.failure or "")
    engine.submit(Configure({"cameras.rotation": "quaternion"}))
    engine.submit(Configure({"data.photos": str(photo_folder)}))
    engine.submit(Step(1))
    trained = until(engine, lambda s: s.step == 1)
    assert trained.failure is None and trained.config.cameras.rotation == "quaternion"
    assert f"{len(trained.photos.names)} photos loaded." in said(trained)
    engine.submit(Restart())
    until(engine, lambda s: "Started again with" in said(s))
    engine.stop()


def test_stop_saves_and_the_run_goes_on_where_it_was(photo_folder: Path, tmp_path: Path) -> None:
    options = small_options(data__photos=str(photo_folder))
    whole = Engine(tmp_path / "whole", options)
    parts = Engine(tmp_path / "parts", options)
    for engine, steps in ((whole, 9), (parts, 4)):
        engine.submit(Step(steps))
        engine.start()
        until(engine, lambda s, steps=steps: s.step == steps)  # type: ignore[misc]
        engine.stop()
    again = Engine(tmp_path / "parts", {})
    again.submit(Step(5))
    again.start()
    last = until(again, lambda s: s.step == 9)
    again.stop()
    assert any("Continuing parts at step 4" in n.text for n in last.notices)
    assert list(last.history.steps) == list(range(1, 10))  # type: ignore[union-attr]
    ends = [checkpoint.newest(tmp_path / name)[0] for name in ("whole", "parts")]
    for name, tensor in ends[0].tensors.items():  # type: ignore[union-attr]
        if not name.startswith("extra."):
            assert torch.equal(tensor, ends[1].tensors[name]), name  # type: ignore[union-attr]


def test_after_a_crash_it_says_where_it_came_back_to_and_what_is_gone(
    photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reached, "SECONDS", 0.0)
    engine = Engine(tmp_path / "run", small_options(data__photos=str(photo_folder)))
    engine.start()
    steps_to(engine, 4)
    engine.submit(Save())
    steps_to(engine, 9)
    shutil.copytree(tmp_path / "run", tmp_path / "crashed")  # as its disk is when it is killed
    engine.stop()
    for name, steps in (("crashed", 5), ("run", 0)):
        again = Engine(tmp_path / name, {})
        again.start()
        opened = until(again, lambda s: s.phase == "ready")
        gone = f"back at step 4 of 9. {steps} steps"
        assert (gone in opened.came_back) is bool(steps) is bool(opened.came_back)
        again.submit(Step(1))
        assert until(again, lambda s, at=opened.step: s.step == at + 1).came_back == ""
        again.stop()


def test_what_a_process_that_died_was_training_is_trained_on_until_its_limit(
    photo_folder: Path, tmp_path: Path
) -> None:
    engine = Engine(tmp_path / "run", small_options(data__photos=str(photo_folder)))
    engine.start()
    steps_to(engine, 2)
    engine.submit(Save())
    engine.submit(Play(steps=1_000_000))
    until(engine, lambda s: s.step > 10)
    shutil.copytree(tmp_path / "run", tmp_path / "died")
    engine.stop()
    again = Engine(tmp_path / "died", {}, died="a segmentation fault")
    again.start()
    opened = until(again, lambda s: s.phase == "ready")
    said = "The studio ended by a segmentation fault and was started again."
    assert opened.playing and opened.came_back.startswith(said)
    assert until(again, lambda s: s.step > 10).seconds_left is not None, "the limit is known"
    again.stop()
    last = Engine(tmp_path / "died", {}, died="an abort")
    last.start()
    assert not until(last, lambda s: s.phase == "ready").playing, "it had come to its end"
    last.stop()


def test_a_continued_run_takes_live_changes_and_refuses_others(
    photo_folder: Path, tmp_path: Path
) -> None:
    engine = Engine(tmp_path / "run", small_options(data__photos=str(photo_folder)))
    engine.submit(Step(1))
    engine.start()
    until(engine, lambda s: s.step == 1)
    engine.stop()
    live = Engine(tmp_path / "run", {"cameras.rate": 0.5, "cameras.rotation": "quaternion"})
    live.start()
    ready = until(live, lambda s: s.phase == "ready")
    live.stop()
    assert (ready.config.cameras.rate, ready.config.cameras.rotation) == (0.5, "quaternion")
    other = Engine(tmp_path / "run", {"data.long_side": 12})
    other.start()
    refused = until(other, lambda s: s.phase == "failed")
    other.stop()
    assert "data.long_side" in (refused.failure or "") and "--run" in (refused.failure or "")


def test_saves_on_a_timer_and_on_command(engine: Engine, tmp_path: Path) -> None:
    engine.submit(Step(2))
    engine.submit(Save())
    until(engine, lambda s: "Checkpoint saved" in said(s))
    folder = checkpoint.folder(tmp_path / "run")
    saved = {path.stem for path in folder.iterdir()}
    assert saved
    engine.submit(Configure({"training.autosave_seconds": 1.0}))
    engine.submit(Play())
    until(engine, lambda s: bool({path.stem for path in folder.glob("*.safetensors")} - saved))


def test_states_on_the_disk_are_bounded_with_a_word(engine: Engine, tmp_path: Path) -> None:
    for step in (2, 3):
        steps_to(engine, step)
        engine.submit(Refine())
    steps_to(engine, 4)
    engine.submit(Save())
    until(engine, lambda s: any("Checkpoint saved" in n.text for n in s.notices))
    before = kept(tmp_path / "run")
    assert before.states == 3
    engine.submit(Configure({"training.disk": 1.5 * before.size / before.states / GIGABYTE}))
    steps_to(engine, 5)
    engine.submit(Save())
    snapshot = until(engine, lambda s: any("removed" in n.text for n in s.notices))
    assert "bounded by training.disk" in "".join(n.text for n in snapshot.notices)
    names = [path.stem for path in sorted(checkpoint.folder(tmp_path / "run").iterdir())]
    assert len(names) == 2 and "before-refine-2" in names[0]
    engine.submit(Undo())
    assert until(engine, lambda s: s.step == 3).can_undo is False, "the older one is gone"


def test_a_full_disk_is_said_and_training_goes_on(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    until(engine, lambda s: s.phase == "ready")
    monkeypatch.setattr(checkpoint, "write", full)
    engine.submit(Play(steps=200))
    engine.submit(Save())
    until(engine, lambda s: any("No space left" in n.text for n in s.notices))
    assert until(engine, lambda s: s.step == 200).failure is None
    monkeypatch.undo()


def test_impossible_options_are_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cameras\.rotation"):
        Engine(tmp_path, {"cameras.rotatoin": "quaternion"})
    assert not list(tmp_path.iterdir())


def test_an_idle_engine_says_nothing_new(engine: Engine) -> None:
    engine.submit(Step(1))
    idle = until(engine, lambda s: s.step == 1 and not s.playing)
    assert engine.wait(idle.version, timeout=1.0) is idle


def test_journal_keeps_what_was_asked(engine: Engine, tmp_path: Path) -> None:
    engine.submit(Step(1))
    engine.submit(Configure({"cameras.rotation": "quaternion"}))
    until(engine, lambda s: s.config.cameras.rotation == "quaternion")
    lines = (tmp_path / "run" / "journal.jsonl").read_text().splitlines()
    assert '"command": "Step"' in lines[0] and "quaternion" in lines[1]
    with (tmp_path / "run" / "journal.jsonl").open("a") as journal:
        journal.write('{"step": 1, "comm')  # by a process that was killed
    engine.submit(Configure({"cameras.rotation": "axis-angle"}))
    until(engine, lambda s: s.config.cameras.rotation == "axis-angle")
    *_, torn, last = (tmp_path / "run" / "journal.jsonl").read_text().splitlines()
    assert torn.endswith("comm") and json.loads(last)["command"] == "Configure"

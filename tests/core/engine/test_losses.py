"""A loss whose weights are missing is refused in a sentence, at the start and in the middle."""

from pathlib import Path

import pytest

from core.engine import Engine
from core.engine.commands import Configure, Step
from core.runs import checkpoint
from studio.cli import main
from tests.conftest import small_options
from tests.core.engine.test_engine import said, until
from tests.perceptual import MODEL, tiny_clip

pytestmark = pytest.mark.usefixtures("own_signals")


def test_toggling_it_without_weights_leaves_the_run_unharmed(
    photo_folder: Path, tmp_path: Path
) -> None:
    engine = Engine(tmp_path / "run", small_options(data__photos=str(photo_folder)))
    engine.start()
    engine.submit(Step(2))
    until(engine, lambda s: s.step == 2)
    engine.submit(Configure({"losses.clip": 0.1, "losses.clip_weights": "nowhere.pt"}))
    refused = until(engine, lambda s: "nowhere.pt" in said(s))
    assert refused.failure is None and refused.config.losses.clip == 0
    engine.submit(Configure({"losses.ssim": 0.1, "losses.every": 1, "losses.side": 16}))
    engine.submit(Step(2))
    assert until(engine, lambda s: s.step == 4).config.losses.ssim == 0.1
    engine.stop()
    assert engine.snapshot.failure is None


def test_what_a_run_could_not_begin_without_can_be_set_right(
    photo_folder: Path, tmp_path: Path
) -> None:
    wrong = {"losses.clip": 0.1, "losses.clip_weights": "nowhere.pt"}
    engine = Engine(tmp_path / "run", small_options(data__photos=str(photo_folder)) | wrong)
    engine.start()
    assert "nowhere.pt" in (until(engine, lambda s: s.phase == "failed").failure or "")
    engine.submit(Configure({"explore.trails": False}))
    engine.submit(Configure({"losses.clip": 0.0}))
    ready = until(engine, lambda s: s.phase == "ready")
    assert ready.failure is None and not ready.config.explore.trails
    engine.submit(Step(1))
    until(engine, lambda s: s.step == 1)
    engine.stop()


def test_a_refused_change_leaves_nothing_to_undo(photo_folder: Path, tmp_path: Path) -> None:
    ssim = {"losses.ssim": 0.1, "losses.side": 16}
    engine = Engine(tmp_path / "run", small_options(data__photos=str(photo_folder)) | ssim)
    engine.start()
    engine.submit(Step(2))
    until(engine, lambda s: s.step == 2)
    engine.submit(Configure({"field.kind": "planes"}))
    refused = until(engine, lambda s: "losses.ssim" in said(s))
    assert refused.config.field.kind != "planes" and not refused.can_undo
    engine.stop()
    assert not list((tmp_path / "run").rglob("*before-change*"))


def test_a_run_is_trained_without_a_window_and_goes_on_where_weights_are_gone(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights, run = tiny_clip(tmp_path), tmp_path / "run"
    words = ["train", "--photos", str(photo_folder), "--run", str(run), "--steps", "3"]
    words += [f"--{path}={value}" for path, value in small_options().items()]
    clip = ["--losses.clip", "0.1", "--losses.clip_model", MODEL, "--losses.every", "1"]
    assert main.run([*words, *clip, "--losses.clip_weights", str(tmp_path / "not.pt")]) == 2
    (sentence,) = capsys.readouterr().err.strip().splitlines()[-1:]
    assert "not.pt" in sentence and not list(run.rglob("*.safetensors"))
    assert main.run([*words, *clip, "--losses.clip_weights", str(weights)]) == 0
    found = checkpoint.newest_in(run)
    assert (found.facts["step"], found.config.losses.clip) == (3, 0.1)
    moved = weights.rename(tmp_path / "moved.pt")
    again = ["train", "--run", str(run), "--steps", "1"]
    assert main.run(again) == 2
    assert "clip.pt" in capsys.readouterr().err
    assert main.run([*again, "--losses.clip_weights", str(moved)]) == 0
    moved.unlink()
    assert main.run([*again, "--losses.clip", "0"]) == 0
    assert checkpoint.newest_in(run).facts["step"] == 5

"""Training without a window ends with what happened, not with what was hoped for."""

import threading
from pathlib import Path

import pytest

from core.runs import checkpoint
from studio.cli import main
from tests.conftest import small_options
from tests.core.engine.test_saving import full_disk


def test_a_run_that_could_not_be_saved_is_no_success(
    photo_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("studio.cli.train.end_on_signals", threading.Event)
    run = tmp_path / "run"
    words = ["train", "--photos", str(photo_folder), "--run", str(run), "--steps", "3"]
    words += [f"--{path}={value}" for path, value in small_options().items()]
    assert main.run(words) == 0
    with full_disk():
        assert main.run(["train", "--run", str(run), "--steps", "2"]) == 1
    told = capsys.readouterr()
    assert told.out.count("\n") == 1  # of the first
    assert told.err.splitlines()[-1].startswith("nerfmm studio: The end of the run ")
    assert "step 5 was not saved" in told.err and "File too large" in told.err
    assert checkpoint.newest_in(run).facts["step"] == 3
    assert main.run(["train", "--run", str(run), "--steps", "2"]) == 0
    assert checkpoint.newest_in(run).facts["step"] == 5

"""What begins at once and what waits, and a finished run that is asked to train."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from core.engine.commands import LOOK_FIRST, Command, Pause, Play
from studio.cli import main, train
from studio.cli import studio as command
from studio.cli.arguments import changes
from tests.conftest import small_options


def test_an_original_with_a_downscale_takes_the_long_side_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = tmp_path / "base.yaml"
    original.write_text("data: {downscale: 4.0}\nmodel: {framework: NeRF}\n")
    asked: dict[str, Any] = {}
    monkeypatch.setattr(train, "main", lambda arguments: asked.update(changes(arguments)) or 0)
    words = ["train", "--config", str(original), "--data.long_side", "96"]
    assert main.run(words) == 0 and asked["data.long_side"] == "96"


def test_a_finished_run_says_so_and_keeps_its_steps(
    photo_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("studio.cli.train.end_on_signals", threading.Event)
    options = small_options(data__photos=str(photo_folder), training__epochs=1)
    words = [word for path, value in options.items() for word in (f"--{path}", str(value))]
    steps = []
    for asked in (words, [], ["--training.epochs", "2"]):
        assert main.run(["train", "--run", str(tmp_path / "run"), *asked]) == 0
        out, err = capsys.readouterr()
        steps.append(json.loads(out)["steps"])
        assert ("raise training.epochs" in " ".join(err.split())) == (asked == [])
    assert steps[0] == steps[1] == steps[2] / 2 > 0


class Waiting:
    """An engine that only remembers; and a studio that only stands."""

    asked: list[Command]
    url, entrance, entrances, port, token = "nowhere", "nowhere", ["nowhere"], 0, None

    def __init__(self, *arguments: Any, **named: Any) -> None: ...

    def submit(self, wanted: Command) -> None:
        Waiting.asked.append(wanted)

    def start(self) -> None: ...

    def stop(self) -> None: ...


@pytest.mark.parametrize(("name", "first"), [("clip.mp4", Pause(LOOK_FIRST)), ("photos", Play())])
def test_the_studio_waits_for_a_video_only(
    name: str, first: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Waiting, "asked", [], raising=False)
    monkeypatch.setattr(command, "Engine", Waiting)
    monkeypatch.setattr("studio.app.Studio", Waiting)
    ended = threading.Event()
    ended.set()
    monkeypatch.setattr(command, "end_on_signals", lambda: ended)
    (tmp_path / name).touch()
    words = ["--photos", str(tmp_path / name), "--run", str(tmp_path / "run"), "--no-browser"]
    assert main.run(["studio", *words, "--port", "0"]) == 0
    assert Waiting.asked == [first]

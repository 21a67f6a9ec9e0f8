"""Exports start from the snapshot, end as files of the run, and refuse in one sentence."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from core.exporting.cameras import EXPORTS as FORMS
from core.exporting.jobs import Jobs
from studio.exports import FILES, Exports, VideoOrder
from studio.telemetry import EXPORTS_FOLDER
from tests.studio.panel.stand_ins import Desk

PATIENCE = 60.0


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    started = Jobs()
    yield started
    started.stop()


@pytest.fixture
def engine(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "run")


@pytest.fixture
def exports(engine: Desk, jobs: Jobs) -> Exports:
    return Exports(engine, jobs)


def order(**changes: object) -> VideoOrder:
    wanted = {"path": "spiral", "frames": 3.0, "long_side": 32.0, "fps": 10.0, "channel": "rgb"}
    return VideoOrder(**(wanted | changes))


def test_a_video_is_rendered_into_the_run(exports: Exports, engine: Desk) -> None:
    done = exports.video(order()).wait(PATIENCE)
    assert (done.state, done.message) == ("done", None)
    assert done.result == engine.snapshot.run / EXPORTS_FOLDER / "spiral-rgb-1.mp4"
    film = cv2.VideoCapture(str(done.result))
    size = [int(film.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)]
    assert size == [32, 24]
    again = exports.video(order(path="interpolate", channel="depth", long_side=0.0))
    assert again.wait(PATIENCE).result.name == "interpolate-depth-1.mp4"
    assert exports.video(order()).wait(PATIENCE).result.name == "spiral-rgb-2.mp4"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"frames": None}, "whole number of frames"),
        ({"frames": 2.5}, "whole number of frames"),
        ({"frames": 0.0}, "at least one frame"),
        ({"fps": 1e9}, "whole number of frames per second"),
        ({"long_side": 8.0}, "not possible"),
    ],
)
def test_an_impossible_order_fails_with_a_sentence(
    wrong: dict[str, object], words: str, exports: Exports
) -> None:
    done = exports.video(order(**wrong)).wait(PATIENCE)
    assert done.state == "failed" and words in (done.message or "")
    assert done.traceback is None


def test_cameras_are_written_for_other_tools(exports: Exports) -> None:
    done = exports.cameras("transforms").wait(PATIENCE)
    assert done.state == "done" and done.result is not None
    assert len(json.loads(done.result.read_text())["frames"]) == 2, "one of three is held out"


def test_every_form_of_cameras_has_a_file_name() -> None:
    assert set(FILES) == set(FORMS)


def test_without_cameras_there_is_nothing_to_export(exports: Exports, engine: Desk) -> None:
    engine.publish(learned=None)
    done = exports.cameras("transforms").wait(PATIENCE)
    assert done.state == "failed" and "no cameras yet" in (done.message or "")


def test_cancel_stops_what_runs_and_what_waits(exports: Exports, jobs: Jobs) -> None:
    running, waiting = exports.video(order(frames=2000.0)), exports.video(order())
    exports.cancel()
    assert running.wait(PATIENCE).state == waiting.wait(PATIENCE).state == "cancelled"
    assert [view.state for view in jobs.views] == ["cancelled"] * 2

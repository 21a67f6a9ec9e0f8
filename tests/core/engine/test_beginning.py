"""How a run begins and goes on: frames looked at first, differences noted, an end that is one."""

import json
from pathlib import Path

import imageio_ffmpeg
import pytest
from PIL import Image

from core.engine import Engine
from core.engine.commands import LOOK_FIRST, Configure, Pause, Play, Step
from core.engine.run_folder.opening import photos_of_run, read_photos
from tests.conftest import shifted_photos, small_config, small_options
from tests.core.engine.test_engine import said, until


def test_a_run_goes_on_that_had_left_out_what_differs_in_shape(
    photo_folder: Path, tmp_path: Path
) -> None:
    config = small_config(data__photos=str(photo_folder))
    names = read_photos(config, tmp_path).names
    Image.new("RGB", (18, 24)).save(photo_folder / "portrait.png")
    assert len(read_photos(config, tmp_path).sizes) == 6
    again = photos_of_run(config, tmp_path, names)
    assert again.names == names and again.sizes == () and again.canvas == (24, 18)
    Image.new("RGB", (24, 18)).save(photo_folder / "one_more.png")  # nobody left this one out
    assert len(photos_of_run(config, tmp_path, names).names) == 7


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A video of ten small frames."""
    file = tmp_path / "clip.mp4"
    writer = imageio_ffmpeg.write_frames(str(file), (48, 32), fps=10, macro_block_size=1)
    writer.send(None)
    for frame in shifted_photos(10, 48, 32):
        writer.send(frame.tobytes())
    writer.close()
    return file


def test_frames_of_a_video_are_looked_at_before_training(engine: Engine, clip: Path) -> None:
    engine.submit(Play())
    until(engine, lambda s: s.step > 2)
    engine.submit(Configure({"data.photos": str(clip), "data.video_frames": 5}))
    waiting = until(engine, lambda s: said(s) == LOOK_FIRST)
    assert waiting.photos is not None and len(waiting.photos.names) == 5
    assert (waiting.step, waiting.playing) == (0, False)
    blurred = waiting.photos.names[2]
    engine.submit(Configure({"data.disabled": (blurred,)}))
    engine.submit(Step(10))
    looked = until(engine, lambda s: s.step == 10)
    assert [psnr is None for psnr in looked.photo_psnr] == [index == 2 for index in range(5)]


def test_other_photos_are_trained_on_at_once(engine: Engine, photo_folder: Path) -> None:
    engine.submit(Configure({"data.photos": str(photo_folder), "data.last": 4}))
    engine.submit(Play())
    until(engine, lambda s: s.playing and s.step > 1)
    engine.submit(Configure({"data.photos": str(photo_folder), "data.last": 3}))
    again = until(engine, lambda s: s.photos is not None and len(s.photos.names) == 3)
    assert again.playing and LOOK_FIRST not in [notice.text for notice in again.notices]


def test_a_pause_may_say_why(engine: Engine) -> None:
    engine.submit(Pause(LOOK_FIRST))
    assert not until(engine, lambda s: said(s) == LOOK_FIRST).playing


def test_a_finished_run_makes_no_step_until_it_is_extended(engine: Engine) -> None:
    engine.submit(Configure({"training.epochs": 1}))
    engine.submit(Play())
    end = until(engine, lambda s: s.step > 0 and not s.playing)
    engine.submit(Play())
    refused = until(engine, lambda s: "raise training.epochs" in said(s))
    assert (refused.step, refused.epoch, refused.playing) == (end.step, 1, False)
    engine.submit(Configure({"training.epochs": 2}))
    engine.submit(Play())
    assert until(engine, lambda s: s.epoch == 2 and not s.playing).step == 2 * end.step


def test_what_a_continued_run_was_asked_for_is_in_its_journal(
    photo_folder: Path, tmp_path: Path
) -> None:
    for asked in (small_options(data__photos=str(photo_folder)), {"field.rate": 0.5}, {}):
        engine = Engine(tmp_path / "run", asked)
        engine.submit(Step(1))
        engine.start()
        until(engine, lambda s: s.step > 0 and not s.playing)
        engine.stop()
    journal = (tmp_path / "run" / "journal.jsonl").read_text().splitlines()
    commands = [entry["command"] for entry in map(json.loads, journal)]
    assert commands == ["Step", "Configure", "Step", "Step"]
    assert json.loads(journal[1])["changes"] == {"field.rate": 0.5}


def test_a_photo_to_leave_out_that_is_not_there_is_named(
    photo_folder: Path, tmp_path: Path
) -> None:
    options = small_options(data__photos=str(photo_folder), data__disabled="1.png,nope.png")
    engine = Engine(tmp_path / "run", options)
    engine.start()
    ready = until(engine, lambda s: s.phase == "ready")
    engine.stop()
    (sentence,) = [notice.text for notice in ready.notices if "disabled" in notice.text]
    assert "nope.png" in sentence and "1.png" not in sentence

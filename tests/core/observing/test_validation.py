"""Views that are compared with photos while training goes on."""

import dataclasses
import json
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.config.paths import changed
from core.engine import Engine, Snapshot
from core.engine.commands import Play, Step
from core.engine.governor import Governor
from core.evaluation.metrics import psnr, ssim
from core.evaluation.poses import AfterChunk
from core.geometry.rays import camera_rays
from core.observing import observers
from core.observing.validation import Validation, Validator, keep, validate
from tests.conftest import shifted_photos, small_options
from tests.core.depthmaps.glaring import glaring
from tests.core.engine.test_engine import until

ENOUGH = 30.0
NEVER = {"training.validate_seconds": 0.0}


@pytest.fixture
def options(photo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Of a tiny run that is validated all the time."""
    monkeypatch.setattr("core.observing.validation.REST", 0)
    return small_options(data__photos=str(photo_folder), training__validate_seconds=0.001)


def trained(run: Path, options: dict[str, object], steps: int = 20) -> Snapshot:
    """The last snapshot of a run."""
    engine = Engine(run, options, observers=observers)
    engine.submit(Step(steps))
    engine.start()
    last = until(engine, lambda s: s.step == steps and not s.playing)
    if options["training.validate_seconds"]:
        while not (run / "validation.jsonl").exists():
            engine.submit(Step())
            last = engine.wait(last.version, ENOUGH)
    engine.stop()
    return last


def waits_for_nothing(seconds: float) -> None:
    """Between chunks."""


def picture(path: Path) -> np.ndarray:
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize("split", ["none", "every8"])
def test_pictures_and_figures_lie_in_the_runs_folder(
    split: str, options: dict[str, object], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    trained(run, options | {"data.held_out": split})
    lines = [json.loads(line) for line in (run / "validation.jsonl").read_text().splitlines()]
    for line in lines:
        assert line["held_out"] == (split == "every8")
        assert line["photo"] == "0.png" or split == "none"
        rgb = picture(run / "validation" / f"{line['step']:09d}.png")
        depth = picture(run / "validation" / f"{line['step']:09d}-depth.png")
        assert rgb.shape == depth.shape == (18, 24, 3)
        photo = shifted_photos()[int(line["photo"][0])] / 255
        assert line["psnr"] == pytest.approx(psnr(rgb / 255, photo), abs=0.1)  # of 8 bits
        assert line["ssim"] == pytest.approx(ssim(rgb / 255, photo), abs=0.02)
    assert [line["step"] for line in lines] == sorted({line["step"] for line in lines})


def test_it_is_the_trained_photo_with_the_median_error(
    options: dict[str, object], tmp_path: Path
) -> None:
    snapshot = trained(tmp_path / "run", options | NEVER)
    result = validate(snapshot, waits_for_nothing)
    assert result is not None and snapshot.learned is not None and snapshot.photos is not None
    place = int(np.argsort(np.array(snapshot.photo_psnr, float))[2])
    assert (result.photo, result.held_out, result.step) == (f"{place}.png", False, snapshot.step)
    seen = snapshot.learned.scene.render(camera_rays(snapshot.learned.cameras[place])).rgb
    photo = snapshot.photos.pixels[place].astype(np.float32) / 255
    assert result.psnr == pytest.approx(psnr(seen.numpy().reshape(18, 24, 3), photo), abs=1e-3)
    helped = dataclasses.replace(snapshot.learned, scene=glaring(snapshot.learned.scene))
    again = validate(dataclasses.replace(snapshot, learned=helped), waits_for_nothing)
    assert again is not None and again.psnr == result.psnr, "a photo does not answer for itself"


def test_a_photo_held_out_is_looked_for(
    options: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = trained(tmp_path / "run", options | NEVER | {"data.held_out": "last10"}, 100)
    found = validate(snapshot, waits_for_nothing)
    assert found is not None and found.held_out and found.photo == "4.png"
    assert snapshot.learned is not None and snapshot.photos is not None
    photo = snapshot.photos.pixels[4].astype(np.float32) / 255
    unlooked = snapshot.learned.scene.render(camera_rays(snapshot.learned.cameras[4])).rgb
    assert found.psnr > psnr(unlooked.numpy().reshape(18, 24, 3), photo)
    monkeypatch.setattr("core.observing.validation.LONG_SIDE", 12)
    small = validate(snapshot, waits_for_nothing)
    assert small is not None and small.rgb.shape == (9, 12, 3) and small.ssim is None


def test_never_is_never(options: dict[str, object], tmp_path: Path) -> None:
    trained(tmp_path / "run", options | NEVER)
    assert not list((tmp_path / "run").glob("validation*"))


def test_it_is_due_by_seconds_of_training(options: dict[str, object], tmp_path: Path) -> None:
    run = tmp_path / "run"
    engine = Engine(run, options | {"training.validate_seconds": 3600.0}, observers=observers)
    engine.submit(Step(30))
    engine.start()
    until(engine, lambda s: s.step == 30 and not s.playing)
    engine.stop()
    assert not list(run.glob("validation*"))


def test_training_gives_way_and_the_end_is_not_waited_for(
    options: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, workers = threading.Event(), []

    def endless(snapshot: Snapshot, after_chunk: AfterChunk) -> Validation:
        workers.append(engine.governor.workers(2))
        inside.set()
        while True:
            after_chunk(0.001)

    monkeypatch.setattr("core.observing.validation.validate", endless)
    engine = Engine(tmp_path / "run", options, observers=observers)
    engine.governor.cores = 2
    engine.submit(Play())
    engine.start()
    assert inside.wait(ENOUGH)
    engine.stop()
    assert workers == [1] and engine.snapshot.notices == ()
    assert not list((tmp_path / "run").glob("validation*"))


def test_the_next_waits_in_proportion_to_what_the_last_took(
    options: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = trained(tmp_path / "run", options | NEVER)
    found: list[Validation] = []
    always = changed(snapshot.config, {"training.validate_seconds": 0.001})
    validator = Validator(Governor(2), found.append)
    monkeypatch.setattr("core.observing.validation.REST", 1e9)
    at = [_later(snapshot, seconds) for seconds in (0.0, 1.0, 2.0, 1000.0)]
    for moment in at:
        validator.look(dataclasses.replace(moment, config=always))
    assert len(found) == 1  # the first one sets the clock, the others are within its rest


def test_old_pictures_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.observing.validation.KEPT", 2)
    grey = np.zeros((4, 4, 3), np.uint8)
    for step in (7, 9, 1, 2):  # a restart lies between
        keep(Validation(step, "a.png", False, 20.0, None, grey, grey), tmp_path)
    left = {path.name for path in (tmp_path / "validation").iterdir()}
    assert left == {f"00000000{step}{end}.png" for step in (1, 2) for end in ("", "-depth")}
    assert len((tmp_path / "validation.jsonl").read_text().splitlines()) == 4


def _later(snapshot: Snapshot, seconds: float) -> Snapshot:
    return dataclasses.replace(snapshot, seconds=snapshot.seconds + seconds)

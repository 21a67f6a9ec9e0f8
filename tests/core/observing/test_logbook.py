"""TensorBoard's own reader finds in a run's folder what the engine said."""

import dataclasses
import io
import sys
import threading
from pathlib import Path

import pytest
import torch
import yaml
from matplotlib.figure import Figure
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator, ImageEvent

from core.config import Config
from core.config.paths import changed, flattened
from core.engine import Engine, Snapshot
from core.engine.commands import Configure, Restart, Step
from core.engine.run_folder.opening import TENSORBOARD
from core.engine.snapshot.follower import Follower
from core.exporting.plots import camera_figure
from core.observing import observers
from core.observing.logbook import Logbook
from core.runs import checkpoint
from tests.conftest import small_options
from tests.core.engine.test_engine import said, until

ENOUGH = 30.0


@pytest.fixture
def options(photo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Of a tiny run with a log, whose every snapshot is due."""
    monkeypatch.setattr("core.observing.logbook.SECONDS", 0.0)
    monkeypatch.setattr("core.observing.validation.REST", 0)
    monkeypatch.setattr("core.observing.logbook.camera_figure", lambda learned: Figure((1, 1)))
    return small_options(
        data__photos=str(photo_folder),
        training__tensorboard=True,
        training__validate_seconds=0.001,
    )


def trained(run: Path, options: dict[str, object], steps: int = 12, more: bool = False) -> Snapshot:
    """The last snapshot of a run that was opened, trained with three pauses, and closed.

    Args: `more` goes on until a view was validated.
    """
    engine = Engine(run, options, observers=observers)
    engine.start()
    step = until(engine, lambda s: s.phase == "ready").step
    for count in (steps - 2, 1, 1):
        engine.submit(Step(count))
        step += count
        until(engine, lambda s, step=step: s.step == step)  # type: ignore[misc]
    while more and not (run / "validation.jsonl").exists():
        engine.submit(Step())
        engine.wait(engine.snapshot.version, ENOUGH)
    engine.stop()
    return engine.snapshot


def read(run: Path) -> EventAccumulator:
    everything = {"scalars": 0, "images": 0, "tensors": 0}
    return EventAccumulator(str(run / "tensorboard"), everything).Reload()


def _size(image: ImageEvent) -> tuple[int, int]:
    return Image.open(io.BytesIO(image.encoded_image_string)).size


def steps_of(events: EventAccumulator, tag: str = "training/loss") -> list[int]:
    return [point.step for point in events.Scalars(tag)]


def test_it_holds_what_the_engine_said(options: dict[str, object], tmp_path: Path) -> None:
    last = trained(tmp_path / "run", options, more=True)
    events = read(tmp_path / "run")
    assert set(events.Tags()["scalars"]) == {
        *(f"training/{name}" for name in ("loss", "psnr")),
        *(f"rate/{group}" for group in ("field", "rotation", "position", "focal")),
        *(f"validation/{name}" for name in ("psnr", "ssim")),
        "cameras/focal",
    } | ({"training/steps_per_second"} & set(events.Tags()["scalars"]))  # while playing only
    steps = steps_of(events)
    assert steps == sorted(set(steps)) and steps[-1] == last.step
    assert last.history is not None and last.learned is not None
    for tag, curve in (("loss", last.history.loss), ("psnr", last.history.psnr)):
        truth = dict(zip(last.history.steps, curve, strict=True))
        for point in events.Scalars(f"training/{tag}"):
            assert point.value == pytest.approx(truth[point.step], rel=1e-5)
    assert events.Scalars("rate/field")[-1].value == pytest.approx(last.rates["field"])
    camera = last.learned.cameras[0]
    assert events.Scalars("cameras/focal")[-1].value == pytest.approx(camera.fx / camera.width)


def test_pictures_and_the_config_can_be_read(
    options: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.observing.logbook.camera_figure", camera_figure)
    last = trained(tmp_path / "run", options, more=True)
    events = read(tmp_path / "run")
    sizes = {tag: {_size(i) for i in events.Images(tag)} for tag in events.Tags()["images"]}
    assert sizes["validation/view"] == {(48, 18)}  # colours beside depth
    (plot,) = sizes["cameras"]
    assert min(plot) > 500
    (text,) = events.Tensors("config/text_summary")
    written = text.tensor_proto.string_val[0].decode()
    words = written.removeprefix("```yaml\n").removesuffix("\n```")
    assert changed(Config(), flattened(yaml.safe_load(words), "log")) == last.config


def test_photos_held_out_have_curves_of_their_own(
    options: dict[str, object], tmp_path: Path
) -> None:
    trained(tmp_path / "run", options | {"data.held_out": "every8"}, more=True)
    scalars = set(read(tmp_path / "run").Tags()["scalars"])
    assert {"held_out/psnr", "held_out/ssim"} <= scalars
    assert not {tag for tag in scalars if tag.startswith("validation")}


def test_a_run_goes_on_in_the_same_curves_and_takes_back_what_was_lost(
    options: dict[str, object], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    for steps in (4, 4):
        trained(run, options, steps)
    assert steps_of(read(run))[-1] == 8
    checkpoint.newest_in(run).path.unlink()  # as if it had been killed before it was saved
    assert trained(run, options, 3).step == 7
    steps = steps_of(read(run))
    assert steps == sorted(set(steps)) and steps[-1] == 7 and steps[0] <= 4


def test_a_restart_begins_the_curves_anew(options: dict[str, object], tmp_path: Path) -> None:
    engine = Engine(tmp_path / "run", options, observers=observers)
    engine.submit(Step(6))
    engine.start()
    until(engine, lambda s: s.step == 6)
    engine.submit(Restart())
    engine.submit(Step(2))
    until(engine, lambda s: s.step == 2 and s.can_undo)
    engine.stop()
    steps = steps_of(read(tmp_path / "run"))
    assert steps == sorted(set(steps)) and steps[-1] == 2


def test_an_old_snapshot_seen_late_does_not_hide_the_new_curve(
    options: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = trained(tmp_path / "run", options | {"training.tensorboard": False})
    monkeypatch.setattr(Follower, "show", lambda book, snapshot: None)  # the test looks itself
    book, run = Logbook(), tmp_path / "other"
    log = changed(last.config, {"training.tensorboard": True})
    first, restarted, later = (
        dataclasses.replace(last, run=run, config=log, version=version, step=step)
        for version, step in ((1, 100), (2, 0), (3, 2))
    )
    book.show(first)
    book.look(first)
    old = dataclasses.replace(first, version=1, step=101)
    book.show(restarted)  # while it was about to look at the old one
    for snapshot in (old, later):
        book.look(snapshot)
    book.close()
    assert steps_of(read(run)) == [2]


def test_turned_on_and_off_in_the_middle(options: dict[str, object], tmp_path: Path) -> None:
    run = tmp_path / "run"
    engine = Engine(run, options | {"training.tensorboard": False}, observers=observers)
    engine.submit(Step(2))
    engine.start()
    until(engine, lambda s: s.step == 2)
    assert not (run / "tensorboard").exists()
    for on, step in ((True, 4), (False, 7), (True, 8)):
        engine.submit(Configure({"training.tensorboard": on}))
        engine.submit(Step(step - engine.snapshot.step))
        until(engine, lambda s, step=step: s.step == step and not s.playing)  # type: ignore[misc]
    engine.stop()
    steps = steps_of(read(run))
    assert steps == sorted(set(steps)) and steps[-1] == 8
    assert not {5, 6} & set(steps)


def test_a_disk_that_hangs_stops_no_step(
    options: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, free = threading.Event(), threading.Event()

    def hang(self: Logbook, snapshot: Snapshot) -> None:
        inside.set()
        assert free.wait(ENOUGH)

    monkeypatch.setattr(Logbook, "look", hang)
    engine = Engine(tmp_path / "run", options, observers=observers)
    engine.start()
    assert inside.wait(ENOUGH)
    engine.submit(Step(50))
    assert until(engine, lambda s: s.step == 50 and not s.playing).failure is None
    free.set()
    engine.stop()


def test_a_log_that_fails_is_said_and_training_goes_on(
    options: dict[str, object], tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "tensorboard").write_text("a file where the folder should be")
    engine = Engine(tmp_path / "run", options, observers=observers)
    engine.submit(Step(2))
    engine.start()
    until(engine, lambda s: s.step == 2)
    for _ in range(200):  # told with the next snapshot after it happened
        engine.submit(Step())
        if "TensorBoard" in said(engine.wait(engine.snapshot.version, ENOUGH)):
            break
    assert "TensorBoard's log stopped" in said(engine.snapshot)
    assert engine.snapshot.failure is None
    engine.stop()


def test_a_missing_package_is_said_before_training(
    options: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    engine = Engine(tmp_path / "run", options, observers=observers)
    engine.submit(Step(1))
    engine.start()
    failed = until(engine, lambda s: s.phase == "failed")
    engine.stop()
    assert "pip install tensorboard==" in (failed.failure or "") and failed.step == 0
    assert not (tmp_path / "run" / "config.yaml").exists()
    without = trained(tmp_path / "run", options | {"training.tensorboard": False}, 3)
    assert without.step == 3 and not (tmp_path / "run" / "tensorboard").exists()
    again = Engine(tmp_path / "run", {}, observers=observers)
    again.start()
    until(again, lambda s: s.phase == "ready")
    again.submit(Configure({"training.tensorboard": True}))
    refused = until(again, lambda s: "pip install" in said(s))
    again.stop()
    assert not refused.config.training.tensorboard


def test_the_package_that_is_named_is_the_one_that_is_tested() -> None:
    requirements = Path(__file__).parents[2] / "requirements.txt"
    assert TENSORBOARD in requirements.read_text().splitlines()


@pytest.mark.parametrize("kind", ["relu", "planes"])
def test_who_looks_changes_no_bit(kind: str, options: dict[str, object], tmp_path: Path) -> None:
    options |= {"field.kind": kind}
    silent = {"training.tensorboard": False, "training.validate_seconds": 0.0}
    steps = trained(tmp_path / "watched", options, more=True).step
    trained(tmp_path / "alone", options | silent, steps)
    assert (tmp_path / "watched" / "tensorboard").exists()
    assert (tmp_path / "watched" / "validation.jsonl").exists()
    assert not (tmp_path / "alone" / "validation.jsonl").exists()
    watched, alone = (checkpoint.newest_in(tmp_path / name) for name in ("watched", "alone"))
    assert watched.tensors.keys() == alone.tensors.keys()
    for name, tensor in watched.tensors.items():
        assert torch.equal(tensor, alone.tensors[name]), name

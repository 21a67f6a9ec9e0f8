"""A disk that refuses: each save speaks for itself, later ones are tried, nothing else is lost."""

import contextlib
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from core.engine import Engine
from core.engine.commands import Configure, Save, Step, Undo
from core.runs import checkpoint
from tests.conftest import small_options
from tests.core.engine.test_engine import said, until
from tests.patience import PATIENCE

SMALL_FILES = 3000  # bytes: a line in the journal has room, a checkpoint has not


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may grow beyond a little."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL_FILES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def begun(photo_folder: Path, tmp_path: Path) -> Engine:
    """An engine that has trained for three steps, and saves each second."""
    options = small_options(data__photos=str(photo_folder), training__autosave_seconds=1.0)
    engine = Engine(tmp_path / "run", options)
    engine.start()
    engine.submit(Step(3))
    until(engine, lambda s: s.step == 3)
    return engine


def newest_step(run: Path) -> int | None:
    """The step of the newest checkpoint; None where there is none."""
    found, complaints = checkpoint.newest(run)
    assert not complaints
    return found and found.facts["step"]


def wait_for(true: Callable[[], bool]) -> None:
    """Ask until something is true."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)  # between questions, not instead of an answer


def test_a_save_is_refused_for_its_own_sake_alone(begun: Engine, tmp_path: Path) -> None:
    with full_disk():
        begun.submit(Save())
        until(begun, lambda s: "could not be saved" in said(s) and "File too large" in said(s))
    begun.submit(Save())
    until(begun, lambda s: said(s) == "Checkpoint saved.")
    assert begun.stop() == ""
    assert newest_step(tmp_path / "run") == 3 and begun.snapshot.failure is None


def test_the_end_is_saved_after_a_save_that_was_refused(begun: Engine, tmp_path: Path) -> None:
    with full_disk():
        begun.submit(Step(1))
        until(begun, lambda s: "could not be saved" in said(s))
    begun.submit(Step(1))
    until(begun, lambda s: s.step == 5)
    assert begun.stop() == ""
    assert newest_step(tmp_path / "run") == 5


def test_it_is_tried_again_until_there_is_room(begun: Engine, tmp_path: Path) -> None:
    with full_disk():
        begun.submit(Step(1))
        until(begun, lambda s: "could not be saved" in said(s))
    wait_for(lambda: newest_step(tmp_path / "run") == 4)
    assert begun.stop() == ""


def test_a_disk_that_stays_full_is_told_at_the_end(begun: Engine, tmp_path: Path) -> None:
    begun.submit(Save())
    until(begun, lambda s: said(s) == "Checkpoint saved.")
    with full_disk():
        begun.submit(Step(2))
        until(begun, lambda s: s.step == 5)
        lost = begun.stop()
    assert "step 5 was not saved" in lost and str(tmp_path / "run") in lost
    assert newest_step(tmp_path / "run") == 3
    assert not list((tmp_path / "run").rglob("*.part"))


def test_undo_needs_no_disk(begun: Engine) -> None:
    before = begun.snapshot.learned
    with full_disk():
        begun.submit(Configure({"field.kind": "siren"}))
        begun.submit(Step(2))
        until(begun, lambda s: s.step == 5)
        begun.submit(Undo())
        back = until(begun, lambda s: s.step == 3 and not s.can_undo)
    begun.stop()
    assert before is not None and back.learned is not None
    for old, new in zip(before.cameras, back.learned.cameras, strict=True):
        assert np.array_equal(old.camera_to_world, new.camera_to_world)


def test_a_journal_without_room_stops_nothing(begun: Engine, tmp_path: Path) -> None:
    (tmp_path / "run" / "journal.jsonl").write_bytes(b"x" * SMALL_FILES)
    with full_disk():
        begun.submit(Step(2))
        done = until(begun, lambda s: s.step == 5)
    begun.stop()
    assert done.failure is None
    assert any("journal.jsonl" in notice.text for notice in done.notices)


def test_who_has_changed_nothing_saves_nothing(begun: Engine, tmp_path: Path) -> None:
    begun.stop()

    def files() -> dict[Path, int]:
        run = tmp_path / "run"
        return {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()}

    before = files()
    again = Engine(tmp_path / "run", {})
    again.start()
    ready = until(again, lambda s: s.phase == "ready")
    assert again.stop() == "" and ready.came_back == "", "a short life is no crash"
    assert files() == before
    changed = Engine(tmp_path / "run", {"field.rate": 0.002})
    changed.start()
    until(changed, lambda s: s.phase == "ready")
    changed.stop()
    assert checkpoint.newest_in(tmp_path / "run").config.field.rate == 0.002

"""The clock on the wall may jump: nothing is due sooner or later for that."""

import ast
import itertools
import os
import time
from pathlib import Path

import pytest

from core.engine import Engine
from core.engine.commands import Play
from core.runs import checkpoint
from tests.conftest import small_options
from tests.core.engine.test_engine import until

ROOT = Path(__file__).parents[3]
# Who asks it all the same: a lock says since when, a folder is called by its day, a history says
# when which cameras were thought what, and a benchmark looks there how long that took.
TELL_THE_DAY = {
    "core/engine/run_folder/claim.py",
    "core/runs/judged.py",
    "studio/benchmarks/truth.py",
    "studio/cli/arguments.py",
}
YEARS = 10 * 365 * 86400.0
JUMPS, AUTOSAVE, SECONDS = 50, 1.0, 3.5


def test_what_is_due_is_told_by_no_clock_on_a_wall() -> None:
    asked = set()
    for file in (*(ROOT / "core").rglob("*.py"), *(ROOT / "studio").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                name = f"{node.value.id}.{node.attr}"
                if name in ("time.time", "time.time_ns", "datetime.now", "datetime.today"):
                    asked.add(str(file.relative_to(ROOT)))
    assert asked == TELL_THE_DAY


def test_saves_and_time_left_are_sane_while_the_clock_jumps(
    photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truly, jumps = time.time, itertools.count(1)
    monkeypatch.setattr(time, "time", lambda: truly() + YEARS * (-1) ** next(jumps))
    options = small_options(data__photos=str(photo_folder), training__autosave_seconds=AUTOSAVE)
    engine = Engine(tmp_path / "run", options)
    engine.start()
    began = time.monotonic()
    engine.submit(Play(seconds=SECONDS))
    left = []
    while next(jumps) < 2 * JUMPS or engine.snapshot.playing or not left:
        os.utime(tmp_path / "run", (time.time(), time.time()))
        snapshot = engine.wait(engine.snapshot.version, timeout=0.05)
        if snapshot.seconds_left is not None:
            left.append(snapshot.seconds_left)
    took = time.monotonic() - began
    ended = until(engine, lambda s: not s.playing)
    engine.stop()
    assert all(0 <= seconds <= SECONDS for seconds in left)
    assert 0 < ended.seconds <= took
    found, _ = checkpoint.newest(tmp_path / "run")
    assert found is not None and found.facts["step"] == ended.step
    serial = found.facts["serial"]
    assert 2 <= serial <= took / AUTOSAVE + 2, f"{serial} saves in {took:.1f} s"

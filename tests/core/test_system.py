"""What systems do differently is asked for in one place, and that place has its own ways."""

import ast
import gc
import os
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

from core import system

ROOT = Path(__file__).parents[2]


def test_only_one_module_knows_what_unix_alone_has() -> None:
    unix = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog"}
    found = set()
    for file in (*(ROOT / "core").rglob("*.py"), *(ROOT / "studio").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import) and unix & {alias.name for alias in node.names}:
                found.add(str(file.relative_to(ROOT)))
    assert found == {"core/system.py"}


def test_a_file_is_rewritten_whole(tmp_path: Path) -> None:
    with (tmp_path / "a").open("w+b", buffering=0) as file:
        system.rewrite(file.fileno(), b"a longer text")
        system.rewrite(file.fileno(), b"short")
        assert system.content_of(file.fileno()) == b"short"


def test_elsewhere_nothing_is_limited_and_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "ON_UNIX", False)
    assert system.memory_limits() == [] and system.lives(1) and system.own(Path("/"))
    system.bound(1, 1, 19)


def test_circles_are_given_back_and_what_was_there_is_not_walked_through() -> None:
    class Circle:
        def __init__(self) -> None:
            self.itself = self

    gc.disable()
    try:
        system.settle_memory()
        assert gc.get_freeze_count() > 1000 and gc.get_count()[2] == 0
        gone = weakref.ref(Circle())
        assert gone() is not None
        system.give_back_memory()
        assert gone() is None
    finally:
        gc.unfreeze()
        gc.enable()


TEN_THREADS = """
import threading
from core import system
system.few_heaps()
there = threading.Barrier(11)
def live():
    kept = [bytes(2000) for _ in range(100)]
    there.wait()
    threading.Event().wait()
for _ in range(10):
    threading.Thread(target=live, daemon=True).start()
there.wait()
places = [int(line.partition("-")[0], 16) for line in open("/proc/self/maps")]
print(sum(place % 2**26 == 0 for place in places))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_ten_threads_share_few_heaps() -> None:
    """Each heap of glibc's begins at a multiple of 64 MB."""
    heaps = subprocess.run(
        [sys.executable, "-c", TEN_THREADS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(heaps.stdout) <= max(2, os.cpu_count() or 1)

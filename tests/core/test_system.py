"""What systems do differently is asked for in one place, and that place has its own ways."""

import ast
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

"""What this process may have of the machine's memory."""

import resource
from pathlib import Path

from core.memory import group_limits, machine_memory


def limit(root: Path, group: str, file: str, word: str) -> None:
    (root / group).mkdir(parents=True, exist_ok=True)
    (root / group / file).write_text(f"{word}\n")


def test_every_group_around_the_process_limits_it(tmp_path: Path) -> None:
    limit(tmp_path, "user/app", "memory.max", "max")
    limit(tmp_path, "user", "memory.max", "4096")
    limit(tmp_path, ".", "memory.max", "8192")
    limit(tmp_path, "memory/pods/one", "memory.limit_in_bytes", "512")
    limit(tmp_path, "memory", "memory.limit_in_bytes", "9223372036854771712")
    assert sorted(group_limits("0::/user/app\n", tmp_path)) == [4096, 8192]
    old = "3:cpu,cpuacct:/user\n4:memory:/pods/one\n"
    assert sorted(group_limits(old, tmp_path)) == [512, 9223372036854771712]


def test_groups_that_cannot_be_seen_say_nothing(tmp_path: Path) -> None:
    limit(tmp_path, ".", "memory.max", "2048")
    assert list(group_limits("0::/somewhere/outside\n", tmp_path)) == [2048]
    assert list(group_limits("", tmp_path)) == []


def test_a_limit_of_the_shell_counts(monkeypatch) -> None:
    whole = machine_memory()
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (whole // 3, whole))
    assert machine_memory() == whole // 3

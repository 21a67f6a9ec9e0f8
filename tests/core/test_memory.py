"""What this process may have of the machine's memory."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.errors import OutOfMemory, is_out_of_memory
from core.memory import group_limits, machine_memory
from core.rendering.halving import halving

ROOT = Path(__file__).parents[2]


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


def test_where_memory_runs_out_pieces_halve_and_then_training_pauses(photo_folder: Path) -> None:
    command = [sys.executable, "-m", "tests.core.starved", str(photo_folder)]
    exact = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}  # what is freed is given back
    child = subprocess.run(
        command, cwd=ROOT, env=exact, capture_output=True, text=True, timeout=120, check=False
    )
    assert child.returncode == 0, child.stderr


def test_memory_is_known_to_have_run_out_however_that_is_said() -> None:
    said = "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you"
    for error in (MemoryError(), RuntimeError(said), torch.OutOfMemoryError("CUDA out of memory.")):
        assert is_out_of_memory(error)
    assert is_out_of_memory(RuntimeError(said[:15])), "there was no memory for the sentence"
    other = RuntimeError("[enforce fail at shape.cpp:3] . a shape is wrong")
    assert not any(map(is_out_of_memory, (RuntimeError("a shape is wrong"), other, KeyError())))


def test_pieces_halve_three_times_and_no_more() -> None:
    sizes: list[int] = []

    def never(piece: int) -> None:
        sizes.append(piece)
        raise MemoryError

    with pytest.raises(OutOfMemory, match="8 times smaller"):
        halving(never, 100)
    assert sizes == [100, 50, 25, 12]
    with pytest.raises(KeyError):  # nothing else is tried again
        halving({}.__getitem__, 100)

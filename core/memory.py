"""How much memory there is: the machine's, or what this process may have of it."""

from collections.abc import Iterator
from pathlib import Path

from core import system

SELF, GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def machine_memory() -> int:
    """Bytes of the machine, or of the container, service or shell around this process if less."""
    groups = SELF.read_text("utf-8") if SELF.exists() else ""  # Linux alone has them
    return min(system.physical_memory(), *system.memory_limits(), *group_limits(groups, GROUPS))


def group_limits(groups: str, root: Path) -> Iterator[int]:
    """Bytes that control groups allow, those around them included (cgroups(7), both versions).

    Args:
        groups: lines `number:controllers:path` that name the groups of a process.
        root: where they are mounted; of a group that cannot be seen from here nothing is known.
    """
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        folder = root / controllers
        file = "memory.limit_in_bytes" if controllers else "memory.max"
        inner = folder / path.lstrip("/")
        for limit in (group / file for group in (inner, *inner.parents)):
            if limit.is_relative_to(folder) and limit.is_file():
                word = limit.read_text().strip()
                if word != "max":
                    yield int(word)

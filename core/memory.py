"""How much memory there is: the machine's, or what this process may have of it."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

SELF, GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def machine_memory() -> int:
    """Bytes of the machine, or of the container, service or shell around this process if less."""
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limits = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
    limited = [limit for limit in limits if limit not in (resource.RLIM_INFINITY, -1)]
    groups = SELF.read_text() if SELF.exists() else ""  # Linux alone has them
    return min(physical, *limited, *group_limits(groups, GROUPS))


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
        place = root / controllers
        file = "memory.limit_in_bytes" if controllers else "memory.max"
        inner = place / path.lstrip("/")
        for limit in (group / file for group in (inner, *inner.parents)):
            if limit.is_relative_to(place) and limit.is_file():
                word = limit.read_text().strip()
                if word != "max":
                    yield int(word)

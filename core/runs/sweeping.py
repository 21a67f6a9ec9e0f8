"""How much of the disk the states of a run take, and which of them go first."""

import re
from dataclasses import dataclass
from pathlib import Path

from core.runs import checkpoint, moments

GIGABYTE = 1e9  # bytes


@dataclass(frozen=True)
class Kept:
    """What a run keeps: how many states, and bytes on the disk, with scenes as they were."""

    states: int
    size: int


def kept(run: Path) -> Kept:
    """All states of a run, whatever they are kept for."""
    sizes = [size for _, size in _oldest_first(run)]
    return Kept(len(sizes), sum(sizes) + moments.size_of(run))


def sweep(run: Path, most: float) -> int:
    """Remove the oldest states until no more than so many bytes are left; returns how many went.

    The newest state stays whatever it takes, as the run goes on from it, and so does the newest
    that Undo goes back to.
    """
    states = _oldest_first(run)
    left, gone = sum(size for _, size in states), 0
    spared = {path for path, _ in states[-1:]}
    spared |= {path for path, _ in [one for one in states if "-before-" in one[0].name][-1:]}
    for path, size in states:
        if left <= most:
            break
        if path not in spared:
            path.unlink(missing_ok=True)
            left, gone = left - size, gone + 1
    return gone


def _oldest_first(run: Path) -> list[tuple[Path, int]]:
    """States with their bytes, by the serials in their names; those of older runs have none."""
    found = []
    for path in checkpoint.folder(run).glob("*.safetensors"):
        serial = re.match(r"(\d+)-\d", path.name)
        try:
            stat = path.stat()
        except FileNotFoundError:  # swept meanwhile
            continue
        found.append((int(serial[1]) if serial else 0, stat.st_mtime_ns, path, stat.st_size))
    return [(path, size) for _, _, path, size in sorted(found)]

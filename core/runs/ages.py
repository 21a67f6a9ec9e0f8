"""Which checkpoint is the newest, and which are to go."""

import re
from pathlib import Path

from core.runs.container import NO_CHECKPOINT, facts_in, regular

KEPT = 3  # newest checkpoints that stay
NAME = re.compile(r"(\d+)-\d+(-.+)?")  # serial, step, a word; older runs have no serial


def by_age(folder: Path) -> list[Path]:
    """The checkpoints in a folder, the newest first."""
    return sorted(folder.glob("*.safetensors"), key=age, reverse=True)


def age(path: Path) -> tuple[int, int, str]:
    """What orders checkpoints: the serial inside, for whatever they are called.

    Damaged ones count by their names. Of older runs, without serials, the clock must do.
    """
    try:
        with regular(path).open("rb") as file:
            serial = int(facts_in(file).get("serial", 0))
    except NO_CHECKPOINT:
        serial = serial_in(path.stem)
    try:
        return serial, 0 if serial else path.stat().st_mtime_ns, path.name
    except OSError:  # swept by the run's owner while others look
        return serial, 0, path.name


def serial_in(name: str) -> int:
    """The serial in a checkpoint's name; 0 where it has none."""
    found = NAME.fullmatch(name)
    return int(found[1]) if found else 0


def sweep(written: Path) -> None:
    """Remove what is older than the newest; never what was just written or is kept by a word."""
    folder = written.parent
    swept = [path for path in by_age(folder) if re.fullmatch(r"\d+(-\d+)?", path.stem)]
    for path in swept[KEPT:]:
        if path != written:
            path.unlink()
    for left in (*folder.glob(".*.part"), *folder.glob(".tmp*")):  # ours, and safetensors' own
        left.unlink()

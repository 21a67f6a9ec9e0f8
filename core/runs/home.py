"""A run that was moved or copied: what lies in its folder is found there again.

Photos that were dropped, frames of a video and reference cameras lie in the run's folder, and the
options name them by whole paths: of the place where the folder was.
"""

from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

DROPPED = "photos"  # the folder of a run that keeps what was dropped, each drop in its own
REFERENCES, FRAMES = "references", "frames"  # those of cameras that were dropped, and of a video
INSIDE = (DROPPED, REFERENCES, FRAMES)  # that options may name
EXPORTS = "exports"  # what was made of a run to take home
NAMING = (("data", "photos"), ("explore", "reference"))


def at_home(facts: dict[str, Any], run: Path) -> dict[str, Any]:
    """Facts of a checkpoint whose options name what is there now."""
    config = facts["config"]
    for section, name in NAMING:
        found = _found(str(config[section][name]), run)
        config = {**config, section: {**config[section], name: found}}
    return {**facts, "config": config}


def _found(named: str, run: Path) -> str:
    """Where a path's end lies in the run's folder, if not where the path says."""
    if not named or Path(named).exists():
        return named
    windows = "\\" in named and "/" not in named
    parts = (PureWindowsPath if windows else PurePosixPath)(named).parts
    for at in reversed(range(len(parts))):
        path = run.absolute().joinpath(*parts[at:])
        if parts[at] in INSIDE and path.exists():
            return str(path)
    return named

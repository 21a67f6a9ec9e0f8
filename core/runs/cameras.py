"""Cameras to compare with: of another run, or from whatever form of files they are in."""

from pathlib import Path

from core.formats.reference import read_reference
from core.geometry.cameras import Camera
from core.runs import checkpoint


def is_run(path: Path) -> bool:
    """Whether it is the folder of a run."""
    return checkpoint.folder(path).is_dir()


def known_cameras(path: Path) -> dict[str, Camera]:
    """Cameras by the names of their photos: what a run in that folder has learned.

    Where it is no run's folder, what `read_reference` finds there.

    Raises:
        InputError: there are none, or they cannot be read.
    """
    if is_run(path):
        return checkpoint.learned_in(path).by_name
    return read_reference(path)

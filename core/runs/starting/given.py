"""Cameras of another program, by the photos of a run that they belong to."""

from pathlib import Path

import numpy as np

from core.errors import InputError
from core.formats.llff import read_llff
from core.formats.reference import read_content, read_reference
from core.formats.tum import read_tum
from core.geometry.cameras import Camera
from core.geometry.stored import upright
from core.photos import PhotoSet
from core.runs.starting.fitting import fitted, rows_by_name

TRAJECTORIES = (".txt", ".tum")  # files, while a COLMAP model is a folder


def given_cameras(path: Path, photos: PhotoSet, like: Camera) -> dict[str, Camera]:
    """Cameras at the sizes of the photos they belong to, by the names of these.

    Files that name no photos, a trajectory and a poses_bounds.npy without a folder of images, have
    a row for each photo in the order of names; a trajectory may have photos' names as its times.

    Args:
        path: what `core.formats.reference.read_reference` reads, or a TUM trajectory.
        photos: of the run.
        like: has the lens, where none is stated.

    Raises:
        InputError: it cannot be read, or belongs to other photos.
    """
    cameras = _read(path, photos, like)
    sized = fitted(cameras, photos, path)
    known = {name: row for row, name in enumerate(sized)}
    rows, each = rows_by_name(photos.names, known, path), list(sized.values())
    return {photos.names[photo]: each[row] for photo, row in rows.items()}


def given_content(path: Path) -> np.ndarray:
    """(P, 3) points of the scene in the world of these cameras, where any are told."""
    return np.zeros((0, 3)) if _is_trajectory(path) else read_content(path)


def _read(path: Path, photos: PhotoSet, like: Camera) -> dict[str, Camera]:
    if _is_trajectory(path):
        poses = read_tum(path, like)
        stems = {Path(name).stem for name in photos.names}
        return poses if stems & poses.keys() else _in_order(path, list(poses.values()), photos)
    if _unnamed(path):
        return read_llff(path, sorted(photos.names))
    stored = dict(zip(photos.names, photos.stored, strict=False))
    return upright(read_reference(path), stored)


def _is_trajectory(path: Path) -> bool:
    return path.suffix.lower() in TRAJECTORIES and not path.is_dir()


def _unnamed(path: Path) -> bool:
    """Whether it is a poses_bounds.npy that has no photos beside it."""
    alone = path.suffix.lower() == ".npy" and not path.is_dir()
    return alone and not any(path.parent.glob("images*/"))


def _in_order(path: Path, cameras: list[Camera], photos: PhotoSet) -> dict[str, Camera]:
    if len(cameras) != len(photos.names):
        raise InputError(
            f"{path} has {len(cameras)} poses without names and there are {len(photos.names)} "
            "photos; give one for each, or times that are the photos' names."
        )
    return dict(zip(sorted(photos.names), cameras, strict=True))

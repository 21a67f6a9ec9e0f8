"""Cameras to compare with or to begin with, from whatever form they are in."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.files import is_text
from core.formats.colmap_binary import read_colmap_binary, read_points_binary
from core.formats.colmap_text import read_colmap_text, read_points_text
from core.formats.llff import read_llff, read_llff_points
from core.formats.npz import read_npz
from core.formats.transforms import read_transforms
from core.geometry.cameras import Camera

Reader = Callable[[Path], dict[str, Camera]]

FILES: dict[str, Reader] = {
    ".json": read_transforms,
    ".npy": read_llff,
    ".npz": read_npz,
}
NAMES = ("transforms.json", "poses_bounds.npy")  # in a folder, the likelier first
MODELS: dict[str, Reader] = {".bin": read_colmap_binary, ".txt": read_colmap_text}
CONTENTS: dict[Reader, Callable[[Path], np.ndarray]] = {
    read_colmap_binary: read_points_binary,
    read_colmap_text: read_points_text,
    read_llff: read_llff_points,
}  # what tells where the scene is, for the forms that do
MODEL_FOLDERS = (".", "sparse/0", "sparse")  # where COLMAP and its followers put a model
FORMS = "a transforms.json, a COLMAP model, a poses_bounds.npy or an exported .npz"


def read_reference(path: Path) -> dict[str, Camera]:
    """Cameras by the file names of their photos, without folders.

    Args:
        path: a transforms.json, a poses_bounds.npy with its photos beside it, or a file of
            `write_npz`; or a folder that holds, and of several the first is taken, a
            transforms.json, a COLMAP model (binary or text, also in `sparse/0` or `sparse` below
            it), a poses_bounds.npy.

    Raises:
        InputError: there is none of these, it cannot be read, or two photos have the same name.
    """
    reader, source = _found(path)
    cameras: dict[str, Camera] = {}
    for stated, camera in reader(source).items():
        name = re.split(r"[/\\]", stated)[-1]
        if not is_text(name) or name in cameras:
            raise InputError(
                f"{source}: photos are told apart by their file names, but {stated!r} has "
                f"{'the name of another' if name in cameras else 'none'}; rename it."
            )
        cameras[name] = camera
    return cameras


def read_content(path: Path) -> np.ndarray:
    """(P, 3) points of the scene, in the world of the cameras that `read_reference` reads.

    They are the sparse points of a COLMAP model, or the bounds of a poses_bounds.npy; other forms
    tell nothing, and those may: then there are none.

    Raises:
        InputError: as `read_reference`.
    """
    reader, source = _found(path)
    points = CONTENTS[reader](source) if reader in CONTENTS else np.zeros((0, 3))
    return points[np.isfinite(points).all(axis=1)]


def _found(path: Path) -> tuple[Reader, Path]:
    """What reads it, and the file or folder to give to that."""
    if not path.is_dir():
        if reader := FILES.get(path.suffix.lower()):
            return reader, path
        raise InputError(f"{path}: it is no folder and not {FORMS}; choose one of these.")
    transforms, bounds = (path / name for name in NAMES)
    if transforms.is_file():
        return read_transforms, transforms
    for folder in MODEL_FOLDERS:
        for suffix, reader in MODELS.items():
            if all((path / folder / f"{part}{suffix}").is_file() for part in ("cameras", "images")):
                return reader, path / folder
    if bounds.is_file():
        return read_llff, bounds
    raise InputError(f"{path}: there is not {FORMS} in this folder; choose another one.")

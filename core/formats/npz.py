"""Cameras as one NumPy archive, for scripts: everything a `Camera` holds, nothing turned."""

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.formats.arrays import NUMBERS, TEXT, array_in
from core.formats.checks import check_writable, checked_camera
from core.formats.files import LARGEST_FILE, read_file, write_file
from core.geometry.cameras import Camera

DAMAGE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError)
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # of `savez` and `savez_compressed`
INTRINSICS, SIZE, DISTORTION = ("fx", "fy", "cx", "cy"), ("width", "height"), "k1"


def write_npz(
    cameras: Mapping[str, Camera],
    out: Path,
    not_placed: Sequence[str] = (),
    about: Mapping[str, str | Sequence[str]] | None = None,
) -> None:
    """Write arrays for N cameras.

    `names` (N,) text; `camera_to_world` (N, 4, 4) in OpenCV axes; `fx`, `fy`, `cx`, `cy` (N,) and
    `width`, `height` (N,) in pixels; `k1` (N,) radial distortion, as OpenCV has it.
    `not_placed` (M,) names the other photos; what else there is to say `about` the cameras stands
    under its words, as () text or as rows of it.

    Raises:
        InputError: there are no cameras, one is not finite, or nothing can be written at `out`.
    """
    check_writable(cameras)
    numbers = {
        key: np.array([getattr(camera, key) for camera in cameras.values()])
        for key in ("camera_to_world", *INTRINSICS, *SIZE, DISTORTION)
    }
    stream = io.BytesIO()
    missing = np.array(list(not_placed), dtype=np.str_)
    said = {word: np.array(text, dtype=np.str_) for word, text in (about or {}).items()}
    arrays = {"names": np.array(list(cameras)), "not_placed": missing, **said, **numbers}
    np.savez(stream, allow_pickle=False, **arrays)
    write_file(stream.getvalue(), out)


def read_npz(path: Path) -> dict[str, Camera]:
    """Cameras of a file that `write_npz` wrote; one without `k1` holds pinholes.

    Raises:
        InputError: the file cannot be read or is not of that form.
    """
    stated = _arrays(path)
    names = stated["names"].tolist()
    if len(set(names)) != len(names) or not names:
        raise InputError(f"{path}: every camera needs a name of its own; write it again.")
    order = ("camera_to_world", *INTRINSICS, *SIZE, DISTORTION)
    rows = zip(*(stated[key] for key in order), strict=True)
    return {
        name: checked_camera(pose, numbers[:4], numbers[4:6], f"{path}: camera {name!r}", k1)
        for name, (pose, *numbers, k1) in zip(names, rows, strict=True)
    }


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays by name, of the right shapes, numbers as float64."""
    stream = io.BytesIO(read_file(path))
    try:
        with zipfile.ZipFile(stream) as archive:
            names = array_in(_member(archive, "names", path), TEXT, f"{path}: names")
            stated = {"names": names, DISTORTION: np.zeros(names.size)}
            there = f"{DISTORTION}.npy" in archive.namelist()
            for key in ("camera_to_world", *INTRINSICS, *SIZE, *[DISTORTION] * there):
                found = array_in(_member(archive, key, path), NUMBERS, f"{path}: {key}")
                stated[key] = found.astype(np.float64)
    except DAMAGE as error:
        raise InputError(f"{path}: it is no archive of cameras; choose another file.") from error
    for key, array in stated.items():
        wanted = (names.size, 4, 4) if key == "camera_to_world" else (names.size,)
        if array.shape != wanted:
            raise InputError(f"{path}: {key} must have the shape {wanted}; write it again.")
    return stated


def _member(archive: zipfile.ZipFile, key: str, path: Path) -> bytes:
    """One array's file; a small archive may claim to hold very much."""
    try:
        stated = archive.getinfo(f"{key}.npy")
    except KeyError as error:
        raise InputError(f"{path}: it has no {key}; choose a file of cameras.") from error
    if stated.compress_type not in PACKINGS:
        raise InputError(f"{path}: {key} is packed in an unusual way; write it with NumPy.")
    if stated.file_size > LARGEST_FILE:
        raise InputError(f"{path}: {key} is larger than 4 MB; choose a file of cameras.")
    return archive.read(stated)

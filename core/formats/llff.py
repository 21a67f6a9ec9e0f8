"""poses_bounds.npy, the camera file of LLFF and of the first NeRF codebases.

(N, 17) numbers. Of a row, 15 are a 3 x 5 matrix, row by row: the camera's axes **down, right,
back** and its centre in the world, then height, width and focal length in pixels; the last two are
the nearest and the farthest depth in the photo (https://github.com/Fyusion/LLFF, "Using your own
poses"). Names are not stated: rows stand in the order of `sorted` photo names.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.formats.arrays import NUMBERS, array_in
from core.formats.checks import check_writable, checked_camera
from core.formats.files import read_file, write_file
from core.geometry.cameras import Camera

PHOTOS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")


def write_llff(
    cameras: Mapping[str, Camera], out: Path, bounds: Mapping[str, tuple[float, float]]
) -> None:
    """Write poses_bounds.npy; it belongs beside a folder `images` with exactly these photos.

    Args:
        cameras: by the photos' names, in any order.
        out: the file.
        bounds: nearest and farthest depth in each photo, in the cameras' units.

    Raises:
        InputError: there are no cameras, one is not finite, fx is not fy, the principal point not
            the centre or k1 not 0, which the form cannot state; bounds are not 0 < near < far; or
            nothing can be written at `out`.
    """
    check_writable(cameras)
    rows = []
    for name in sorted(cameras):
        camera, (near, far) = cameras[name], bounds[name]
        centre = (camera.width / 2, camera.height / 2)
        if not np.allclose((camera.fx, camera.cx, camera.cy), (camera.fy, *centre), rtol=1e-6):
            raise InputError(
                f"{name!r}: LLFF states one focal length and no principal point; train with "
                "cameras.shared_focal, or export another form."
            )
        if camera.k1:
            raise InputError(
                f"{name!r}: LLFF states no distortion; train without cameras.learn_distortion, or "
                "export another form."
            )
        if not 0 < near < far < np.inf:
            raise InputError(
                f"{name!r}: LLFF needs depths of 0 < near < far, not {near:g} and {far:g}; train "
                "on, or export another form."
            )
        right, down, forward, position = camera.camera_to_world[:3].T
        shape = [camera.height, camera.width, camera.fx]
        matrix = np.stack([down, right, -forward, position, shape], axis=-1)
        rows.append([*matrix.flat, near, far])
    write_file(_npy(np.array(rows)), out)


def read_llff(path: Path, photos: Sequence[str] = ()) -> dict[str, Camera]:
    """Cameras of a poses_bounds.npy by the names of the photos in a folder `images*` beside it.

    Intrinsics are those stated, which may be of larger photos than the ones there. `images` is
    preferred to `images_4` and the like, where it holds as many photos as there are rows.

    Args: `photos` are the names in the order of the rows, where they are not beside it.

    Raises:
        InputError: the file cannot be read or is not of that form, or has another number of rows
            than there are photos.
    """
    rows = _rows(path)
    if photos and len(photos) != len(rows):
        raise InputError(
            f"{path}: it states {len(rows)} cameras without names and there are {len(photos)} "
            "photos; give one for each."
        )
    names = photos or _photos(path, len(rows))
    return {
        name: _camera(row, f"{path}: the row of {name!r}")
        for name, row in zip(names, rows, strict=True)
    }


def read_llff_points(path: Path) -> np.ndarray:
    """(P, 3) points straight ahead of each camera at its nearest and farthest depth.

    Raises:
        InputError: as `read_llff`.
    """
    rows = _rows(path)
    matrices, bounds = rows[:, :15].reshape(-1, 3, 5), rows[:, 15:]
    back, position = matrices[:, :, 2], matrices[:, :, 3]
    return (position[:, None] - bounds[:, :, None] * back[:, None]).reshape(-1, 3)


def read_llff_bounds(path: Path) -> np.ndarray:
    """(N, 2) nearest and farthest depth in each photo, in the cameras' units.

    Raises:
        InputError: as `read_llff`.
    """
    return _rows(path)[:, 15:]


def _rows(path: Path) -> np.ndarray:
    rows = array_in(read_file(path), NUMBERS, str(path)).astype(np.float64)
    if rows.ndim != 2 or rows.shape[1] != 17 or not np.isfinite(rows).all():
        raise InputError(f"{path}: it must be N x 17 finite numbers; choose a poses_bounds.npy.")
    return rows


def _camera(row: np.ndarray, where: str) -> Camera:
    down, right, back, position, (height, width, focal) = row[:15].reshape(3, 5).T
    pose = np.eye(4)
    pose[:3] = np.stack([right, down, -back, position], axis=-1)
    return checked_camera(pose, (focal, focal, width / 2, height / 2), (width, height), where)


def _photos(path: Path, count: int) -> list[str]:
    counts = {}
    for folder in sorted(path.parent.glob("images*/")):
        names = sorted(file.name for file in folder.glob("[!.]*") if _is_photo(file))
        if names and len(names) == count:
            return names
        counts[folder.name] = len(names)
    found = ", ".join(f"{name} holds {number} photos" for name, number in counts.items())
    raise InputError(
        f"{path}: it states {count} cameras without names, but {found or 'no folder'} beside it; "
        "put its photos into a folder `images` there."
    )


def _is_photo(file: Path) -> bool:
    return file.suffix.lower() in PHOTOS


def _npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()

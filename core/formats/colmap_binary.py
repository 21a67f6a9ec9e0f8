"""COLMAP's model as binary files: cameras.bin, images.bin and points3D.bin in a folder.

All numbers are little-endian and stand without gaps; each file begins with a count.
"""

import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from core.errors import InputError
from core.formats.colmap import (
    LARGEST_PART,
    Image,
    Intrinsics,
    Model,
    cameras_of,
    lens_called,
    lens_for,
    model_of,
)
from core.formats.files import opened, write_folder
from core.formats.sparse import NO_POINTS, SparsePoints
from core.geometry.cameras import Camera

CAMERA, IMAGE = "<IiQQ", "<I7dI"  # number, lens, width, height; number, pose, camera
POINT_BYTES = 24  # of one point in a photo: x, y and which point it is
POINT = "<Q3d3BdQ"  # number, place, colour, error, in how many photos
SEEN_BYTES = 8  # for each of these: the photo, and which of its points
LONGEST_NAME = 4096  # bytes


def write_colmap_binary(
    cameras: Mapping[str, Camera], out: Path, points: SparsePoints = NO_POINTS
) -> None:
    """Write a binary COLMAP model, to a folder or, where `out` ends in .zip, an archive of it.

    `points` are those of `cameras`, in order.

    Raises:
        InputError: there are no cameras, one is not finite, or nothing can be written at `out`.
    """
    model = model_of(cameras)
    lenses = struct.pack("<Q", len(model.cameras))
    for number, own in model.cameras.items():
        lens = lens_for(own)
        lenses += struct.pack(CAMERA, number, lens.number, own.width, own.height)
        lenses += struct.pack(f"<{lens.parameters}d", *lens.parameters_of(own))
    images = struct.pack("<Q", len(model.images))
    for number, (name, camera, quaternion, translation) in enumerate(model.images, start=1):
        images += struct.pack(IMAGE, number, *quaternion, *translation, camera)
        rows = points.in_photo(number - 1)
        images += name.encode() + b"\0" + struct.pack("<Q", rows.stop - rows.start)
        for point, pixel in enumerate(points.pixels[rows].tolist(), start=rows.start + 1):
            images += struct.pack("<ddQ", *pixel, point)
    sparse = struct.pack("<Q", len(points.positions))
    owners = zip((points.photo + 1).tolist(), points.order.tolist(), strict=True)
    listed = zip(points.positions.tolist(), points.colours.tolist(), owners, strict=True)
    for point, (position, colour, owner) in enumerate(listed, start=1):
        sparse += struct.pack(POINT, point, *position, *colour, 0.0, 1) + struct.pack("<II", *owner)
    write_folder({"cameras.bin": lenses, "images.bin": images, "points3D.bin": sparse}, out)


def read_colmap_binary(folder: Path) -> dict[str, Camera]:
    """Cameras of a binary COLMAP model, by the names of its photos.

    Raises:
        InputError: a file cannot be read or ends early, a lens is none of `LENSES`, or the model
            says nothing usable; see `cameras_of`.
    """
    model = Model(_cameras(folder / "cameras.bin"), _images(folder / "images.bin"))
    return cameras_of(model, folder)


def read_points_binary(folder: Path) -> np.ndarray:
    """(P, 3) the sparse points of a binary COLMAP model; none where there is no such file.

    Raises:
        InputError: the file cannot be read or ends early.
    """
    path = folder / "points3D.bin"
    if not path.exists():
        return np.zeros((0, 3))
    points = []
    with opened(path, LARGEST_PART) as stream:
        (count,) = _take(stream, "<Q", path)
        for _ in range(count):
            _, x, y, z, _, _, _, _, seen = _take(stream, POINT, path)
            points.append((x, y, z))
            _pass_over(stream, seen * SEEN_BYTES, path)
    return np.array(points, np.float64).reshape(-1, 3)


def _cameras(path: Path) -> dict[int, Intrinsics]:
    found = {}
    with opened(path, LARGEST_PART) as stream:
        (count,) = _take(stream, "<Q", path)
        for _ in range(count):
            number, kind, width, height = _take(stream, CAMERA, path)
            lens = lens_called(kind, f"{path}: camera {number}")
            parameters = _take(stream, f"<{lens.parameters}d", path)
            if number in found:
                raise InputError(f"{path}: camera {number} is there twice; write the model again.")
            found[number] = lens.intrinsics(parameters, width, height)
    return found


def _images(path: Path) -> list[Image]:
    found = []
    with opened(path, LARGEST_PART) as stream:
        (count,) = _take(stream, "<Q", path)
        for _ in range(count):
            _, *pose, camera = _take(stream, IMAGE, path)
            found.append(Image(_name(stream, path), camera, pose[:4], pose[4:]))
            (points,) = _take(stream, "<Q", path)
            _pass_over(stream, points * POINT_BYTES, path)
    return found


def _take(stream: BinaryIO, form: str, path: Path) -> tuple[Any, ...]:
    """The next numbers; as much is read as the form has, whatever a count may claim."""
    content = stream.read(struct.calcsize(form))
    try:
        return struct.unpack(form, content)
    except struct.error as error:
        raise _ends_early(path) from error


def _pass_over(stream: BinaryIO, count: int, path: Path) -> None:
    """Go on after so many bytes, which the file must have, whatever a count may claim."""
    after = stream.tell() + count
    if after > os.fstat(stream.fileno()).st_size:
        raise _ends_early(path)
    stream.seek(after)


def _name(stream: BinaryIO, path: Path) -> str:
    """The text up to the next zero byte."""
    name = bytearray()
    while (letter := stream.read(1)) != b"\0":
        if not letter:
            raise _ends_early(path)
        if len(name) == LONGEST_NAME:
            raise InputError(f"{path}: a name in it does not end; write the COLMAP model again.")
        name += letter
    try:
        return name.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: {bytes(name)!r} is no name; rename the photo.") from error


def _ends_early(path: Path) -> InputError:
    return InputError(f"{path}: it ends too early; write the COLMAP model again.")

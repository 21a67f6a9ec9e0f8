"""COLMAP's model as text: cameras.txt, images.txt and points3D.txt in a folder."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

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

LONGEST_LINE = 20_000_000  # bytes: half a million points in one photo


def write_colmap_text(
    cameras: Mapping[str, Camera],
    out: Path,
    remarks: Sequence[str] = (),
    points: SparsePoints = NO_POINTS,
) -> None:
    """Write a COLMAP model as text, to a folder or, where `out` ends in .zip, an archive of it.

    What there is to say of the cameras stands in comments. `points` are those of `cameras`, in
    order.

    Raises:
        InputError: there are no cameras, one is not finite, a name has blanks, at which COLMAP
            would end it, or nothing can be written at `out`.
    """
    model = model_of(cameras)
    for name in cameras:
        if name.split() != [name] or not name.isprintable():
            raise InputError(
                f"{name!r}: COLMAP's text cannot hold a name with blanks; rename the photo, or "
                "export the binary model."
            )
    lenses = ["# CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]"]
    for number, own in model.cameras.items():
        lens = lens_for(own)
        lenses.append(_line(number, lens.name, own.width, own.height, *lens.parameters_of(own)))
    images = [
        "# IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME, then a line of points",
        *(f"# {remark}" for remark in remarks),
    ]
    for number, (name, camera, quaternion, translation) in enumerate(model.images, start=1):
        rows = points.in_photo(number - 1)
        seen = zip(range(rows.start + 1, rows.stop + 1), points.pixels[rows].tolist(), strict=True)
        images += [
            _line(number, *quaternion, *translation, camera, name),
            " ".join(_line(*pixel, point) for point, pixel in seen),
        ]
    sparse = ["# POINT3D_ID, X, Y, Z, R, G, B, ERROR, IMAGE_ID, POINT2D_IDX"]
    owners = zip((points.photo + 1).tolist(), points.order.tolist(), strict=True)
    listed = zip(points.positions.tolist(), points.colours.tolist(), owners, strict=True)
    for point, (position, colour, owner) in enumerate(listed, start=1):
        sparse.append(_line(point, *position, *colour, 0.0, *owner))
    parts = {"cameras.txt": lenses, "images.txt": images, "points3D.txt": sparse}
    write_folder({name: ("\n".join(part) + "\n").encode() for name, part in parts.items()}, out)


def read_colmap_text(folder: Path) -> dict[str, Camera]:
    """Cameras of a COLMAP model as text, by the names of its photos.

    Raises:
        InputError: a file cannot be read or is not of that form, a lens is none of `LENSES`, or
            the model says nothing usable; see `cameras_of`.
    """
    model = Model(_cameras(folder / "cameras.txt"), _images(folder / "images.txt"))
    return cameras_of(model, folder)


def read_points_text(folder: Path) -> np.ndarray:
    """(P, 3) the sparse points of a COLMAP model as text; none where there is no such file.

    Raises:
        InputError: the file cannot be read or is not of that form.
    """
    path = folder / "points3D.txt"
    points = []
    for number, line in _lines(path) if path.exists() else ():
        words = line.split(maxsplit=4)
        if words and not words[0].startswith("#"):
            if len(words) < 4:
                raise InputError(f"{path}, line {number} needs a point's number and place.")
            points.append(_real(words[1:4], f"{path}, line {number}"))
    return np.array(points, np.float64).reshape(-1, 3)


def _cameras(path: Path) -> dict[int, Intrinsics]:
    found = {}
    for number, line in _lines(path):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        where = f"{path}, line {number}"
        lens = lens_called(words[1] if len(words) > 1 else "", where)
        if len(words) != 4 + lens.parameters:
            raise InputError(f"{where} needs {4 + lens.parameters} words; correct it.")
        identity, width, height = _whole([words[0], *words[2:4]], where)
        if identity in found:
            raise InputError(f"{where}: camera {identity} is there twice; write the model again.")
        found[identity] = lens.intrinsics(_real(words[4:], where), width, height)
    return found


def _images(path: Path) -> list[Image]:
    """Lines come in pairs: a photo, and the points in it, which may be an empty line."""
    found = []
    lines = _lines(path)
    for number, line in lines:
        words = line.split(maxsplit=9)
        if not words or words[0].startswith("#"):
            continue
        where = f"{path}, line {number}"
        if len(words) != 10:
            raise InputError(f"{where} needs ten words, the last a photo's name; correct it.")
        _, camera = _whole([words[0], words[8]], where)
        numbers = _real(words[1:8], where)
        found.append(Image(words[9].rstrip(), camera, numbers[:4], numbers[4:]))
        _, points = next(lines, (0, ""))
        if len(points.split()) % 3:
            raise InputError(f"{where} is not followed by a line of points; correct it.")
    return found


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Every line with its number, from 1."""
    with opened(path, LARGEST_PART) as stream:
        number = 0
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise InputError(f"{path}, line {number} is too long; choose a COLMAP model.")
            try:
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{path}, line {number} is no text; choose a COLMAP model."
                ) from error


def _line(*words: str | float) -> str:
    """Words with a blank between; numbers with all their digits."""
    return " ".join(str(word) for word in words)


def _whole(words: list[str], where: str) -> list[int]:
    try:
        return [int(word) for word in words]
    except ValueError as error:
        raise InputError(f"{where} needs whole numbers where {words} are; correct it.") from error


def _real(words: list[str], where: str) -> list[float]:
    try:
        return [float(word) for word in words]
    except ValueError as error:
        raise InputError(f"{where} needs numbers where {words} are; correct it.") from error

"""Cameras of another program and the photos of a run: which belongs to which, and lenses."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from core.config import Config
from core.config.paths import changed
from core.errors import InputError
from core.geometry.cameras import Camera, CameraRig
from core.geometry.canvas import Size
from core.photos import PhotoSet
from core.training.wide import has_planes

SAME_SHAPE = 0.02  # of width / height, which whole pixels round
SAME_LENS = 0.02  # of focal lengths, and of the principal point over the longer side


def fitted(cameras: Mapping[str, Camera], photos: PhotoSet, path: Path) -> dict[str, Camera]:
    """Those of some cameras that belong to photos, at the sizes of these.

    Args: `path` is what they are called in a complaint.

    Raises:
        InputError: none does, or one is of a photo of another shape.
    """
    numbers = {name: row for row, name in enumerate(cameras)}
    photo_of = {row: photo for photo, row in rows_by_name(photos.names, numbers, path).items()}
    sized = {}
    for row, (name, camera) in enumerate(cameras.items()):
        if row in photo_of:
            size = photos.size(photo_of[row])
            require_shape(path / name, (camera.width, camera.height), size)
            sized[name] = camera.resized(*size)
    return sized


def require_shape(path: Path, theirs: Size, ours: Size) -> None:
    """See that cameras of pictures of one size serve for pictures of another.

    Raises:
        InputError: they differ in shape, by more than a pixel.
    """
    (width, height), (wide, high) = theirs, ours
    apart = min(abs(height * wide / width - high), abs(width * high / height - wide))
    if apart > 1 and abs(width / height * high / wide - 1) > SAME_SHAPE:
        raise InputError(
            f"{path} is of {width} x {height} pixels and the photos have {wide} x {high}, another "
            "shape; name cameras of these photos."
        )


def rows_by_name(names: Sequence[str], known: Mapping[str, int], path: Path) -> dict[int, int]:
    """Photo -> row of the source: by file name, else by file name without suffix where it tells.

    Raises:
        InputError: no photo has one.
    """
    stems: dict[str, list[int]] = {}
    for name, row in known.items():
        stems.setdefault(Path(name).stem, []).append(row)
    rows = {}
    for photo, name in enumerate(names):
        alike = stems.get(Path(name).stem, [])
        if name in known:
            rows[photo] = known[name]
        elif len(alike) == 1:
            rows[photo] = alike[0]
    if not rows:
        raise InputError(
            f"None of the photos has a camera under its own name in {path}; name cameras of "
            f"these photos, such as {names[0]!r}."
        )
    return rows


def with_own_lenses(config: Config, cameras: Mapping[str, Camera]) -> tuple[Config, list[str]]:
    """Each photo with a focal length of its own, and a sentence, where several cameras took them.

    Args: `cameras` as `fitted` gives them.
    """
    one = config.cameras.focal_of == "all-photos"
    if not one or _differing(cameras) <= SAME_LENS:
        return config, []
    said = "The photos' lenses differ in focal length: each has its own."
    return changed(config, {"cameras.focal_of": "each-photo"}), [said]


def with_depth_maps(config: Config) -> Config:
    """Depth maps for a scene whose cameras are known, where nobody has said what is to hold it.

    They leave right cameras right, planes less so. A network alone stays alone.
    """
    chosen = config.field.geometry != "auto" or not has_planes(config)
    return config if chosen else changed(config, {"field.geometry": "depth-maps"})


def _differing(cameras: Mapping[str, Camera]) -> float:
    """How far, as a part of it, a focal length is from the median."""
    focals = focal_lengths(cameras)
    return float(np.abs(focals / np.median(focals, axis=0) - 1).max())


def focal_lengths(cameras: Mapping[str, Camera]) -> np.ndarray:
    """(N, 2) fx and fy in pixels."""
    return np.array([(camera.fx, camera.fy) for camera in cameras.values()])


def lens_notices(cameras: Mapping[str, Camera], rig: CameraRig) -> list[str]:
    """A sentence where what the rig can hold says less than was read.

    A rig has one principal point, and photos of several shapes theirs in the centre.
    """
    aside = max(
        max(abs(c.cx - c.width / 2), abs(c.cy - c.height / 2)) / max(c.width, c.height)
        for c in cameras.values()
    )
    if aside <= SAME_LENS:
        return []
    begins = "each begins with its centre" if rig.sizes else "all begin with the median"
    return [f"The photos' principal points lie beside the centre there; {begins}."]

"""transforms.json, the camera file of nerfstudio and instant-ngp."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError
from core.formats.checks import (
    LARGEST_NUMBER,
    check_writable,
    checked_distortion,
    exact_pose,
)
from core.formats.files import read_file, write_file
from core.geometry.cameras import Camera
from core.geometry.paths import covering

FURTHER = ("k2", "k3", "k4", "p1", "p2", "is_fisheye")  # with which k1 is not all
RADIAL = (None, "PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV")  # models whose k1 is ours
PINHOLES = (*RADIAL, "SIMPLE_PINHOLE", "OPENCV_FISHEYE")  # those that are pinholes in the middle


def write_transforms(
    cameras: Mapping[str, Camera],
    out: Path,
    not_placed: Sequence[str] = (),
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write the transforms.json of nerfstudio and instant-ngp.

    Poses are camera to world in OpenGL axes (x right, y up, z back), file_path is the photo's name
    as it is. Intrinsics that all cameras share stand at the top, else in every frame, because
    nerfstudio prefers the top. Distortion is stated where there is some,
    the names of photos that are `not_placed` under that word, and what else there is to say
    `about` the cameras under its words.

    Raises:
        InputError: there are no cameras, one is not finite, or nothing can be written at `out`.
    """
    check_writable(cameras)
    stated = [_intrinsics(camera) for camera in cameras.values()]
    shared = stated[0] if stated.count(stated[0]) == len(stated) else None
    frames = [
        {
            "file_path": name,
            **({} if shared else own),
            "transform_matrix": flip_axes(camera.camera_to_world).tolist(),
        }
        for (name, camera), own in zip(cameras.items(), stated, strict=True)
    ]
    model = "OPENCV" if any("k1" in own for own in stated) else "PINHOLE"
    content = {"camera_model": model, **(shared or {}), "frames": frames}
    if not_placed:
        content["not_placed"] = list(not_placed)
    content |= about or {}
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    write_file(f"{text}\n".encode(), out)


def read_transforms(path: Path) -> dict[str, Camera]:
    """Cameras of a transforms.json by the names of their photos; see `read_cameras` for the form.

    Raises:
        InputError: the file cannot be read, is not of that form, or names a photo twice or not.
    """
    cameras: dict[str, Camera] = {}
    for name, camera in read_cameras(path):
        if not name or name in cameras:
            raise InputError(
                f"{path}: every frame needs a `file_path` of its own, but {name!r} is "
                f"{'stated twice' if name else 'no name'}; correct it."
            )
        cameras[name] = camera
    return cameras


def read_cameras(file: Path, like: Camera | None = None) -> list[tuple[str, Camera]]:
    """Cameras of a transforms.json (nerfstudio, instant-ngp) with their file names.

    Poses are camera to world in OpenGL axes (x right, y up, z back); they come back in OpenCV axes
    with exact rotations. Intrinsics stand at the top or in a frame, where the frame's win. A
    missing fl_x follows from camera_angle_x, the field of view across the image, a missing fl_y
    equals fl_x, a missing cx or cy is the image's centre, a missing file_path is "".
    Of a lens with more distortion than k1 the pinhole part is read.

    Args:
        file: the JSON file, at most 4 MB.
        like: its size and field of view are taken where the file states none; with None the file
            has to state w, h and fl_x.

    Raises:
        InputError: the file cannot be read or is not of that form.
    """
    content = _read_json(file)
    frames = content.get("frames")
    if not isinstance(frames, list) or not frames:
        raise InputError(f"{file}: it has no list of `frames`; choose a transforms.json.")
    cameras = []
    for number, frame in enumerate(frames):
        where = f"{file}: frame {number}"
        if not isinstance(frame, dict):
            raise InputError(f"{where} is not an object with a `transform_matrix`; correct it.")
        stated = _stated({**content, **frame}, like, where)
        cameras.append((str(frame.get("file_path", "")), stated))
    return cameras


def flip_axes(camera_to_world: np.ndarray) -> np.ndarray:
    """(..., 4, 4) poses from OpenCV to OpenGL axes, or back: y and z of the camera turn round."""
    return camera_to_world * np.array([1, -1, -1, 1])


def _intrinsics(camera: Camera) -> dict[str, float]:
    lens = {"k1": camera.k1, "k2": 0.0, "p1": 0.0, "p2": 0.0}
    return {
        "w": camera.width,
        "h": camera.height,
        "fl_x": camera.fx,
        "fl_y": camera.fy,
        "cx": camera.cx,
        "cy": camera.cy,
        **(lens if camera.k1 else {}),
    }


def _read_json(file: Path) -> dict[str, Any]:
    text = read_file(file)
    try:
        content = json.loads(text)  # in any of Unicode's encodings, as editors leave them
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: it is not JSON; choose a transforms.json.") from error
    return content if isinstance(content, dict) else {}


def _stated(entry: Mapping[str, Any], like: Camera | None, where: str) -> Camera:
    """The camera of one frame, whose missing keys were filled in from the top of the file."""
    if like is not None:
        entry = {"w": like.width, "h": like.height, **entry}
    width, height = (round(_pixels(entry, key, where)) for key in ("w", "h"))
    if "fl_x" not in entry and "camera_angle_x" in entry:
        entry = {**entry, "fl_x": _focal(entry["camera_angle_x"], width, where)}
    if like is not None and "fl_x" not in entry:
        usual = covering(like, width, height)
        entry = {**entry, "fl_x": usual.fx, "fl_y": usual.fy}
    entry = {"fl_y": entry.get("fl_x"), "cx": width / 2, "cy": height / 2, **entry}
    fx, fy, cx, cy = (_pixels(entry, key, where) for key in ("fl_x", "fl_y", "cx", "cy"))
    k1 = _distortion(entry, where)
    return Camera(flip_axes(_pose(entry, where)), fx, fy, cx, cy, width, height, k1)


def _pixels(entry: Mapping[str, Any], key: str, where: str) -> float:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        value = 0
    if 1 <= value <= LARGEST_NUMBER:
        return float(value)
    raise InputError(f"{where}: `{key}` must be a number of pixels, at least 1; correct it.")


def _focal(angle: Any, width: int, where: str) -> float:
    """In pixels, of a field of view in radians across an image of that width."""
    if not isinstance(angle, int | float) or not 0 < angle < math.pi:
        raise InputError(
            f"{where}: `camera_angle_x` must be an angle in radians, between 0 and pi; correct it."
        )
    return width / 2 / math.tan(angle / 2)


def _distortion(entry: Mapping[str, Any], where: str) -> float:
    """k1 where it is all there is, else 0.

    Raises:
        InputError: it is no number, or the model has no pinhole part.
    """
    if (model := entry.get("camera_model")) not in PINHOLES:
        raise InputError(
            f"{where}: the camera model {model} is none of {', '.join(filter(None, PINHOLES))}; "
            "choose cameras of photos that a pinhole camera could have taken."
        )
    if any(entry.get(key) for key in FURTHER) or model not in RADIAL:
        return 0.0
    k1 = entry.get("k1", 0.0)
    if not isinstance(k1, int | float):
        raise InputError(f"{where}: `k1` must be a number; correct it.")
    return checked_distortion(k1, where)


def _pose(entry: Mapping[str, Any], where: str) -> np.ndarray:
    """(4, 4) as stated, its rotation made exact."""
    try:
        pose = np.array(entry.get("transform_matrix"), dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        pose = np.empty(0)
    return exact_pose(pose, f"{where}: `transform_matrix`")

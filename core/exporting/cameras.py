"""Learned cameras in the forms other tools read."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.exporting.files import finished_file
from core.geometry.cameras import Camera
from core.geometry.paths import flip_axes, read_cameras
from core.training.learned import Learned


def write_transforms(learned: Learned, out: Path) -> None:
    """Write the transforms.json of nerfstudio and instant-ngp.

    Poses are camera to world in OpenGL axes (x right, y up, z back), file_path is the photo's name
    as it is. Held-out photos are left out: their cameras were never learned, and the tools would
    train on them. Intrinsics that all cameras share stand at the top, else in every frame, because
    nerfstudio prefers the top.

    Raises:
        InputError: a camera is not finite, or nothing can be written at `out`.
    """
    photos = zip(learned.names, learned.cameras, learned.held_out, strict=True)
    kept = [(name, camera) for name, camera, held_out in photos if not held_out]
    if not all(np.isfinite([*c.camera_to_world.flat, c.fx, c.fy]).all() for _, c in kept):
        raise InputError("The cameras are not finite numbers; restart training before exporting.")
    stated = [_intrinsics(camera) for _, camera in kept]
    shared = stated[0] if stated.count(stated[0]) == len(stated) else None
    frames = [
        {
            "file_path": name,
            **({} if shared else own),
            "transform_matrix": flip_axes(camera.camera_to_world).tolist(),
        }
        for (name, camera), own in zip(kept, stated, strict=True)
    ]
    content = {"camera_model": "PINHOLE", **(shared or {}), "frames": frames}
    with finished_file(out) as temporary:
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


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


EXPORTS: dict[str, Callable[[Learned, Path], None]] = {"transforms": write_transforms}


def _intrinsics(camera: Camera) -> dict[str, float]:
    return {
        "w": camera.width,
        "h": camera.height,
        "fl_x": camera.fx,
        "fl_y": camera.fy,
        "cx": camera.cx,
        "cy": camera.cy,
    }

"""Cameras as pytorch3d's `PerspectiveCameras` takes them, in one NumPy archive.

    arrays = {k: torch.from_numpy(v) for k, v in np.load("pytorch3d.npz").items() if k != "names"}
    cameras = PerspectiveCameras(**arrays)

Its cameras look along +z with x to the left and y up, and multiply from the left: a point of the
world is seen at X R + T. Focal lengths and principal points are in its NDC, whose unit is half the
shorter side of the picture (pytorch3d.org/docs/cameras).
"""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.formats.checks import check_writable
from core.formats.files import write_file
from core.geometry.cameras import Camera

FLIP = np.diag([-1.0, -1.0, 1.0])  # OpenCV's axes to those of pytorch3d


def write_pytorch3d(cameras: Mapping[str, Camera], out: Path) -> None:
    """Write `names` (N,), `R` (N, 3, 3), `T` (N, 3), `focal_length`, `principal_point` and
    `image_size` (height, width), each (N, 2), in float32.

    Raises:
        InputError: there are no cameras, one is not finite or has distortion, which
            `PerspectiveCameras` cannot state, or nothing can be written at `out`.
    """
    check_writable(cameras)
    for name, camera in cameras.items():
        if camera.k1:
            raise InputError(
                f"{name!r}: pytorch3d's PerspectiveCameras state no distortion; choose transforms, "
                "a COLMAP model or npz."
            )
    poses = np.stack([camera.camera_to_world for camera in cameras.values()])
    rotation = poses[:, :3, :3] @ FLIP
    size = np.array([[c.height, c.width] for c in cameras.values()], float)
    half, unit = size[:, ::-1] / 2, size.min(axis=1, keepdims=True) / 2
    centre = np.array([[c.cx, c.cy] for c in cameras.values()])
    arrays = {
        "R": rotation,
        "T": -(poses[:, None, :3, 3] @ rotation)[:, 0],
        "focal_length": np.array([[c.fx, c.fy] for c in cameras.values()]) / unit,
        "principal_point": (half - centre) / unit,
        "image_size": size,
    }
    stream = io.BytesIO()
    numbers = {name: array.astype(np.float32) for name, array in arrays.items()}
    np.savez(stream, names=np.array(list(cameras)), **numbers)
    write_file(stream.getvalue(), out)

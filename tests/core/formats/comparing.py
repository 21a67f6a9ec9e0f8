"""What it means that cameras came back."""

from collections.abc import Mapping

import numpy as np

from core.geometry.cameras import Camera
from tests.cameras import same


def all_same(read: Mapping[str, Camera], written: Mapping[str, Camera]) -> bool:
    """The same names in the same order, each with the same camera to 1e-9."""
    return list(read) == list(written) and all(same(read[n], c) for n, c in written.items())


def pixel(camera: Camera, point: np.ndarray) -> np.ndarray:
    """(2,) where a camera sees a point of the world, from its definition alone."""
    x, y, z, _ = np.linalg.inv(camera.camera_to_world) @ [*point, 1]
    bend = 1 + camera.k1 * (x**2 + y**2) / z**2
    return np.array([camera.fx * x / z * bend + camera.cx, camera.fy * y / z * bend + camera.cy])

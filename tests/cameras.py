"""Cameras that tests make up, and what it means that two are the same."""

import numpy as np
from scipy.spatial.transform import Rotation

from core.geometry.cameras import Camera


def camera(position=(0, 0, 0), turn=(0, 0, 0), fx=50.0, size=(64, 48)) -> Camera:
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = Rotation.from_rotvec(turn).as_matrix(), position
    return Camera(pose, fx, fx, size[0] / 2, size[1] / 2, *size)


def scattered(seed: int, count: int, spread: float = 0.1) -> list[Camera]:
    rng = np.random.default_rng(seed)
    return [
        camera(rng.normal(2, spread, 3), rng.normal(0.3, spread, 3), rng.uniform(40, 60))
        for _ in range(count)
    ]


def same(a: Camera, b: Camera, tolerance: float = 1e-9) -> bool:
    numbers = [(c.fx, c.fy, c.cx, c.cy, c.width, c.height, c.k1) for c in (a, b)]
    poses = np.allclose(a.camera_to_world, b.camera_to_world, atol=tolerance)
    return poses and np.allclose(*numbers, atol=tolerance)


def is_pose(c: Camera) -> bool:
    axes = c.camera_to_world[:3, :3]
    return bool(
        np.allclose(axes @ axes.T, np.eye(3))
        and np.linalg.det(axes) > 0
        and (c.camera_to_world[3] == [0, 0, 0, 1]).all()
    )

"""Cameras to write."""

import numpy as np
import pytest

from core.geometry.cameras import Camera
from tests.cameras import camera


@pytest.fixture
def cameras() -> dict[str, Camera]:
    """Five cameras that differ in everything, one of them turned by half a circle."""
    rng = np.random.default_rng(5)
    turns = [*rng.normal(0, 1, (4, 3)), (np.pi, 0, 0)]
    made = {}
    for index, turn in enumerate(turns):
        size = (64 + 2 * index, 48 - index)
        plain = camera(rng.normal(0, 3, 3), turn, 40 + index, size)
        made[f"{index:03d}.jpg"] = Camera(plain.camera_to_world, 40 + index, 50.5, 30, 20, *size)
    return made


@pytest.fixture
def simple() -> dict[str, Camera]:
    """Four cameras with square pixels and their principal point in the centre, not in order."""
    rng = np.random.default_rng(6)
    names = ("img10.png", "img2.png", "Z.png", "img1.png")
    return {n: camera(rng.normal(0, 3, 3), rng.normal(0, 1, 3), 40 + len(n)) for n in names}

"""Whole pictures of a scene, and what small ones tell about depth."""

import time
from collections.abc import Callable

import numpy as np

from core.geometry.cameras import Camera
from core.rendering.picture import Pace, Picture
from core.rendering.progressive import render_progressively
from core.rendering.scene import Scene

SMALL = 64  # pixels of the longer side: enough to measure depth, a blink to render


def whole_picture(
    scene: Scene,
    camera: Camera,
    pace: Pace,
    after_chunk: Callable[[float], None] = lambda seconds: None,
) -> Picture:
    """What a camera sees, at its full size at once.

    Args:
        scene: what to render.
        camera: from where, and the size.
        pace: measured speed, shared between calls and improved by each.
        after_chunk: told how many seconds each chunk of work took. It may wait a little, or raise
            to stop.
    """
    began = time.perf_counter()
    for picture in render_progressively(scene, camera, pace, first_seconds=None):
        after_chunk(time.perf_counter() - began)
        if picture is not None:
            return picture
        began = time.perf_counter()
    raise AssertionError("the last thing rendered is a picture")


def shrunk(camera: Camera) -> Camera:
    """The same view with `SMALL` pixels along its longer side."""
    return camera.scaled(SMALL / max(camera.width, camera.height))


def median_depth(scene: Scene, camera: Camera) -> float:
    """Depth, in world units, with half of what a camera sees before it and half behind.

    Pixels count by their opacity, and alike where nothing is opaque.
    """
    picture = whole_picture(scene, shrunk(camera), Pace())
    depths = picture.depth.ravel()
    order = np.argsort(depths)
    passed = np.cumsum(picture.opacity.ravel()[order].astype(np.float64) + 1e-6)
    return float(depths[order[np.searchsorted(passed, passed[-1] / 2)]])

"""The one renderer: a picture that sharpens, made in pieces of measured time.

It is a generator. It yields after every chunk of work, so stopping is ``break``, and never more
than one chunk is lost when a newer camera waits.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from core.geometry.cameras import Camera
from core.rendering.picture import LEVELS, EvenPace, Pace, Picture
from core.rendering.scene import Scene


def render_progressively(
    scene: Scene, camera: Camera, pace: Pace, first_seconds: float | None = 0.06
) -> Iterator[Picture | None]:
    """Render a camera coarse to fine.

    Args:
        scene: what to render.
        camera: from where, and the size of the last level.
        pace: measured speed, shared between calls and improved by each.
        first_seconds: the first level is the finest expected within this time; None goes
            straight to the last level.

    Yields:
        None after a chunk of work, a `Picture` whenever a level is complete.
    """
    start = len(LEVELS) - 1 if first_seconds is None else pace.first_level(camera, first_seconds)
    for scale in LEVELS[start:]:
        for picture in scene.seen_by(camera.scaled(scale), pace):
            yield None if picture is None else replace(picture, scale=scale)


def picture_of(
    scene: Scene, camera: Camera, after_chunk: Callable[[float], None] = lambda seconds: None
) -> Picture:
    """What a camera sees at its full size; the same bits on every machine of a kind.

    Args: `after_chunk` is told how many seconds each chunk of work took. It may wait a little, or
    raise to stop.
    """
    began = time.perf_counter()
    for picture in scene.seen_by(camera, EvenPace()):
        after_chunk(time.perf_counter() - began)
        if picture is not None:
            return picture
        began = time.perf_counter()
    raise AssertionError("the last thing is the picture")

"""The one renderer: a picture that sharpens, made in pieces of measured time.

It is a generator. It yields after every chunk of rays, so stopping is ``break``, and never more
than one chunk of work is lost when a newer camera waits.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch

from core.geometry.cameras import Camera
from core.rendering.scene import Viewable

LEVELS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
CHUNK_SECONDS = 0.02  # between 15 and 30 ms: soon enough to be abandoned, long enough to pay
FIRST_CHUNK = 512  # rays, before anything has been measured


@dataclass
class Pace:
    """How long a ray takes here, learned from the chunks rendered so far."""

    seconds_per_ray: float | None = None

    def learn(self, rays: int, seconds: float) -> None:
        """Take in one measurement; recent ones weigh more."""
        fresh = seconds / rays
        old = self.seconds_per_ray
        self.seconds_per_ray = fresh if old is None else 0.7 * old + 0.3 * fresh

    def chunk(self) -> int:
        """Rays that take about `CHUNK_SECONDS`."""
        if self.seconds_per_ray is None:
            return FIRST_CHUNK
        return max(64, int(CHUNK_SECONDS / self.seconds_per_ray))

    def first_level(self, camera: Camera, seconds: float) -> int:
        """Index of the finest of `LEVELS` that is expected within `seconds`."""
        if self.seconds_per_ray is None:
            return 0
        rays = camera.width * camera.height * np.square(LEVELS)
        return max(0, int((rays * self.seconds_per_ray <= seconds).sum()) - 1)


@dataclass(frozen=True, eq=False)
class Picture:
    """What a camera sees at one level. Arrays are float32, rows from the top."""

    rgb: np.ndarray  # (H, W, 3) in [0, 1]
    depth: np.ndarray  # (H, W) camera depth
    opacity: np.ndarray  # (H, W)
    scale: float  # side of this level / side asked for
    camera: Camera = field(repr=False)


def render_progressively(
    scene: Viewable, camera: Camera, pace: Pace, first_seconds: float | None = 0.06
) -> Iterator[Picture | None]:
    """Render a camera coarse to fine.

    Args:
        scene: what to render.
        camera: from where, and the size of the last level.
        pace: measured speed, shared between calls and improved by each.
        first_seconds: the first level is the finest expected within this time; None goes
            straight to the last level.

    Yields:
        None after a chunk of rays, a `Picture` whenever a level is complete.
    """
    start = len(LEVELS) - 1 if first_seconds is None else pace.first_level(camera, first_seconds)
    for scale in LEVELS[start:]:
        yield from _render_level(scene, camera.scaled(scale), scale, pace)


def _render_level(
    scene: Viewable, camera: Camera, scale: float, pace: Pace
) -> Iterator[Picture | None]:
    view = scene.view(camera)
    parts: list[np.ndarray] = []
    done, total = 0, camera.width * camera.height
    while done < total:
        began = time.perf_counter()
        count = min(pace.chunk(), total - done)
        seen = view(slice(done, done + count))
        packed = torch.cat([seen.rgb, seen.depth[:, None], seen.opacity[:, None]], dim=-1)
        parts.append(packed.float().cpu().numpy())
        pace.learn(count, time.perf_counter() - began)
        done += count
        if done < total:
            yield None
    pixels = np.concatenate(parts).reshape(camera.height, camera.width, 5)
    yield Picture(pixels[..., :3].clip(0, 1), pixels[..., 3], pixels[..., 4], scale, camera)

"""A picture of a scene, the levels in which it sharpens, and how long its rays take."""

from dataclasses import dataclass, field

import numpy as np

from core.geometry.cameras import Camera

LEVELS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
CHUNK_SECONDS = 0.02  # between 15 and 30 ms: soon enough to be abandoned, long enough to pay
EVEN_CHUNK = 8192  # rays, where nothing is to be measured
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


class EvenPace(Pace):
    """Chunks that are always alike, so that no bit of a picture depends on anything measured."""

    def learn(self, rays: int, seconds: float) -> None:
        """Nothing."""

    def chunk(self) -> int:
        """`EVEN_CHUNK`."""
        return EVEN_CHUNK


@dataclass(frozen=True, eq=False)
class Picture:
    """What a camera sees at one level. Arrays are float32, rows from the top."""

    rgb: np.ndarray  # (H, W, 3) in [0, 1]
    depth: np.ndarray  # (H, W) camera depth
    opacity: np.ndarray  # (H, W)
    scale: float  # side of this level / side asked for
    camera: Camera = field(repr=False)

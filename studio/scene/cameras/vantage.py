"""Places to stand: behind and above the cameras, looking past them; or in a camera's own place."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from core.geometry.cameras import Camera
from studio.scene.coordinates import SCALE, fov_that_holds

UP = (0.0, -1.0, 0.0)  # OpenCV's y points down
NEAR = 0.01  # viser units: nothing close to the eye is cut off
FOV = np.deg2rad(64.0)
LEAST_SPREAD = 0.12  # world units; cameras all begin at one point
STEP_BACK = 2.3  # spreads behind the middle of the cameras
STEP_UP = 0.75
STEP_ASIDE = 0.4
LOOK_AHEAD = 3.0  # spreads in front of the middle, and above it: what is looked at
LOOK_UP = 0.3


@dataclass(frozen=True)
class Stand:
    """Where a visitor is."""

    photo: int | None  # whose camera is looked through, or is on the way to
    there: bool  # whether it has arrived
    moved: bool  # whether a hand has moved the view since it was framed
    lost: bool  # whether there is hardly anything to be seen
    turn: float  # share of viser's turn per pixel, see `Limits.turn`


@dataclass(frozen=True, eq=False)
class Vantage:
    """An eye in viser's world."""

    position: np.ndarray  # (3,)
    look_at: np.ndarray  # (3,) what it looks at, and turns around
    fov: float  # radians, vertical
    up: np.ndarray = field(default_factory=lambda: np.array(UP))  # (3,) unit

    @classmethod
    def of(cls, cameras: Sequence[Camera]) -> "Vantage":
        """Where all cameras are in sight; without any, where they will begin."""
        middle, spread = spread_of(cameras)
        eye = middle + spread * np.array([STEP_ASIDE, -STEP_UP, -STEP_BACK])
        target = middle + spread * np.array([0.0, -LOOK_UP, LOOK_AHEAD])
        return cls(eye * SCALE, target * SCALE, float(FOV))

    @classmethod
    def through(cls, camera: Camera, canvas_aspect: float, distance: float) -> "Vantage":
        """In a camera's place: all of its picture is in sight, whatever the canvas' shape.

        Args: `distance` is how far ahead, in viser units, the point lies that drags turn around.
        """
        turn, position = camera.camera_to_world[:3, :3], camera.position * SCALE
        fov = fov_that_holds(camera, canvas_aspect)
        return cls(position, position + distance * turn[:, 2], fov, -turn[:, 1])

    @property
    def ahead(self) -> np.ndarray:
        """(3,) unit vector of the gaze."""
        towards = self.look_at - self.position
        return towards / np.linalg.norm(towards)

    def towards(self, other: "Vantage", part: float) -> "Vantage":
        """A part of the way to another, 0 to 1."""
        mixed = (1 - part) * self.up + part * other.up
        length = float(np.linalg.norm(mixed))
        return Vantage(
            (1 - part) * self.position + part * other.position,
            (1 - part) * self.look_at + part * other.look_at,
            (1 - part) * self.fov + part * other.fov,
            mixed / length if length > 1e-3 else other.up,
        )

    def apart(self, other: "Vantage") -> float:
        """How far from another: viser units of the eye, and as much for a tenth of a radian."""
        turned = max(np.linalg.norm(self.ahead - other.ahead), np.linalg.norm(self.up - other.up))
        moved = float(np.linalg.norm(self.position - other.position))
        return moved + 10 * float(turned + abs(self.fov - other.fov))


def spread_of(cameras: Sequence[Camera]) -> tuple[np.ndarray, float]:
    """The middle (3,) of cameras, and how far from it most of them stand, in world units."""
    positions = np.array([camera.position for camera in cameras]).reshape(-1, 3)
    middle = np.median(positions, axis=0) if len(positions) else np.zeros(3)
    apart = np.linalg.norm(positions - middle, axis=1)
    return middle, max(LEAST_SPREAD, float(np.percentile(apart, 90)) if len(positions) else 0.0)

"""A good place to stand: behind and above the cameras, looking past them at the scene."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.geometry.cameras import Camera
from studio.scene.coordinates import SCALE

UP = (0.0, -1.0, 0.0)  # OpenCV's y points down
NEAR = 0.01  # viser units: nothing close to the eye is cut off
FOV = np.deg2rad(64.0)
LEAST_SPREAD = 0.12  # world units; cameras all begin at one point
STEP_BACK = 2.3  # spreads behind the middle of the cameras
STEP_UP = 0.75
STEP_ASIDE = 0.4
LOOK_AHEAD = 3.0  # spreads in front of the middle, and above it: what is looked at
LOOK_UP = 0.3


@dataclass(frozen=True, eq=False)
class Vantage:
    """An eye in viser's world."""

    position: np.ndarray  # (3,)
    look_at: np.ndarray  # (3,)
    fov: float  # radians, vertical

    @classmethod
    def of(cls, cameras: Sequence[Camera]) -> "Vantage":
        """Where all cameras are in sight; without any, where they will begin."""
        places = np.array([camera.position for camera in cameras]).reshape(-1, 3)
        middle = np.median(places, axis=0) if len(places) else np.zeros(3)
        apart = np.linalg.norm(places - middle, axis=1)
        spread = max(LEAST_SPREAD, float(np.percentile(apart, 90)) if len(places) else 0.0)
        eye = middle + spread * np.array([STEP_ASIDE, -STEP_UP, -STEP_BACK])
        target = middle + spread * np.array([0.0, -LOOK_UP, LOOK_AHEAD])
        return cls(eye * SCALE, target * SCALE, float(FOV))

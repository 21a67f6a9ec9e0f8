"""How far from the photos a visitor may go: beyond, nothing was seen and views are smears.

The limit is soft. A hand may take the eye beyond it; when the hand rests, the eye comes back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.geometry.cameras import Camera
from studio.scene.cameras.vantage import Vantage, spread_of
from studio.scene.coordinates import SCALE

REACH = 3.5  # spreads of the cameras, from the nearest of them
GAZE = np.deg2rad(50.0)  # from the direction of the camera that looks most alike
SHARE = 1.0  # of the reach, that the eye goes in a drag across the whole height of the canvas
FULL_TURN = 2 * np.pi  # radians of such a drag in viser


@dataclass(frozen=True, eq=False)
class Limits:
    """Where N cameras stood and looked, in viser's units."""

    positions: np.ndarray  # (N, 3)
    ahead: np.ndarray  # (N, 3) unit
    reach: float

    @classmethod
    def of(cls, cameras: Sequence[Camera]) -> "Limits":
        """The limits that learned cameras set; there is at least one."""
        positions = np.array([camera.position for camera in cameras]) * SCALE
        ahead = np.array([camera.camera_to_world[:3, 2] for camera in cameras])
        return cls(positions, ahead, REACH * spread_of(cameras)[1] * SCALE)

    def held(self, vantage: Vantage) -> Vantage:
        """The nearest place within the limits: the same, where a vantage is within them."""
        offsets = vantage.position - self.positions
        apart = np.linalg.norm(offsets, axis=1)
        nearest = int(apart.argmin())
        position, distance = vantage.position, np.linalg.norm(vantage.look_at - vantage.position)
        if apart[nearest] > self.reach:
            position = self.positions[nearest] + offsets[nearest] * self.reach / apart[nearest]
        # What was looked at is looked at from there, too.
        towards = vantage.look_at - position if distance > self.reach else vantage.ahead
        gaze = _within(towards / np.linalg.norm(towards), self.ahead)
        if position is vantage.position and gaze is None:
            return vantage
        gaze = towards / np.linalg.norm(towards) if gaze is None else gaze
        return replace(vantage, position=position, look_at=position + distance * gaze)

    def turn(self, distance: float) -> float:
        """Share of viser's turn per pixel, so that one drag around a subject stays within reach.

        Args: `distance` from the eye to what it turns around, in viser units.
        """
        return float(np.clip(SHARE * self.reach / (FULL_TURN * max(distance, 1e-3)), 0.02, 1.0))


def _within(gaze: np.ndarray, ahead: np.ndarray) -> np.ndarray | None:
    """A unit vector turned towards the nearest of others (N, 3); None where it need not be."""
    cosines = ahead @ gaze
    nearest = ahead[int(cosines.argmax())]
    angle = float(np.arccos(np.clip(cosines.max(), -1, 1)))
    if angle <= GAZE:
        return None
    across = gaze - (gaze @ nearest) * nearest
    length = float(np.linalg.norm(across))
    if length < 1e-6:  # right behind: any way round is as short
        return nearest
    return np.cos(GAZE) * nearest + np.sin(GAZE) * across / length

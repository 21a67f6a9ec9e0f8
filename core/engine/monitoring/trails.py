"""Where the cameras have been: whole poses at a bounded number of moments."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.geometry.cameras import Camera

LONGEST = 120  # moments: 7 kB for each photo


@dataclass(frozen=True, eq=False)
class Trails:
    """K moments of N cameras, oldest first; all read-only.

    Moments lie about evenly along the way that the cameras went, so that the first seconds, in
    which they find their places, are not thinned away by hours in which they hardly move.
    """

    steps: np.ndarray  # (K,) int64, rising
    poses: np.ndarray  # (K, N, 3, 4) float32 camera_to_world without its last row, OpenCV axes
    focals: np.ndarray  # (K, N, 2) float32 fx / width and fy / height; "frames" in files

    def __post_init__(self) -> None:
        for array in (self.steps, self.poses, self.focals):
            array.setflags(write=False)

    @classmethod
    def of(cls, photos: int) -> "Trails":
        """None yet, of so many cameras."""
        return cls(
            np.zeros(0, np.int64),
            np.zeros((0, photos, 3, 4), np.float32),
            np.zeros((0, photos, 2), np.float32),
        )

    @property
    def positions(self) -> np.ndarray:
        """(K, N, 3) centres of the cameras in the world."""
        return self.poses[..., 3]

    def continued(self, step: int, cameras: Sequence[Camera]) -> "Trails":
        """The same and one moment more; of one too many the least is left out.

        That is the moment around which cameras moved least: positions and axes count alike, as a
        turn moves what is seen at distance 1 by as much as a shift does.
        """
        pose = np.stack([camera.camera_to_world[:3] for camera in cameras])
        focal = [(camera.fx / camera.width, camera.fy / camera.height) for camera in cameras]
        longer = Trails(
            np.append(self.steps, step),
            np.concatenate([self.poses, pose[None].astype(np.float32)]),
            np.concatenate([self.focals, np.array(focal, np.float32)[None]]),
        )
        if len(longer.steps) <= LONGEST:
            return longer
        moves = np.abs(np.diff(longer.poses, axis=0)).sum((1, 2, 3))
        least = 1 + np.argmin(moves[:-1] + moves[1:])  # neither the first nor the last
        return longer._chosen(np.delete(np.arange(LONGEST + 1), least))

    def until(self, moment: int) -> "Trails":
        """The moments up to one of them, which is the last."""
        return self._chosen(np.arange(moment + 1))

    def since(self, step: int) -> "Trails":
        """The moments from a step on."""
        return self._chosen(np.flatnonzero(self.steps >= step))

    def cameras(self, moment: int, now: Sequence[Camera]) -> tuple[Camera, ...]:
        """All cameras as they were.

        Args:
            moment: from 0.
            now: the cameras as they are, whose sizes and principal points are kept.
        """
        return tuple(
            _moved(camera, pose, focal)
            for camera, pose, focal in zip(
                now, self.poses[moment], self.focals[moment], strict=True
            )
        )

    def _chosen(self, moments: np.ndarray) -> "Trails":
        return Trails(self.steps[moments], self.poses[moments], self.focals[moments])


def _moved(camera: Camera, pose: np.ndarray, focal: np.ndarray) -> Camera:
    matrix = np.eye(4)
    matrix[:3] = pose
    fx, fy = float(focal[0]) * camera.width, float(focal[1]) * camera.height
    return replace(camera, camera_to_world=matrix, fx=fx, fy=fy)

"""Moving one set of cameras onto another: similarities of space, and the fits that find them.

Learned cameras live in a world of their own. They can be compared with a reference only after the
similarity (Sim(3): turn, scale, shift) that fits the camera centres best.
"""

from dataclasses import dataclass, replace

import numpy as np
import roma
import torch

from core.errors import InputError
from core.geometry.cameras import Camera

FEWEST_POINTS = 3  # two points leave a turn about the line through them open
FLAT = 1e-9  # singular values of a correlation below this part of the largest are rounding


@dataclass(frozen=True, eq=False)
class Similarity:
    """x -> scale rotation x + translation, with a scale above 0 and no mirror image."""

    scale: float
    rotation: np.ndarray  # (3, 3)
    translation: np.ndarray  # (3,)

    def points(self, points: np.ndarray) -> np.ndarray:
        """(..., 3) points, moved."""
        return self.scale * points @ self.rotation.T + self.translation

    def camera(self, camera: Camera) -> Camera:
        """A camera, moved: its centre as a point, its axes turned but not stretched."""
        pose = camera.camera_to_world.copy()
        pose[:3, :3] = self.rotation @ pose[:3, :3]
        pose[:3, 3] = self.points(camera.position)
        return replace(camera, camera_to_world=pose)

    def inverse(self) -> "Similarity":
        """The way back."""
        back = self.rotation.T
        return Similarity(1 / self.scale, back, -(back @ self.translation) / self.scale)


def umeyama(source: np.ndarray, target: np.ndarray) -> Similarity:
    """The similarity with the least sum of squared distances from moved source to target points.

    Umeyama, Least-squares estimation of transformation parameters between two point patterns
    (PAMI 1991), equations 40 to 42, with the guard that keeps the rotation free of a mirror image.
    Where either set lies on one line the fit is one of many that are equally good: a turn about
    that line is left open, see `fixes_rotation`.

    Args:
        source, target: (N, 3) points, N >= 3, in the same order.

    Raises:
        InputError: fewer than three points, or all points of a set in one place.
    """
    if len(source) < FEWEST_POINTS:
        raise InputError(f"A similarity needs 3 points and there are {len(source)}; give more.")
    if stand_together(source) or stand_together(target):
        raise InputError("Points that all lie in one place have no scale; give others.")
    middle, goal = source.mean(axis=0), target.mean(axis=0)
    rotation = _nearest_rotation(_correlation(source, target))
    turned = (source - middle) @ rotation.T
    scale = float(np.sum(turned * (target - goal)) / np.sum(turned**2))
    return Similarity(scale, rotation, goal - scale * rotation @ middle)


def best_rotation(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The one rotation (3, 3) that turns (N, 3, 3) source rotations nearest to the target's.

    Nearest in the sum of squared chordal distances |R source - target|. It is unique unless the
    orientations contradict each other, as two that differ by opposite half turns do.
    """
    return _nearest_rotation(np.einsum("nij,nkj->ik", target, source))


def rotation_angles(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N,) degrees between (N, 3, 3) rotations: the angle of the turn from one to the other."""
    cosine = (np.einsum("nij,nij->n", first, second) - 1) / 2
    return np.degrees(np.arccos(cosine.clip(-1, 1)))


def fixes_rotation(source: np.ndarray, target: np.ndarray) -> bool:
    """Whether points (N, 3) tell how they are turned: neither set lies on one line."""
    return bool(np.linalg.matrix_rank(_correlation(source, target), rtol=FLAT) >= 2)


def stand_together(points: np.ndarray) -> bool:
    """Whether (N, 3) points are all in one place, but for rounding."""
    reach = np.abs(points).max()
    return bool(np.ptp(points, axis=0).max() <= FLAT * reach)


def _correlation(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    return (target - target.mean(axis=0)).T @ (source - source.mean(axis=0))


def _nearest_rotation(matrix: np.ndarray) -> np.ndarray:
    """The rotation with the greatest trace of its transpose times `matrix` (3, 3)."""
    return roma.special_procrustes(torch.from_numpy(matrix), method="svd").numpy()

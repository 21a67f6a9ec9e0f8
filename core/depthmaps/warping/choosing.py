"""Which photos a view is made of: those that see what it sees, from nearly where it stands."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from core.geometry.cameras import Camera

POINTS_OF_A_PHOTO = 48  # that stand for what it sees
POINTS_OF_A_VIEW = 200  # of all photos', that stand for what it sees
POINTS_AT_FIRST = 16  # of those, by which all photos are compared
CANDIDATES = 24  # photos that are compared by all
FLOOR = 0.03  # radians below which angles are all alike
FEWEST = 10  # points in the view without which nearness of the cameras decides


@dataclass(frozen=True, eq=False)
class Choice:
    """The photos of one view.

    Attributes:
        photos: the best first.
        shares: how much each of them gives, summing to 1.
    """

    photos: tuple[int, ...]
    shares: np.ndarray


@dataclass(frozen=True, eq=False)
class Chooser:
    """What it takes to choose, for N photos.

    Attributes:
        points: (P, 3) points of the surfaces that photos see, spread over all of them.
        cameras: the photos'.
    """

    points: np.ndarray
    cameras: list[Camera]

    def choose(self, view: Camera, count: int, without: Collection[int] = ()) -> Choice:
        """Up to `count` photos for a view, greedily: each adds the most to those before it.

        A photo is worth 1 / angle^2 at a point that it sees, and the square root of the sum over
        the chosen counts: so coverage matters first, then nearness. Few points choose candidates
        among all photos, so that 200 of them cost hardly more than 20.

        Args: `without`: photos that are left out.
        """
        allowed = np.array([i for i in range(len(self.cameras)) if i not in without], int)
        points = self.points[within(view, self.points)]
        if len(points) < FEWEST or len(allowed) <= 1:
            return self._nearest(view, allowed[:], count)
        points = points[:: max(1, len(points) // POINTS_OF_A_VIEW)]
        if len(allowed) > CANDIDATES:
            few = points[:: max(1, len(points) // POINTS_AT_FIRST)]
            worth = self._worth(view, few, allowed).sum(1)
            allowed = np.sort(allowed[np.argsort(-worth, kind="stable")[:CANDIDATES]])
        worth = self._worth(view, points, allowed)
        chosen: list[int] = []
        total = np.zeros(len(points))
        for _ in range(min(count, len(allowed))):
            gain = (np.sqrt(total + worth) - np.sqrt(total)).sum(1)
            gain[chosen] = -1
            chosen.append(int(gain.argmax()))
            total += worth[chosen[-1]]
        power = worth[chosen] ** 1.5 + 1e-9
        shares = (power / power.sum(0)).mean(1)
        return Choice(tuple(allowed[chosen].tolist()), shares)

    def _worth(self, view: Camera, points: np.ndarray, photos: np.ndarray) -> np.ndarray:
        """(photos, P) how much each gives at each point."""
        ahead = _unit(points - view.position)
        rows = []
        for photo in photos:
            camera = self.cameras[photo]
            cosine = (ahead * _unit(points - camera.position)).sum(-1)
            angle = np.arccos(cosine.clip(-1, 1))
            rows.append(within(camera, points) / (angle + FLOOR) ** 2)
        return np.stack(rows)

    def _nearest(self, view: Camera, allowed: np.ndarray, count: int) -> Choice:
        """Where too little is seen to tell: cameras that stand and look alike."""
        positions = np.stack([camera.position for camera in self.cameras])
        spread = np.sqrt(((positions - positions.mean(0)) ** 2).sum(1).mean()) + 1e-12
        ahead = np.stack([camera.camera_to_world[:3, 2] for camera in self.cameras])
        far = np.linalg.norm(positions - view.position, axis=1) / spread
        turned = 1 - ahead @ view.camera_to_world[:3, 2]
        order = np.argsort((far + turned)[allowed], kind="stable")[:count]
        return Choice(tuple(allowed[order].tolist()), np.full(len(order), 1 / max(1, len(order))))


def within(camera: Camera, points: np.ndarray) -> np.ndarray:
    """(P,) whether a camera's picture holds points (P, 3); its distortion is left aside."""
    x, y, z = ((points - camera.position) @ camera.camera_to_world[:3, :3]).T
    safe = np.where(z > 0, z, np.inf)
    column, row = camera.fx * x / safe + camera.cx, camera.fy * y / safe + camera.cy
    inside = (column > 0) & (column < camera.width) & (row > 0) & (row < camera.height)
    return inside & (z > 0)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)

"""What two photos have in common: which matches one motion of the camera explains, and how."""

from dataclasses import dataclass

import cv2
import numpy as np
import pycolmap

from core.search.features.found import Pairs
from core.search.features.keypoints import Keypoints, matched

FEWEST = 15  # inliers of a pair that has anything in common, as COLMAP has it
ON_PLANE = 0.003  # of the longer side: what a homography brings nearer lies on its plane
TRIALS = 500
MOST_TRIALS = 3000  # finds what a third of the matches agree about; strangers cost them all
PERCENTILE = 80.0  # of what a homography leaves: a fifth of the picture may lie off its plane

Row = dict[str, np.ndarray | int | float]


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo as matching knows it: features, and a camera before anything is known of it."""

    features: Keypoints
    camera: pycolmap.Camera

    @property
    def long_side(self) -> int:
        """Pixels."""
        return max(self.camera.width, self.camera.height)

    def centred(self, rows: np.ndarray) -> np.ndarray:
        """(M, 2) float64 places of some features from the photo's centre, by its longer side."""
        middle = np.array([self.camera.width, self.camera.height]) / 2
        return (self.features.pixels[rows] - middle) / self.long_side

    def mirrored(self) -> "Photo":
        """The same with left and right exchanged."""
        return Photo(self.features.mirrored(self.camera.width), self.camera)


def verified(first: Photo, second: Photo, seed: int) -> tuple[pycolmap.TwoViewGeometry, int]:
    """What explains the matches of two photos, empty where too few agree, and their number."""
    matches = matched(first.features, second.features)
    if len(matches) < FEWEST:
        return pycolmap.TwoViewGeometry(), len(matches)
    options = pycolmap.TwoViewGeometryOptions()
    options.ransac.random_seed = seed
    options.ransac.max_num_trials = MOST_TRIALS
    pixels = [photo.features.pixels.astype(np.float64) for photo in (first, second)]
    geometry = pycolmap.estimate_two_view_geometry(
        first.camera, pixels[0], second.camera, pixels[1], matches, options
    )
    return geometry, len(matches)


def measured(first: Photo, second: Photo, inliers: np.ndarray) -> Row:
    """The columns of `Pairs` that the places of M inliers (M, 2) tell."""
    nothing = {"flat": 0.0, "parallax": 0.0, "shift": 0.0, "turn": 0.0}
    row: Row = nothing | {"homography": np.zeros((3, 3))}
    if len(inliers) < FEWEST:
        return row
    here, there = first.centred(inliers[:, 0]), second.centred(inliers[:, 1])
    turns = second.features.directions[inliers[:, 1]] - first.features.directions[inliers[:, 0]]
    row["turn"] = float(np.angle(np.exp(1j * turns.astype(np.float64)).sum()))
    row["shift"] = float(np.median(np.linalg.norm(there - here, axis=-1)))
    plane, _ = cv2.findHomography(here, there, cv2.RANSAC, ON_PLANE, maxIters=TRIALS)
    if plane is None:
        return row
    moved = cv2.perspectiveTransform(here[:, None], plane)[:, 0]
    left = np.linalg.norm(moved - there, axis=-1)
    row["flat"], row["homography"] = float((left < ON_PLANE).mean()), plane
    row["parallax"] = float(np.percentile(left, PERCENTILE))
    return row


def table(rows: dict[tuple[int, int], Row]) -> Pairs:
    """The pairs as columns, in rising order."""
    order = sorted(rows)

    def column(name: str, kind: str, *shape: int) -> np.ndarray:
        values = [rows[pair][name] for pair in order]
        return np.array(values, kind).reshape(len(order), *shape)

    counts = {name: column(name, "i8") for name in ("matches", "inliers", "mirrored")}
    lengths = {name: column(name, "f4") for name in ("flat", "parallax", "shift", "turn")}
    photos = np.array(order, np.int64).reshape(-1, 2)
    return Pairs(photos, **counts, **lengths, homography=column("homography", "f4", 3, 3))

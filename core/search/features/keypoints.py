"""Points that are told apart in photos, and the same ones found in others. One thread.

SIFT (Lowe, Distinctive Image Features from Scale-Invariant Keypoints, IJCV 2004) with the square
root of its descriptors (Arandjelovic and Zisserman, Three things everyone should know, CVPR 2012).
OpenCV's takes a quarter of the seconds of COLMAP's and leaves cameras as exact.
"""

from dataclasses import dataclass

import cv2
import numpy as np

MOST = 2000  # features of a photo; more cost the square of it and place no camera better
CONTRAST = 0.02  # half of OpenCV's: soft photos keep enough
RATIO = 0.8  # of the angle to the second most alike (Lowe 2004, section 7.1)
FARTHEST = 0.7  # radians between descriptors that are alike, as COLMAP has it
BLOCK = 256  # rows compared at once: they stay in cache
BINS = 8  # directions of a SIFT histogram
CELLS = 4  # along each side of its patch


@dataclass(frozen=True, eq=False)
class Keypoints:
    """Features of one photo, the largest first.

    Attributes:
        pixels: (F, 2) float32 pixels; the first pixel's centre is at 0.5.
        descriptors: (F, 128) float32 of length 1.
        directions: (F,) float32 radians from +x towards +y.
    """

    pixels: np.ndarray
    descriptors: np.ndarray
    directions: np.ndarray

    def coarsest(self, most: int) -> "Keypoints":
        """The largest few."""
        return Keypoints(self.pixels[:most], self.descriptors[:most], self.directions[:most])

    def mirrored(self, width: int) -> "Keypoints":
        """What the photo would give if left and right were exchanged, without looking again.

        A mirrored patch has its rows across the direction exchanged and its angles negated.
        """
        cells = self.descriptors.reshape(-1, CELLS, CELLS, BINS)
        cells = cells[:, ::-1, :, -np.arange(BINS) % BINS]
        pixels = np.stack([width - self.pixels[:, 0], self.pixels[:, 1]], -1)
        return Keypoints(pixels, cells.reshape(-1, 128), np.pi - self.directions)


def keypoints(grey: np.ndarray, most: int = MOST) -> Keypoints:
    """The most distinct features of a photo (H, W) uint8."""
    sift = cv2.SIFT.create(most, contrastThreshold=CONTRAST, enable_precise_upscale=True)
    found, raw = sift.detectAndCompute(grey, None)
    if raw is None:
        raw = np.empty((0, 128), np.float32)
    # Equal sizes are ordered by place, so that the order never hangs on the library.
    order = sorted(range(len(found)), key=lambda row: (-found[row].size, found[row].pt))[:most]
    descriptors = np.sqrt(raw / np.maximum(raw.sum(1, keepdims=True), 1e-9))
    pixels = np.array([point.pt for point in found], np.float32).reshape(-1, 2) + 0.5
    angles = np.radians(np.array([point.angle for point in found], np.float32))
    return Keypoints(pixels[order], descriptors[order], angles[order])


def matched(first: Keypoints, second: Keypoints) -> np.ndarray:
    """(M, 2) uint32 rows that are each other's most alike, and no second one nearly as much."""
    here, there = first.descriptors, second.descriptors
    if min(len(here), len(there)) < 2:
        return np.empty((0, 2), np.uint32)
    best, like, next_like = (np.empty(len(here), kind) for kind in (np.int64, "f4", "f4"))
    likest = np.full(len(there), -1, np.float32)
    for begin in range(0, len(here), BLOCK):
        part = slice(begin, begin + BLOCK)
        cosines = here[part] @ there.T
        rows, best[part] = np.arange(len(cosines)), cosines.argmax(1)
        like[part] = cosines[rows, best[part]]
        np.maximum(likest, cosines.max(0), out=likest)
        cosines[rows, best[part]] = -1
        next_like[part] = cosines.max(1)
    angle, next_angle = (np.arccos(np.minimum(cosine, 1)) for cosine in (like, next_like))
    clear = (like >= likest[best]) & (angle < RATIO * next_angle) & (angle < FARTHEST)
    return np.stack([np.flatnonzero(clear), best[clear]], -1).astype(np.uint32)

"""Whether photos differ in more than where the camera points: without parallax there is no depth.

A camera that only turns, or a flat scene, moves every point of a picture by one homography
(Hartley and Zisserman, Multiple View Geometry, 2nd edition, section 13); what is left after the
homography that fits best is parallax.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

MOST_PHOTOS = 12  # looked at, evenly spread: enough to tell, in half a second
APART = (1, 3)  # places between the photos of a pair, among those looked at
MOST_FEATURES = 300
FEWEST_MATCHES = 25  # of a pair, to tell anything
RATIO = 0.75  # of the distance to the second most alike: nearer ones are mostly right
ON_PLANE = 3.0  # pixels from where the homography brings a feature that still agree with it
PERCENTILE = 80.0  # of what is left: a fifth of the picture may be nearer or farther than the rest


@dataclass(frozen=True)
class _Features:
    """What is told apart in a photo: pixels (F, 2), descriptors (F, 128)."""

    pixels: np.ndarray
    descriptors: np.ndarray


def parallax(photos: Sequence[np.ndarray]) -> float | None:
    """How far near and far things move apart between photos, in pixels; the median of pairs.

    Args:
        photos: grey (h, w) uint8 in their order.

    Returns:
        None where the photos share too few features to tell.
    """
    chosen = np.unique(np.linspace(0, len(photos) - 1, MOST_PHOTOS).round().astype(int))
    seen = [_features(photos[row]) for row in chosen]
    pairs = [(first, first + apart) for apart in APART for first in range(len(seen) - apart)]
    left = [_left_over(seen[first], seen[second]) for first, second in pairs]
    amounts = [amount for amount in left if amount is not None]
    return float(np.median(amounts)) if amounts else None


def _features(photo: np.ndarray) -> _Features:
    """SIFT (Lowe 2004): its places are exact enough to measure tenths of a pixel."""
    points, descriptors = cv2.SIFT.create(MOST_FEATURES).detectAndCompute(photo, None)
    if descriptors is None:
        descriptors = np.empty((0, 128), np.float32)
    pixels = np.array([point.pt for point in points], np.float32).reshape(-1, 2)
    return _Features(pixels, descriptors)


def _left_over(first: _Features, second: _Features) -> float | None:
    """Pixels between matches of two photos after the homography that most agree with."""
    here, there = _matched(first, second)
    if len(here) < FEWEST_MATCHES:
        return None
    plane, _ = cv2.findHomography(here, there, cv2.RANSAC, ON_PLANE, maxIters=500)
    if plane is None:
        return None
    moved = cv2.perspectiveTransform(here[:, None], plane)[:, 0]
    return float(np.percentile(np.linalg.norm(moved - there, axis=-1), PERCENTILE))


def _matched(first: _Features, second: _Features) -> tuple[np.ndarray, np.ndarray]:
    """(M, 2) places in each photo of what only one feature of the other is like (Lowe's ratio)."""
    if min(len(first.pixels), len(second.pixels)) < FEWEST_MATCHES:
        return first.pixels[:0], second.pixels[:0]
    found = cv2.BFMatcher(cv2.NORM_L2).knnMatch(first.descriptors, second.descriptors, k=2)
    clear = [best for best, next_best in found if best.distance < RATIO * next_best.distance]
    here = first.pixels[[match.queryIdx for match in clear]]
    return here, second.pixels[[match.trainIdx for match in clear]]

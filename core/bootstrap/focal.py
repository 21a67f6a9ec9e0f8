"""How long the focal length is: what three trials beside one another say."""

import math

FOCAL_STEP = 0.15  # in the logarithm of the focal length, of the trials to both sides
FLAT = 0.1  # dB below the best that a focal length may be and still be likely
WIDEST = 0.5  # half width of the interval, in the logarithm, where nothing can be told
SYSTEMATIC = 0.08  # further half width: what planes were off by where the trials saw no fault


def likely_focals(middle: float, below: float, here: float, above: float) -> tuple[float, float]:
    """The focal lengths within `FLAT` of the best one, from three trials.

    Args: `middle` is a focal length; the others are dB reached `FOCAL_STEP` below it in the
    logarithm, at it, and above it. A parabola goes through the three.
    """
    curvature = (2 * here - below - above) / FOCAL_STEP**2
    if curvature <= 0:
        return middle * math.exp(-WIDEST), middle * math.exp(WIDEST)
    peak = (above - below) / (2 * FOCAL_STEP) / curvature
    half = min(math.hypot(math.sqrt(2 * FLAT / curvature), SYSTEMATIC), WIDEST)
    peak = min(max(peak, -half), half)
    return middle * math.exp(min(peak, 0) - half), middle * math.exp(max(peak, 0) + half)

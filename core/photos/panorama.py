"""Whether a picture is a whole panorama, which no pinhole can have taken."""

import cv2
import numpy as np

from core.geometry.canvas import Size

ASPECT = (1.95, 2.05)  # width over height of 360 x 180 degrees
COLUMNS: Size = (128, 64)  # what a panorama is shrunk to
SEAM = 2.0  # times what neighbouring columns differ by: the seam may be as rough as this
APART = 0.5  # of what columns half a turn apart differ by


def is_panorama(photo: np.ndarray) -> bool:
    """True where a picture (H, W, 3) uint8 is twice as wide as high and its sides fit together."""
    height, width = photo.shape[:2]
    if not ASPECT[0] <= width / height <= ASPECT[1]:
        return False
    small = cv2.resize(photo, COLUMNS, interpolation=cv2.INTER_AREA).astype(np.float32)
    next_ones = np.abs(np.roll(small, -1, axis=1) - small).mean(axis=(0, 2))
    across = np.abs(np.roll(small, COLUMNS[0] // 2, axis=1) - small).mean()
    seam, usual = float(next_ones[-1]), float(np.median(next_ones[:-1]))
    return seam <= SEAM * max(usual, 1.0) and seam <= APART * float(across)

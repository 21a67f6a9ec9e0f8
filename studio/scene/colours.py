"""Numbers to colours: channels of a picture, and the order or error of the photos."""

import functools
from collections.abc import Sequence

import cv2
import numpy as np

from core.exporting.colour import in_order
from core.rendering.picture import Picture

Colour = tuple[int, int, int]

COLOUR_MAPS: dict[str, int | None] = {
    "turbo": cv2.COLORMAP_TURBO,
    "viridis": cv2.COLORMAP_VIRIDIS,
    "magma": cv2.COLORMAP_MAGMA,
    "gray": None,
}
UNKNOWN: Colour = (128, 134, 142)  # of a photo that was never measured, or is left out
LEAST_SPREAD_DB = 3.0  # errors closer than this look alike


def mapped(values: np.ndarray, colour_map: str) -> np.ndarray:
    """Numbers in [0, 1] (...) as colours (..., 3) uint8."""
    levels = np.round(np.clip(np.nan_to_num(values), 0, 1) * 255).astype(np.uint8)
    table = COLOUR_MAPS[colour_map]
    if table is None:
        return np.repeat(levels[..., None], 3, axis=-1)
    return _ramp(table)[levels]


@functools.cache
def _ramp(table: int) -> np.ndarray:
    """(256, 3) uint8 red, green, blue of one of OpenCV's colour maps."""
    grey = np.arange(256, dtype=np.uint8).reshape(256, 1)
    return cv2.applyColorMap(grey, table).reshape(256, 3)[:, ::-1]


def shown(picture: Picture, channel: str, colour_map: str) -> tuple[np.ndarray, np.ndarray]:
    """One channel of a picture, rendered before black; near is the upper end of a colour map.

    Returns:
        Colours (H, W, 3) float32 in [0, 255], darkened where light passes, and the part of the
        light from behind that passes, (H, W) float32 in [0, 1].
    """
    opacity = picture.opacity.clip(0, 1)
    match channel:
        case "rgb":
            return picture.rgb * 255, 1 - opacity
        case "opacity":
            return mapped(opacity, colour_map).astype(np.float32), np.zeros_like(opacity)
        case "depth":
            disparity = 1 / np.maximum(picture.depth, 1e-6)
            far, near = np.percentile(disparity, (2, 98))
            colours = mapped((disparity - far) / max(near - far, 1e-6), colour_map)
            return colours * opacity[..., None], 1 - opacity
    raise ValueError(f"there is no channel {channel}")


def linear(colours: np.ndarray) -> np.ndarray:
    """Colours (..., 3) uint8 as viser wants those of lines' ends: it codes them once more."""
    coded = colours / np.float32(255)
    dark, bright = coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4
    return np.round(np.where(coded <= 0.04045, dark, bright) * 255).astype(np.uint8)


def by_order(count: int) -> list[Colour]:
    """One colour for each photo, even along viridis, first to last."""
    return [_colour(row) for row in in_order(count)]


def by_error(psnr: Sequence[float | None]) -> list[Colour]:
    """One colour for each photo: the worse it is explained, the brighter; grey is unmeasured."""
    known = [value for value in psnr if value is not None]
    if not known:
        return [UNKNOWN] * len(psnr)
    best = max(known)
    spread = max(best - min(known), LEAST_SPREAD_DB)
    return [
        UNKNOWN
        if value is None
        else _colour(mapped(np.array(0.25 + 0.65 * (best - value) / spread), "magma"))
        for value in psnr
    ]


def _colour(row: np.ndarray) -> Colour:
    red, green, blue = (int(part) for part in row)
    return red, green, blue

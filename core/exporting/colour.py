"""From what a camera sees to colours on a screen."""

import cv2
import numpy as np

from core.errors import InputError
from core.rendering.progressive import Picture

CHANNELS = ("rgb", "depth", "opacity")
COLOUR_MAPS: dict[str, int | None] = {
    "turbo": cv2.COLORMAP_TURBO,
    "viridis": cv2.COLORMAP_VIRIDIS,
    "magma": cv2.COLORMAP_MAGMA,
    "gray": None,
}
THERE = 0.05  # opacity above which something is there whose depth means something


def colourise(
    picture: Picture,
    channel: str,
    colour_map: str,
    limits: tuple[float, float] | None = None,
) -> np.ndarray:
    """One channel of a picture as (H, W, 3) uint8, RGB.

    Depth is shown as disparity, 1 / depth: near is at the bright or warm end of the map, and where
    nothing is, is the far end.

    Args:
        picture: what to show.
        channel: one of `CHANNELS`.
        colour_map: one of `COLOUR_MAPS`, for depth and opacity.
        limits: disparities at the map's two ends, see `disparity_limits`; None takes the picture's
            own. The frames of a video take common ones, or it flickers.

    Raises:
        InputError: there is no such channel or colour map.
    """
    match channel:
        case "rgb":
            return _bytes(picture.rgb)
        case "depth":
            return _mapped(_nearness(picture, limits or disparity_limits([picture])), colour_map)
        case "opacity":
            return _mapped(picture.opacity, colour_map)
        case _:
            raise InputError(f"There is no channel {channel!r}; choose {', '.join(CHANNELS)}.")


def disparity_limits(pictures: list[Picture]) -> tuple[float, float]:
    """Smallest and largest disparity of what is there, save 2 % of outliers at either end."""
    disparities = np.concatenate([_disparity(p)[p.opacity > THERE] for p in pictures])
    if len(disparities) == 0:
        return 0.0, 1.0
    low, high = np.percentile(disparities, [2, 98])
    return float(low), float(high)


def _disparity(picture: Picture) -> np.ndarray:
    return 1 / np.maximum(picture.depth, 1e-6)


def _nearness(picture: Picture, limits: tuple[float, float]) -> np.ndarray:
    """(H, W) from 0, far or nothing there, to 1, near."""
    low, high = limits
    span = max(high - low, 1e-3 * abs(high), 1e-12)  # a flat wall shows no rounding errors
    return np.where(picture.opacity > THERE, (_disparity(picture) - low) / span, 0)


def _mapped(values: np.ndarray, colour_map: str) -> np.ndarray:
    if colour_map not in COLOUR_MAPS:
        raise InputError(f"There is no colour map {colour_map!r}; choose {', '.join(COLOUR_MAPS)}.")
    kind, levels = COLOUR_MAPS[colour_map], _bytes(values)
    if kind is None:
        return np.repeat(levels[..., None], 3, axis=-1)
    return cv2.cvtColor(cv2.applyColorMap(levels, kind), cv2.COLOR_BGR2RGB)


def _bytes(values: np.ndarray) -> np.ndarray:
    """Numbers in [0, 1] as uint8; what is not a number is 0."""
    return np.rint(np.nan_to_num(values).clip(0, 1) * 255).astype(np.uint8)

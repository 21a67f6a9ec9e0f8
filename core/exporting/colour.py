"""From what a camera sees to colours on a screen."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from core.errors import InputError
from core.rendering.picture import Picture

CHANNELS = ("rgb", "depth", "disparity", "opacity")
COLOUR_MAPS: dict[str, int | None] = {
    "turbo": cv2.COLORMAP_TURBO,
    "viridis": cv2.COLORMAP_VIRIDIS,
    "magma": cv2.COLORMAP_MAGMA,
    "gray": None,
}
THERE = 0.05  # opacity above which something is there whose depth means something
LONGEST = 10.0  # median depths that the map of depths reaches, or a far sky would have it alone

Limits = tuple[float, float]  # what is shown at the map's far end and at its near end


def colourise(
    picture: Picture, channel: str, colour_map: str, limits: Limits | None = None
) -> np.ndarray:
    """One channel of a picture as (H, W, 3) uint8, RGB.

    Depth, in even steps of distance, and disparity, 1 / depth, which is even in what a picture
    can tell, are shown alike: near is at the bright or warm end of the map, and where nothing is,
    is the far end.

    Args:
        picture: what to show.
        channel: one of `CHANNELS`.
        colour_map: one of `COLOUR_MAPS`, for all channels but rgb.
        limits: values at the map's two ends, see `common_limits`; None takes the picture's own.
            The frames of a video take common ones, or it flickers.

    Raises:
        InputError: there is no such channel or colour map.
    """
    match channel:
        case "rgb":
            return _bytes(picture.rgb)
        case "depth" | "disparity":
            return _mapped(_nearness(picture, channel, limits), colour_map)
        case "opacity":
            return _mapped(picture.opacity, colour_map)
        case _:
            raise InputError(f"There is no channel {channel!r}; choose {', '.join(CHANNELS)}.")


def common_limits(pictures: Sequence[Picture], channel: str) -> Limits | None:
    """What the map's ends stand for in all of some pictures; None where that is always the same."""
    return LIMITS[channel](pictures) if channel in LIMITS else None


def there(pictures: Sequence[Picture]) -> np.ndarray:
    """(P,) the depths of all pixels where something is."""
    return np.concatenate([picture.depth[picture.opacity > THERE] for picture in pictures])


def disparity_limits(pictures: Sequence[Picture]) -> Limits:
    """Smallest and largest disparity of what is there, save 2 % of outliers at either end."""
    disparities = _inverse(there(pictures))
    if len(disparities) == 0:
        return 0.0, 1.0
    far, near = np.percentile(disparities, [2, 98])
    return float(far), float(near)


def depth_limits(pictures: Sequence[Picture]) -> Limits:
    """Largest and smallest depth likewise, but at most `LONGEST` median depths."""
    depths = there(pictures)
    if len(depths) == 0:
        return 1.0, 0.0
    near, middle, far = np.percentile(depths, [2, 50, 98])
    return float(min(far, LONGEST * middle)), float(near)


LIMITS: dict[str, Callable[[Sequence[Picture]], Limits]] = {
    "depth": depth_limits,
    "disparity": disparity_limits,
}


def _inverse(depth: np.ndarray) -> np.ndarray:
    return 1 / np.maximum(depth, 1e-6)


def _nearness(picture: Picture, channel: str, limits: Limits | None) -> np.ndarray:
    """(H, W) from 0, far or nothing there, to 1, near."""
    far, near = limits or LIMITS[channel]([picture])
    values = picture.depth if channel == "depth" else _inverse(picture.depth)
    # A flat wall shows no rounding errors.
    span = max(abs(near - far), 1e-3 * max(abs(near), abs(far)), 1e-12)
    along = (far - values if channel == "depth" else values - far) / span
    return np.where(picture.opacity > THERE, along, 0)


def in_order(count: int) -> np.ndarray:
    """(N, 3) uint8 one colour for each photo, even along viridis, first to last.

    It begins where viridis is no longer too dark for a dark ground.
    """
    return _mapped(np.linspace(0.18, 1.0, count)[None], "viridis")[0]


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

"""What may be chosen about the camera path of a video, and the paths by the person's words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args

from core.geometry.cameras import Camera
from core.geometry.paths import Order, average_camera, interpolate, spiral

ORDERS: tuple[Order, ...] = get_args(Order)


@dataclass(frozen=True)
class Route:
    """What may be chosen about a path; the defaults suit most scenes."""

    kind: str = "spiral"  # one of PATHS
    frames: int = 180  # 6 seconds
    turns: float = 1.0  # this and the next four: see `spiral`, which is eased
    depth_turns: float = 1.0
    radius_percentile: float = 80.0
    radius_scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    focus_depth: float | None = None  # None where it is to be measured
    order: Order = "near"  # see `interpolate`


def _spiral(
    cameras: Sequence[Camera], route: Route, focus_depth: Callable[[], float]
) -> list[Camera]:
    return spiral(
        cameras,
        route.frames,
        focus_depth=focus_depth() if route.focus_depth is None else route.focus_depth,
        turns=route.turns,
        depth_turns=route.depth_turns,
        radius_percentile=route.radius_percentile,
        radius_scale=route.radius_scale,
        eased=True,
    )


def _interpolated(
    cameras: Sequence[Camera], route: Route, focus_depth: Callable[[], float]
) -> list[Camera]:
    return interpolate(cameras, route.frames, route.order)


def _average(
    cameras: Sequence[Camera], route: Route, focus_depth: Callable[[], float]
) -> list[Camera]:
    """The average view, all the time."""
    return interpolate([average_camera(cameras)], route.frames)


PATHS: dict[str, Callable[[Sequence[Camera], Route, Callable[[], float]], list[Camera]]] = {
    "spiral": _spiral,
    "interpolate": _interpolated,
    "average": _average,
}  # cameras, what was chosen, what measures the depth to look at where none was -> path

"""What a person orders: numbers as typed, and words; what they come to."""

from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.exporting.films import FORMS
from core.geometry.cameras import Camera
from core.geometry.gauge import Gauge
from core.geometry.paths import Order
from core.geometry.routes import Route
from core.photos import PhotoSet, local_path

LARGEST = (1920, 1080)  # pixels of a video whose size nobody typed


@dataclass(frozen=True)
class VideoOrder:
    """What a person asks for; numbers as typed, the export refuses impossible ones."""

    path: str
    frames: float | None
    long_side: float | None  # 0 is as large as the photos were taken, up to 1080p
    fps: float | None
    channel: str
    form: str = "mp4"
    order: Order = "near"
    turns: float | None = 1.0
    depth_turns: float | None = 1.0
    focus_depth: float | None = 0.0  # 0 measures it
    radius_percentile: float | None = 80.0
    right: float | None = 1.0  # this and the next two: times the radii along these axes
    down: float | None = 1.0
    forward: float | None = 1.0
    width: float | None = 0.0  # of a frame in pixels, with the height; 0 follows the long side
    height: float | None = 0.0
    keyframes: str | None = None  # a file, which takes the place of the path


@dataclass(frozen=True)
class World:
    """The world that a person wants files in; the number as typed. See `Gauge`."""

    scale: float | None = 0.0
    up: str = "as-learned"
    origin: str = "as-learned"


def route_of(order: VideoOrder) -> Route:
    """The path of a video; raises InputError for a number that is missing or impossible."""
    scale = (order.right, order.down, order.forward)
    right, down, forward = (_number(factor, "radius scale") for factor in scale)
    return Route(
        kind=order.path,
        frames=whole(order.frames, "frames"),
        turns=_number(order.turns, "turns"),
        depth_turns=_number(order.depth_turns, "turns in and out"),
        radius_percentile=_number(order.radius_percentile, "percentile"),
        radius_scale=(right, down, forward),
        focus_depth=_number(order.focus_depth, "focus depth") or None,
        order=order.order,
    )


def path_word(order: VideoOrder) -> str:
    """What the file's name says of the path."""
    return "keyframes" if order.keyframes else order.path


def shown_word(order: VideoOrder) -> str:
    """What the file's name says of the pictures."""
    return order.form if FORMS[order.form].raw else order.channel


def gauge_of(world: World) -> Gauge:
    """The scale and axes that were typed; raises InputError without a number."""
    if world.scale is None:
        raise InputError("The world needs a number for its scale; type one, or 0.")
    return Gauge(float(world.scale), world.up, world.origin)


def reference_path(named: str) -> Path | None:
    """The local file or folder that `explore.reference` names; None for nothing."""
    return local_path(named, "the reference cameras") if named else None


def size_of(camera: Camera, order: VideoOrder, photos: PhotoSet | None) -> tuple[int, int] | None:
    """Width and height of a frame: as typed, of a camera's shape, or None as the camera's own.

    Where nothing is typed it is as large as the photos were taken, as far as 1080p goes.

    Raises:
        InputError: one of width and height alone, or no whole number of pixels.
    """
    sides = (order.long_side, order.width, order.height)
    long_side, width, height = (whole(side, "pixels") for side in sides)
    if bool(width) != bool(height):
        raise InputError("A frame needs its width and its height; type both, or 0 for both.")
    if width:
        return width, height
    own = camera.width, camera.height
    if long_side:
        scale = long_side / max(own)
    elif photos is not None:
        taken = max(photos.source_width, photos.source_height) / max(own)
        scale = min(taken, LARGEST[0] / max(own), LARGEST[1] / min(own))
    else:
        return None
    scaled = camera.scaled(scale)
    return (
        (scaled.width, scaled.height) if long_side else (_even(scaled.width), _even(scaled.height))
    )


def _even(pixels: int) -> int:
    return pixels - pixels % 2


def whole(number: float | None, what: str) -> int:
    """A number of things that was typed; raises InputError for one that cannot be."""
    if number is None or not float(number).is_integer() or not 0 <= number <= 100_000:
        raise InputError(f"The video needs a whole number of {what}, not {number}; type another.")
    return int(number)


def _number(number: float | None, what: str) -> float:
    if number is None:
        raise InputError(f"The video needs a number for the {what}; type one.")
    return float(number)

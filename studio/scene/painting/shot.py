"""A rendered part of a view put back into the whole canvas, as viser shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from core.geometry.cameras import Camera
from core.rendering.picture import Picture
from studio.scene.colours import Colour, shown
from studio.scene.coordinates import SCALE
from studio.scene.painting.window import Window

FARTHEST = 160.0  # viser units; its depth ends at 167
DEPTH_SIZE = (192, 128)  # at most; a larger PNG costs more than the picture
SOLID = 0.3  # a pixel less opaque than this has no depth
FEATHER = 5  # pixels over which the edge of the window fades
MIDDLE = 0.3  # of both sides: where the subject of a picture is


@dataclass(frozen=True)
class Look:
    """How a picture is to be shown."""

    channel: str
    colour_map: str
    ground: Colour  # where there is no novel view
    depth: bool  # whether things in the scene are to be hidden behind it
    wipe: float | None = None  # where, across the canvas, one scene ends and another begins


@dataclass(frozen=True, eq=False)
class Frame:
    """A view to render: the whole camera, and the rectangle of it that is worth rendering."""

    whole: Camera
    meets: np.ndarray  # (H, W) bool
    left: int
    top: int
    crop: Camera | None  # None where nothing is to be seen

    @classmethod
    def of(cls, camera: Camera, window: Window) -> "Frame":
        """The part of a camera's picture that a window fills."""
        meets = window.meets(camera)
        columns, rows = np.flatnonzero(meets.any(0)), np.flatnonzero(meets.any(1))
        if not len(columns):
            return cls(camera, meets, 0, 0, None)
        left, top = int(columns[0]), int(rows[0])
        width, height = int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top
        crop = Camera(
            camera.camera_to_world,
            camera.fx,
            camera.fy,
            camera.cx - left,
            camera.cy - top,
            width,
            height,
        )
        return cls(camera, meets, left, top, crop)


@dataclass(frozen=True, eq=False)
class Shot:
    """What viser is sent."""

    image: np.ndarray  # (H, W, 3) uint8
    depth: np.ndarray | None  # (h, w) float32 z-depth in viser units
    blank: bool = False  # not a picture of anything
    seen: float = 0.0  # part of the canvas that is filled with what photos saw
    sharp: bool = False  # whether it was rendered in this very size
    subject: float | None = None  # viser units to what is in the middle, where something is


def empty_shot(look: Look) -> Shot:
    """The plain ground."""
    return Shot(np.full((8, 8, 3), look.ground, np.uint8), None, blank=True)


def composed(frame: Frame, pictures: Sequence[Picture], look: Look) -> Shot:
    """A picture of `frame.crop`, of whatever level, in its place on the ground; of two, both."""
    image = np.full((*frame.meets.shape, 3), look.ground, np.uint8)
    if not pictures or frame.crop is None:
        return Shot(image, None)
    size = (frame.crop.width, frame.crop.height)
    sharp = all(picture.rgb.shape[:2] == size[::-1] for picture in pictures)
    picture = pictures[0]
    if len(pictures) > 1:
        line = round((look.wipe or 0) * frame.whole.width) - frame.left
        picture = _beside(pictures[0], pictures[1], size, min(max(0, line), size[0]))
    part = (
        slice(frame.top, frame.top + frame.crop.height),
        slice(frame.left, frame.left + frame.crop.width),
    )
    edge = cv2.blur(frame.meets.astype(np.float32), (FEATHER, FEATHER))[part][..., None]
    light, passing = shown(picture, look.channel, look.colour_map)
    light = cv2.resize(light, size, interpolation=cv2.INTER_CUBIC)  # soft where it is coarse
    passing = cv2.resize(passing, size)[..., None]
    ground = np.array(look.ground, np.float32)
    mixed = edge * (light + passing * ground) + (1 - edge) * ground
    image[part] = np.round(mixed).clip(0, 255)
    depth = np.full(frame.meets.shape, FARTHEST, np.float32)
    depth[part] = cv2.resize(_depth(picture), size, interpolation=cv2.INTER_NEAREST)
    depth[~frame.meets] = FARTHEST
    small = _small(depth)
    seen = float((small < FARTHEST).mean())
    subject = _subject(small)
    return Shot(image, small if look.depth else None, seen=seen, sharp=sharp, subject=subject)


def _beside(left: Picture, right: Picture, size: tuple[int, int], line: int) -> Picture:
    """Two pictures of one camera as one of a size: the first `line` columns are the left one's."""

    def joined(name: str) -> np.ndarray:
        one, other = (
            cv2.resize(getattr(picture, name), size, interpolation=cv2.INTER_LINEAR)
            for picture in (left, right)
        )
        return np.concatenate([one[:, :line], other[:, line:]], axis=1)

    return Picture(joined("rgb"), joined("depth"), joined("opacity"), 1.0, left.camera)


def _subject(depth: np.ndarray) -> float | None:
    """The median depth of the middle; None where there is hardly anything."""
    height, width = depth.shape
    rows, columns = (round(side * (0.5 - MIDDLE / 2)) for side in (height, width))
    middle = depth[rows : height - rows, columns : width - columns]
    there = middle[middle < FARTHEST]
    return float(np.median(there)) if 2 * there.size > middle.size else None


def _depth(picture: Picture) -> np.ndarray:
    depth = np.clip(picture.depth * SCALE, 0, FARTHEST).astype(np.float32)
    return np.where(picture.opacity > SOLID, depth, np.float32(FARTHEST))


def _small(depth: np.ndarray) -> np.ndarray:
    height, width = depth.shape
    shrink = min(1.0, DEPTH_SIZE[0] / width, DEPTH_SIZE[1] / height)
    size = (max(1, int(width * shrink)), max(1, int(height * shrink)))
    return cv2.resize(depth, size, interpolation=cv2.INTER_NEAREST)

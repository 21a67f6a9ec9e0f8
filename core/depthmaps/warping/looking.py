"""One photo with its depths, looked at from elsewhere.

A point at tangents (x, y) and inverse depth g of one camera lies, in the axes of another and times
g, at u = A (x, y, 1) + g b, where A turns the one's axes into the other's and b is the one's centre
in the other's axes: one multiplication and addition for each coordinate, and 0 may stand for g.
u_z / g is its depth there.

NumPy and OpenCV, single precision: a picture of 252 x 189 pixels passes through the second cache
four to five times for each photo, and OpenCV's sampling takes a fifth of torch's (one thread, four
photos: 1.3 ms for four channels, not 6.1).
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from core.geometry.cameras import Camera
from core.geometry.distortion import undistorted

STEEP = 0.05  # relative jump of inverse depth beside a pixel that may lie between two surfaces
UNCONFIRMED, SEEN_THROUGH = 0.15, 0.3  # trust in depths that nobody confirms, or two look through
RAMP = 12.0  # a photo fades over 1 / 24 of its sides
LEAST = 1e-4  # of depth times inverse depth: what is nearer to the camera's plane is not seen
COLUMNS = 512  # of lists of pixels, which OpenCV takes as pictures


@dataclass(frozen=True, eq=False)
class Rays:
    """Tangents X / Z and Y / Z of pixels: arrays that broadcast to the picture, (H, W).

    Without distortion a row (1, W) and a column (H, 1).
    """

    x: np.ndarray
    y: np.ndarray

    @classmethod
    def of(cls, camera: Camera) -> "Rays":
        """Of all pixel centres of a camera."""
        x = ((np.arange(camera.width) + 0.5 - camera.cx) / camera.fx)[None]
        y = ((np.arange(camera.height) + 0.5 - camera.cy) / camera.fy)[:, None]
        if camera.k1:
            plane = torch.from_numpy(np.stack(np.broadcast_arrays(x, y), -1).copy())
            x, y = np.moveaxis(undistorted(plane, torch.tensor(camera.k1)).numpy(), -1, 0)
        return cls(x.astype(np.float32), y.astype(np.float32))

    def rows(self, part: slice) -> "Rays":
        """Those of some rows of the picture."""
        return Rays(self.x if len(self.x) == 1 else self.x[part], self.y[part])

    def at(self, where: np.ndarray) -> "Rays":
        """Those of the pixels of a mask (H, W), as a list; see `as_list`."""
        return Rays(*(as_list(np.broadcast_to(a, where.shape)[where]) for a in (self.x, self.y)))


@dataclass(frozen=True, eq=False)
class Source:
    """A photo at one level, ready to be looked at.

    Attributes:
        camera: at the size of the arrays.
        rays: of its pixels.
        image: (h, w, 4) float32, colours in [0, 1] and inverse depth.
        trust: (h, w) float32 in [0, 1], how far its depths are to be believed; 0 at the border.
        solid: (h, w) float32, 0 where a depth may lie between two surfaces, else 1.
    """

    camera: Camera
    rays: Rays
    image: np.ndarray
    trust: np.ndarray
    solid: np.ndarray

    @classmethod
    def of(
        cls,
        camera: Camera,
        photo: np.ndarray,
        inverse: np.ndarray,
        support: np.ndarray,
        through: np.ndarray,
        shrink: int = 1,
    ) -> "Source":
        """Args: a camera and its photo (h, w, 3), in [0, 1] or uint8; its inverse depths, how many
        others confirm and how many see through them, each (h, w); the side of it all is divided by
        `shrink`.
        """
        square = np.ones((3, 3), np.uint8)
        near, far = cv2.dilate(inverse, square), cv2.erode(inverse, square)
        steep = (np.maximum(near - inverse, inverse - far) > STEEP * inverse).astype(np.uint8)
        if shrink > 1:
            steep = cv2.dilate(steep, square)
        trust = np.where(support >= 1, 1, UNCONFIRMED) * np.where(through >= 2, SEEN_THROUGH, 1)
        small = camera.resized(*(max(1, side // shrink) for side in (camera.width, camera.height)))
        size = (small.width, small.height)
        colours = cv2.resize(photo, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        if photo.dtype == np.uint8:
            colours *= np.float32(1 / 255)
        inverse, steep, trust = (
            cv2.resize(a, size, interpolation=cv2.INTER_NEAREST_EXACT)
            for a in (inverse, steep, trust.astype(np.float32))
        )
        image = np.concatenate([colours, inverse[..., None]], -1)
        return cls(small, Rays.of(small), image, trust * _ramp(*size), np.float32(1) - steep)

    @property
    def inverse(self) -> np.ndarray:
        """(h, w) inverse depths."""
        return self.image[..., 3]


@dataclass(frozen=True, eq=False)
class Sight:
    """Points of a view as another camera sees them; arrays of one shape.

    Attributes:
        depth: depth there times inverse depth here.
        column, row: where, in pixels as OpenCV counts them: whole at pixel centres.
        away: how far apart the two cameras look, 2 - 2 cos of the angle at the point.
    """

    depth: np.ndarray
    column: np.ndarray
    row: np.ndarray
    away: np.ndarray | None


def seen_from(
    here: Camera, rays: Rays, inverse: np.ndarray, there: Camera, angles: bool = False
) -> Sight:
    """Points of one camera at `rays` with inverse depths as another camera sees them.

    Args: `angles`: whether `Sight.away` is wanted.
    """
    back = there.camera_to_world[:3, :3].T
    turn = (back @ here.camera_to_world[:3, :3]).astype(np.float32)
    shift = (back @ (here.position - there.position)).astype(np.float32)
    own = [a * rays.x + (b * rays.y + c) for a, b, c in turn]
    x, y, z = (along + inverse * part for along, part in zip(own, shift, strict=True))
    away = None
    if angles:
        dot = own[0] * x + own[1] * y + own[2] * z
        lengths = (x * x + y * y + z * z) * (rays.x * rays.x + (rays.y * rays.y + 1))
        away = np.maximum(2 - 2 * dot / np.sqrt(np.maximum(lengths, 1e-12)), 0)
    depth = np.maximum(z, LEAST)
    x /= depth
    y /= depth
    if there.k1:
        square = x * x + y * y
        fold = 1 / (3 * max(-there.k1, 1e-9))  # as `core.depthmaps.cameras.through_lens`
        bend = 1 + np.float32(there.k1) * np.minimum(square, np.float32(fold))
        x *= bend
        y *= bend
    column = x * np.float32(there.fx) + np.float32(there.cx - 0.5)
    row = y * np.float32(there.fy) + np.float32(there.cy - 0.5)
    column[z <= LEAST] = -9.0
    return Sight(z, column, row, away)


def look_up(image: np.ndarray, sight: Sight, how: int) -> np.ndarray:
    """An image of the other camera, (H, W) or (H, W, C), where points are seen; 0 outside it.

    Args: `how`: OpenCV's interpolation.
    """
    return cv2.remap(image, sight.column, sight.row, how, borderMode=cv2.BORDER_CONSTANT)


def look_up_inside(image: np.ndarray, sight: Sight, how: int) -> np.ndarray:
    """As `look_up`, (H, W) or (H, W, C), with the image's border going on outside it."""
    return cv2.remap(image, sight.column, sight.row, how, borderMode=cv2.BORDER_REPLICATE)


def splat(source: Source, view: Camera) -> np.ndarray:
    """(H, W) inverse depths of a photo's surfaces as a view sees them, nearest first; 0: none.

    Each point falls on the four pixels around it. Pixels that are left free among others, where a
    surface is magnified, take the nearest beside them.
    """
    sight = seen_from(source.camera, source.rays, source.inverse, view)
    high, wide = view.height + 3, view.width + 3  # a frame catches what misses the picture
    column = np.clip(np.floor(sight.column), -2, view.width).astype(np.int32)
    row = np.clip(np.floor(sight.row), -2, view.height).astype(np.int32)
    there = source.solid * (sight.depth > LEAST)
    inverse = there * source.inverse / np.maximum(sight.depth, LEAST)
    hit = np.zeros(high * wide, np.float32)
    np.maximum.at(hit, ((row + 2) * wide + column + 2).ravel(), inverse.ravel())
    grown = cv2.dilate(hit.reshape(high, wide), np.ones((2, 2), np.uint8), anchor=(1, 1))
    found = np.ascontiguousarray(grown[2:-1, 2:-1])
    filled = found > 0
    around = cv2.blur(filled.astype(np.float32), (3, 3), borderType=cv2.BORDER_CONSTANT)
    near = cv2.dilate(found, np.ones((3, 3), np.uint8))
    return np.where(~filled & (around > 0.4), near, found)


def as_list(values: np.ndarray) -> np.ndarray:
    """(M,) values as a picture of `COLUMNS` columns, as OpenCV wants them; it ends in zeros."""
    rows = -(-len(values) // COLUMNS)
    out = np.zeros(rows * COLUMNS, np.float32)
    out[: len(values)] = values
    return out.reshape(rows, COLUMNS)


def filled(inverse: np.ndarray) -> np.ndarray:
    """Inverse depths (H, W) whose holes, 0, take the farthest of what is around them.

    What a near surface hides is mostly what lies beside it, farther off.
    """
    if inverse.all() or min(inverse.shape) < 2:
        return inverse
    height, width = inverse.shape
    even = np.pad(inverse, ((0, height % 2), (0, width % 2)))
    quads = np.where(even > 0, even, np.inf).reshape(len(even) // 2, 2, -1, 2)
    small = np.minimum(quads[:, 0], quads[:, 1]).min(-1)
    small = filled(np.where(np.isfinite(small), small, 0).astype(np.float32))
    around = cv2.resize(small, even.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.where(inverse > 0, inverse, around[:height, :width])


def continued(image: np.ndarray, known: np.ndarray) -> np.ndarray:
    """An image (H, W, 3) whose unknown pixels take the mean of the nearest known ones.

    Pull and push (Gortler et al., The Lumigraph, SIGGRAPH 1996, section 3.4): halved until all is
    known, and back. Args: `known` (H, W) 1 or 0, float32.
    """
    if known.all() or min(known.shape) < 2:
        return image
    height, width = known.shape
    size = (-(-width // 2), -(-height // 2))
    share = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(image * known[..., None], size, interpolation=cv2.INTER_AREA)
    small = continued(small / np.maximum(share, 1e-6)[..., None], (share > 0).astype(np.float32))
    around = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(known[..., None] > 0, image, around)


def _ramp(width: int, height: int) -> np.ndarray:
    """(h, w) 0 at the border, 1 from a 24th of the sides on."""
    x, y = (1 - np.abs((2 * np.arange(side) + 1) / side - 1) for side in (width, height))
    return np.minimum(1, RAMP * np.minimum(x, y[:, None])).astype(np.float32)

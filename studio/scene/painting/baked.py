"""Planes as pictures: what a multi-plane image is once its sigmoids are taken.

Seen from anywhere, each plane is one perspective warp of its picture, so 32 planes take a tenth of
what rays through them do (OpenCV, one thread: 12 ms for 252 x 189 pixels, 46 ms for 512 x 384).
"""

import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch

from core.geometry.cameras import Camera
from core.multiplane.field import Block, MultiplaneImage
from core.rendering.picture import Picture
from core.rendering.scene import FieldScene

MOST = 32  # pictures, where planes share colours: neighbours become one,
MOST_MOVING = 16  # and again while a view moves: each picture takes 0.3 ms at 252 x 168
AT_A_TIME = 8  # planes warped before somebody may say that the picture is no longer wanted
FORWARD = 1e-3  # a direction's least part along the reference axis; others miss the planes
FLOAT = cv2.CV_32F
AGED_SECONDS = 1.5  # a drag is shown planes of this age at most,
AGED_PRICE = 20  # or this many times older than what baking them took


@dataclass(frozen=True, eq=False)
class Baked:
    """Pictures of planes, nearest first.

    Attributes:
        layers: (D, H, W, 4) uint8, colours multiplied by alpha, and alpha; of planes, or of some
            neighbours of one colour, as the reference camera sees them.
        disparities: (D,) 1 / world z, falling.
        reach: (D, 2) of each plane in half sides of the reference picture.
        normalized_focal: (2,) fx / width and fy / height of the reference picture.
    """

    layers: np.ndarray
    disparities: np.ndarray
    reach: np.ndarray
    normalized_focal: np.ndarray

    @classmethod
    @torch.inference_mode()
    def of(cls, scene: FieldScene) -> "Baked":
        """The pictures of a scene whose field is planes."""
        field = scene.field
        assert isinstance(field, MultiplaneImage), "only planes can be baked"
        planes, width, height = field.size
        parts = field.parts()
        joined = math.gcd(parts[0].sharing, math.ceil(planes / MOST))
        layers = np.empty((planes // joined, height, width, 4), np.uint8)
        for block in parts:
            for first in range(block.planes.start, block.planes.stop, joined):
                layers[first // joined] = _layer(block, first - block.planes.start, joined)
        disparities = field.disparities.unflatten(0, (-1, joined)).mean(1)
        numbers = (disparities, field.reach[::joined], scene.normalized_focal)
        return cls(layers, *(each.double().cpu().numpy() for each in numbers))

    @property
    def centres(self) -> np.ndarray:
        """(D,) world z of each plane; infinite for one without disparity."""
        with np.errstate(divide="ignore"):
            return 1 / self.disparities

    def halved(self) -> "Baked":
        """Half as many, where neighbours reach equally far, for views that move; else these."""
        near, far = slice(0, None, 2), slice(1, None, 2)
        count, reach = len(self.layers), self.reach
        if count <= MOST_MOVING or count % 2 or not np.array_equal(reach[near], reach[far]):
            return self
        pairs = zip(self.layers[near], self.layers[far], strict=True)
        layers = np.stack([_over(front, back) for front, back in pairs])
        disparities = (self.disparities[near] + self.disparities[far]) / 2
        return replace(self, layers=layers, disparities=disparities, reach=reach[near])

    def seen_by(self, camera: Camera) -> Iterator[Picture | None]:
        """What a camera sees: None between parts of the work, then the picture.

        Planes behind the eye and the void beyond their edges let all light pass. Depth is the
        camera's, at the expected disparity, as in `core.multiplane.compositing`.
        """
        size = (camera.width, camera.height)
        light: np.ndarray = np.zeros((camera.height, camera.width, 4), np.float32)
        disparity: np.ndarray = np.zeros(light.shape[:2], np.float32)
        eye, turn = camera.position, _directions(camera)
        for index in reversed(range(len(self.layers))):
            near = self.disparities[index]
            if near > 0 and eye[2] * near < 1:
                layer = cv2.warpPerspective(
                    self.layers[index],
                    self._texels(index, turn, eye),
                    size,
                    flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                )
                alpha = cv2.extractChannel(layer, 3)
                passing = cv2.bitwise_not(alpha)
                dimmed = cv2.multiply(light, cv2.merge([passing] * 4), scale=1 / 255, dtype=FLOAT)
                light = cv2.add(dimmed, layer, dtype=FLOAT)
                dimmed = cv2.multiply(disparity, passing, scale=1 / 255, dtype=FLOAT)
                disparity = cv2.addWeighted(dimmed, 1, alpha, near / 255, 0, dtype=FLOAT)
            if index % AT_A_TIME == 0 and index:
                yield None
        yield self._picture(light, disparity, camera, turn)

    def _texels(self, index: int, turn: np.ndarray, eye: np.ndarray) -> np.ndarray:
        """(3, 3) from pixel indices (x, y, 1) to texel indices of one plane, homogeneous."""
        near, (height, width) = self.disparities[index], self.layers.shape[1:3]
        slopes = (1 - eye[2] * near) * turn[:2] + near * np.outer(eye[:2], turn[2])
        halves = np.array([[width], [height]]) / 2
        scale = halves * (2 * self.normalized_focal / self.reach[index])[:, None]
        return np.vstack([scale * slopes + (halves - 0.5) * turn[2], turn[2]])

    def _picture(
        self, light: np.ndarray, disparity: np.ndarray, camera: Camera, turn: np.ndarray
    ) -> Picture:
        x, y = np.arange(camera.width), np.arange(camera.height)
        forward = (turn[2, 0] * x + turn[2, 2] + (turn[2, 1] * y)[:, None]).astype(np.float32)
        light *= np.float32(1 / 255)
        light[forward <= FORWARD] = 0
        opacity = light[..., 3]
        mean = np.maximum(disparity / np.maximum(opacity, 1e-6), 1e-4 * self.disparities[0])
        depth = (1 / mean - np.float32(camera.position[2])) / np.maximum(forward, FORWARD)
        return Picture(light[..., :3].clip(0, 1), depth, opacity, 1.0, camera)


def _layer(block: Block, first: int, joined: int) -> np.ndarray:
    """(H, W, 4) uint8 of neighbouring planes of a block, of one colour where they are several."""
    clear = torch.sigmoid(-block.alpha_of(slice(first, first + joined))).prod(0)  # (1, H, W)
    rgb = (
        block.texels[first, :3] if block.colours is None else block.colours[first // block.sharing]
    )
    texels = torch.cat([rgb.sigmoid() * (1 - clear), 1 - clear])
    layer: np.ndarray = texels.mul_(255).round_().byte().permute(1, 2, 0).cpu().numpy()
    return layer


def _over(front: np.ndarray, back: np.ndarray) -> np.ndarray:
    """(H, W, 4) uint8, one picture before another, as the reference camera sees them."""
    passing = cv2.bitwise_not(cv2.extractChannel(front, 3))
    return cv2.add(front, cv2.multiply(back, cv2.merge([passing] * 4), scale=1 / 255))


def _directions(camera: Camera) -> np.ndarray:
    """(3, 3) from pixel indices (x, y, 1) to directions in the world of camera z 1."""
    fx, fy = camera.fx, camera.fy
    plane = [[1 / fx, 0, (0.5 - camera.cx) / fx], [0, 1 / fy, (0.5 - camera.cy) / fy], [0, 0, 1]]
    return camera.camera_to_world[:3, :3] @ np.array(plane)


class Bakery:
    """Bakes each scene once for all who look at it. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scene: FieldScene | None = None
        self._baked: tuple[Baked, Baked] | None = None  # for views that are still, and that move
        self._at = self._price = 0.0

    def fresh(self, scene: FieldScene) -> Baked:
        """These very planes."""
        return self._of(scene)[0]

    def quick(self, scene: FieldScene) -> Baked:
        """These planes for a view that moves, or as they were a moment ago."""
        baked = self._baked
        young = time.monotonic() - self._at < max(AGED_SECONDS, AGED_PRICE * self._price)
        return (baked if baked is not None and young else self._of(scene))[1]

    def _of(self, scene: FieldScene) -> tuple[Baked, Baked]:
        with self._lock:
            if self._baked is None or self._scene is not scene:
                began = time.monotonic()
                baked = Baked.of(scene)
                self._baked, self._scene = (baked, baked.halved()), scene
                self._at = time.monotonic()
                self._price = self._at - began
            return self._baked

    def forget(self) -> None:
        """What was baked belongs to another run."""
        with self._lock:
            self._scene = self._baked = None

"""The learned planes standing in the 3D scene as pictures, drawn by the browser itself.

They form among the cameras while they are learned, and orbiting them costs the server nothing.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import viser

from studio.scene.coordinates import SCALE
from studio.scene.painting.baked import Baked

MOST = 12  # pictures: every one is a node of the scene and a texture of the browser
LONG_SIDE = 240  # texels
FARTHEST = 40.0  # world units, of a plane that is infinitely far
FAINT = 4  # of 255: less alpha is nothing, and its colour no more than noise


@dataclass(frozen=True, eq=False)
class Quad:
    """One picture: (H, W, 4) uint8 with straight alpha, its sides and its z in viser's units."""

    image: np.ndarray
    width: float
    height: float
    z: float


class Quads:
    """The planes of a server's scene."""

    def __init__(self, server: viser.ViserServer, root: str) -> None:
        """Nothing is shown yet. Args: `root` is the node that all are below."""
        self._server, self._root = server, root
        self._handles: list[viser.ImageHandle] = []

    def show(self, quads: list[Quad]) -> None:
        """Show these and no others."""
        while len(self._handles) > len(quads):
            self._handles.pop().remove()
        with self._server.atomic():
            for index, quad in enumerate(quads):
                if index == len(self._handles):
                    self._handles.append(self._added(index, quad))
                else:
                    handle = self._handles[index]
                    handle.image, handle.position = quad.image, (0.0, 0.0, quad.z)
                    handle.render_width, handle.render_height = quad.width, quad.height

    def _added(self, index: int, quad: Quad) -> viser.ImageHandle:
        return self._server.scene.add_image(
            f"{self._root}/{index:02d}",
            quad.image,
            quad.width,
            quad.height,
            format="png",
            cast_shadow=False,
            receive_shadow=False,
            position=(0.0, 0.0, quad.z),
        )


def quads_of(baked: Baked) -> list[Quad]:
    """At most `MOST` pictures; neighbours become one, as the reference camera sees them."""
    count = len(baked.layers)
    groups = np.array_split(np.arange(count), min(count, MOST))
    return [_quad(baked, group) for group in groups]


def _quad(baked: Baked, group: np.ndarray) -> Quad:
    height, width = baked.layers.shape[1:3]
    shrink = min(1.0, LONG_SIDE / max(width, height))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    reach = baked.reach[group].max(0)
    light = np.zeros((size[1], size[0], 4), np.float32)
    for index in reversed(group):
        layer = _placed(baked.layers[index], baked.reach[index] / reach, size)
        light *= 1 - layer[..., 3:] * np.float32(1 / 255)
        light += layer
    z = min(FARTHEST, float(1 / max(baked.disparities[group].mean(), 1e-6)))
    sides = reach * z / baked.normalized_focal * SCALE
    return Quad(_straight(light), float(sides[0]), float(sides[1]), z * SCALE)


def _placed(layer: np.ndarray, part: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A plane's picture over the middle `part` (2,) of a canvas of a size."""
    small = cv2.resize(layer, size, interpolation=cv2.INTER_AREA)
    if np.allclose(part, 1, atol=1e-3):
        return small
    middle = (np.array(size) - 1) / 2
    matrix = np.column_stack([np.diag(part), middle - part * middle])
    return cv2.warpAffine(small, matrix, size, flags=cv2.INTER_LINEAR)


def _straight(light: np.ndarray) -> np.ndarray:
    """Colours no longer multiplied by alpha; those of clear texels are their neighbours'."""
    around = cv2.blur(light, (5, 5))
    clear = light[..., 3:] < FAINT
    source = np.where(clear, around, light)
    rgb = source[..., :3] / np.maximum(source[..., 3:], 1) * 255
    alpha = np.where(clear, 0, light[..., 3:])
    return np.concatenate([rgb, alpha], -1).round().clip(0, 255).astype(np.uint8)

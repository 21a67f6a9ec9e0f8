"""A few thousand points of a scene, with which tools that begin from COLMAP's begin as well."""

from collections.abc import Mapping

import numpy as np
import torch

from core.exporting.colour import THERE
from core.exporting.pictures import shrunk, whole_picture
from core.formats.sparse import NO_POINTS, SparsePoints
from core.geometry.alignment import Similarity
from core.geometry.cameras import Camera
from core.geometry.distortion import distorted
from core.rendering.picture import Pace
from core.rendering.scene import Scene

MOST = 20_000  # points in all: what sets of some hundred photos have


def sparse_points(
    scene: Scene, cameras: Mapping[str, Camera], world: Similarity, written: Mapping[str, Camera]
) -> SparsePoints:
    """Points where each camera sees something, from small pictures; perhaps none.

    Args:
        scene, cameras: as learned.
        world: from there to where files are written.
        written: the same cameras as they are written: in that world, turned as their files are.
    """
    pace, parts = Pace(), []
    for number, (name, camera) in enumerate(cameras.items()):
        small = shrunk(camera)
        picture = whole_picture(scene, small, pace)
        there = (picture.opacity > THERE) & np.isfinite(picture.depth) & (picture.depth > 0)
        rows, columns = _thinned(np.argwhere(there), MOST // len(cameras)).T
        depth = picture.depth[rows, columns].astype(np.float64)[:, None]
        tangents = small.tangents(np.stack([columns, rows], -1) + 0.5)
        local = np.concatenate([tangents * depth, depth], -1)
        shown = local @ camera.camera_to_world[:3, :3].T + camera.position
        colours = (picture.rgb[rows, columns].clip(0, 1) * 255).round().astype(np.uint8)
        positions = world.points(shown)
        owner = np.full(len(rows), number)
        parts.append((positions, colours, owner, seen_at(written[name], positions)))
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return SparsePoints(*joined) if joined else NO_POINTS


def seen_at(camera: Camera, points: np.ndarray) -> np.ndarray:
    """(P, 2) the pixels at which a camera shows points (P, 3) in front of it."""
    local = (points - camera.position) @ camera.camera_to_world[:3, :3]
    plane = torch.from_numpy(local[:, :2] / local[:, 2:])
    shown = distorted(plane, torch.tensor(camera.k1, dtype=plane.dtype)).numpy()
    return shown * [camera.fx, camera.fy] + [camera.cx, camera.cy]


def _thinned(pixels: np.ndarray, most: int) -> np.ndarray:
    """At most so many of (K, 2) pixels, evenly."""
    if len(pixels) <= most:
        return pixels
    return pixels[np.linspace(0, len(pixels) - 1, most).round().astype(int)]

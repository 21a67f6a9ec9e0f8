"""Whether cameras look further apart than planes before all of them can hold."""

from collections.abc import Sequence

import numpy as np

from core.config import Config
from core.geometry.alignment import stand_together
from core.geometry.cameras import Camera

WIDE = 1.6  # half pictures from the middle of the reference view; forward-facing photos reach 1.5
MOST = 90  # percentile of the photos that reach no further: one that ran away tells nothing
EDGEWISE = 0.05  # least part of a direction along the reference axis before planes are missed


def reach(cameras: Sequence[Camera]) -> float:
    """How far from the reference picture's middle photos look, in half sides of that picture.

    It is what far planes along the world's z axis would have to reach. A corner of a photo that
    looks past their horizon counts as 1 / `EDGEWISE`.
    """
    farthest = []
    for camera in cameras:
        corners = np.array([(x, y) for x in (0, camera.width) for y in (0, camera.height)])
        plane = np.concatenate([camera.tangents(corners), np.ones((4, 1))], axis=1)
        rays = plane @ camera.camera_to_world[:3, :3].T
        ahead = rays[:, 2] / np.linalg.norm(rays, axis=1)
        slopes = np.abs(rays[:, :2]) / np.maximum(rays[:, 2:], 1e-9)
        halves = slopes * [2 * camera.fx / camera.width, 2 * camera.fy / camera.height]
        sides = np.where(ahead > EDGEWISE, halves.max(1), 1 / EDGEWISE)
        farthest.append(min(float(sides.max()), 1 / EDGEWISE))
    return float(np.percentile(farthest, MOST))


def has_planes(config: Config) -> bool:
    """Whether more than a network is asked for, so that planes or depth maps hold the scene."""
    return config.training.bootstrap or config.field.kind == "planes"


def by_depth_maps(config: Config, cameras: Sequence[Camera]) -> bool:
    """Whether depth maps hold the scene: asked for, or its known cameras look far apart.

    Args: `cameras` of the photos that are learned from.
    """
    wanted = config.field.geometry
    if wanted == "planes" or (wanted == "auto" and not has_planes(config)):
        return False  # a network alone is what was asked for
    if stand_together(np.stack([camera.position for camera in cameras])):
        return False  # cameras that were never found: there is no parallax to find depths by
    return wanted == "depth-maps" or reach(cameras) > WIDE

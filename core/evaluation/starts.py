"""Where to begin looking for the camera of a photo that was kept aside."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from core.geometry.cameras import Camera


def starting_cameras(learned: Mapping[int, Camera], index: int) -> list[Camera]:
    """Cameras that a photo may have been taken from, going by its neighbours.

    The first is on the way between the two learned cameras nearest in the order of the photos, one
    on either side where there are two sides; for photos before or after all learned ones it is
    beyond the two. Then come the learned cameras themselves, the nearest first. Where photos have
    focal lengths of their own, a start has that of the nearest camera it comes from.

    Args:
        learned: at least one, by index in the order of the photos.
        index: the photo's own.
    """
    near = sorted(learned, key=lambda other: abs(other - index))
    cameras = [learned[other] for other in near]
    if len(near) == 1:
        return cameras
    first = near[0]
    across = [other for other in near if (other - index) * (first - index) < 0]
    second = (across or near[1:])[0]
    share = (index - first) / (second - first)
    return [along(learned[first], learned[second], share), *cameras]


def along(first: Camera, second: Camera, share: float) -> Camera:
    """A pose of the steady turn and shift that leads from the first (0) to the second (1)."""
    start, end = (Rotation.from_matrix(c.camera_to_world[:3, :3]) for c in (first, second))
    turn = Rotation.from_rotvec(share * (start.inv() * end).as_rotvec())
    pose = np.eye(4)
    pose[:3, :3] = (start * turn).as_matrix()
    pose[:3, 3] = first.position + share * (second.position - first.position)
    return replace(first, camera_to_world=pose)

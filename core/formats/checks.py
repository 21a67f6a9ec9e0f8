"""What makes numbers a camera, before one is written and after one was read."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from core.errors import InputError
from core.geometry.cameras import Camera

LARGEST_NUMBER = 1e9
TOLERANCE = 0.02  # of axes times their transpose against the identity: rounded files pass


def check_writable(cameras: Mapping[str, Camera]) -> None:
    """See that there is something to write, and that it is numbers.

    Raises:
        InputError: there are no cameras, or one of them is not finite.
    """
    if not cameras:
        raise InputError("There are no cameras to write; train with at least one photo first.")
    for camera in cameras.values():
        lens = [camera.fx, camera.fy, camera.cx, camera.cy, camera.k1]
        if not np.isfinite([*lens, *camera.camera_to_world.flat]).all():
            raise InputError(
                "The cameras are not finite numbers; restart training before exporting."
            )


def checked_camera(
    pose: np.ndarray,
    intrinsics: Sequence[float],
    size: Sequence[float],
    where: str,
    k1: float = 0.0,
) -> Camera:
    """A camera as read.

    Args:
        pose: (4, 4) camera to world in OpenCV axes; see `exact_pose`.
        intrinsics: fx, fy, cx, cy in pixels.
        size: width, height in pixels.
        where: which camera of which file, for a complaint.
        k1: radial distortion.

    Raises:
        InputError: the numbers are those of no camera.
    """
    fx, fy, cx, cy = (float(number) for number in intrinsics)
    if not all(1 <= number <= LARGEST_NUMBER for number in (fx, fy, *size)):
        raise InputError(f"{where}: size and focal lengths must be at least 1 pixel; correct it.")
    if not all(abs(number) <= LARGEST_NUMBER for number in (cx, cy)):
        raise InputError(f"{where}: the principal point must be finite pixels; correct it.")
    width, height = (round(side) for side in size)
    k1 = checked_distortion(k1, where)
    return Camera(exact_pose(pose, where), fx, fy, cx, cy, width, height, k1)


def checked_distortion(k1: float, where: str) -> float:
    """A radial distortion as read.

    Raises:
        InputError: it is not finite.
    """
    if not abs(k1) <= LARGEST_NUMBER:
        raise InputError(f"{where}: the distortion k1 must be a finite number; correct it.")
    return float(k1)


def exact_pose(pose: np.ndarray, where: str) -> np.ndarray:
    """(4, 4) the same pose, its rotation made exact; files round theirs.

    Raises:
        InputError: it is not a rotation and a position.
    """
    if pose.shape != (4, 4) or not (np.abs(pose) <= LARGEST_NUMBER).all():
        raise InputError(f"{where}: the pose must be 4 x 4 finite numbers; correct it.")
    axes = pose[:3, :3]
    exact = np.allclose(axes @ axes.T, np.eye(3), atol=TOLERANCE)
    if not exact or np.linalg.det(axes) < 0 or not np.allclose(pose[3], [0, 0, 0, 1]):
        raise InputError(
            f"{where}: the pose must be a rotation and a position without scale or mirror image, "
            "its last row 0 0 0 1; correct it."
        )
    return pose_of(Rotation.from_matrix(axes), pose[:3, 3])


def exact_rotation(quaternion: Sequence[float], where: str) -> Rotation:
    """The rotation of a quaternion `wxyz` of about unit length.

    Raises:
        InputError: its length is another.
    """
    bounded = all(abs(number) <= 1 + TOLERANCE for number in quaternion)
    if not bounded or abs(np.linalg.norm(quaternion) - 1) > TOLERANCE:
        raise InputError(f"{where}: the quaternion must have length 1; correct it.")
    return Rotation.from_quat(quaternion, scalar_first=True)


def pose_of(rotation: Rotation, translation: Sequence[float] | np.ndarray) -> np.ndarray:
    """(4, 4) of a rotation and a translation (3,)."""
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation.as_matrix(), translation
    return pose

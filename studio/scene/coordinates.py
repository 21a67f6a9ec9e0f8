"""Between the learned world and viser's: the same OpenCV axes, another unit of length.

Learned cameras lie within about 0.1 of each other and the scene begins at distance 1. viser's
keyboard moves 2 units a second and its depth ends at 167, so the world is enlarged for it.
"""

from dataclasses import dataclass

import numpy as np
import viser
from viser.transforms import SO3

from core.geometry.cameras import Camera

SCALE = 10.0  # viser units in one unit of the learned world


@dataclass(frozen=True, eq=False)
class Pose:
    """Where a node stands in viser: unit quaternion ``wxyz`` (4,) and ``position`` (3,)."""

    wxyz: np.ndarray
    position: np.ndarray

    def close_to(self, other: "Pose", tolerance: float = 1e-6) -> bool:
        """Whether both look the same; a quaternion and its negative are one rotation."""
        apart = np.abs(self.position - other.position).max()
        turned = 1 - abs(float(self.wxyz @ other.wxyz))  # about angle squared / 8
        return bool(apart <= tolerance and turned <= tolerance**2)


def pose_in_viser(camera_to_world: np.ndarray) -> Pose:
    """A (4, 4) pose of the learned world as viser's quaternion and enlarged position."""
    wxyz = SO3.from_matrix(camera_to_world[:3, :3]).normalize().wxyz
    return Pose(np.asarray(wxyz, dtype=np.float64), camera_to_world[:3, 3] * SCALE)


def pose_in_world(pose: Pose) -> np.ndarray:
    """The (4, 4) camera_to_world of a viser pose; the inverse of `pose_in_viser`."""
    camera_to_world = np.eye(4)
    camera_to_world[:3, :3] = SO3(pose.wxyz).normalize().as_matrix()
    camera_to_world[:3, 3] = pose.position / SCALE
    return camera_to_world


@dataclass(frozen=True, eq=False)
class View:
    """What somebody looks at: a pose, a vertical field of view and the shape of the canvas."""

    pose: Pose
    fov: float  # radians from the top edge to the bottom edge
    aspect: float  # width / height
    pixels: int  # longer side of the canvas

    @classmethod
    def of_client(cls, camera: viser.CameraHandle) -> "View":
        """The view of a connected client, as it last told."""
        width, height = max(1, camera.image_width), max(1, camera.image_height)
        pose = Pose(np.array(camera.wxyz), np.array(camera.position))
        return cls(pose, camera.fov, width / height, max(width, height))

    @classmethod
    def of_camera(cls, camera: Camera) -> "View":
        """The view of a camera of the learned world."""
        pose = pose_in_viser(camera.camera_to_world)
        pixels = max(camera.width, camera.height)
        return cls(pose, camera.vertical_fov, camera.aspect, pixels)

    def camera(self, long_side: int) -> Camera:
        """This view as a camera of the learned world, its longer side `long_side` pixels.

        The picture plane has exactly the view's field of view and aspect; pixels are square but
        for the rounding of the shorter side.
        """
        width = max(1, round(long_side * min(1.0, self.aspect)))
        height = max(1, round(long_side / max(1.0, self.aspect)))
        fy = height / 2 / np.tan(self.fov / 2)
        fx = fy * width / height / self.aspect
        matrix = pose_in_world(self.pose)
        return Camera(matrix, float(fx), float(fy), width / 2, height / 2, width, height)

    def same_as(self, other: "View | None") -> bool:
        """Whether a picture of `other` would serve for this view too."""
        return (
            other is not None
            and self.pose.close_to(other.pose)
            and abs(self.fov - other.fov) < 1e-6
            and abs(self.aspect - other.aspect) < 1e-3
        )


def fov_that_holds(camera: Camera, canvas_aspect: float) -> float:
    """Vertical field of view (radians) of a canvas that shows all of a camera's picture.

    The spare canvas, above and below or left and right, continues the scene.
    """
    widest = camera.aspect / min(canvas_aspect, camera.aspect)
    return float(2 * np.arctan(np.tan(camera.vertical_fov / 2) * widest))

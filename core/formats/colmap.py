"""COLMAP's model of cameras and images, whichever way it is stored.

A model is a folder of three files. `cameras` states the intrinsics, with pixel centres at +0.5 as
everywhere in `core`; `images` for each photo the pose **world to camera** in OpenCV axes, as a
quaternion `wxyz` and a translation, with the photo's name; `points3D` the sparse points, of
which only the places are read. See https://colmap.github.io/format.html.

Of a lens with more distortion than one radial coefficient, k1, only the pinhole part is read. That
is enough to compare poses and focal lengths with; what such a camera would render does not cover
its photo. Pinholes are written as PINHOLE; with k1 square pixels are SIMPLE_RADIAL, others OPENCV.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from core.errors import InputError
from core.formats.checks import (
    check_writable,
    checked_camera,
    exact_pose,
    exact_rotation,
    pose_of,
)
from core.geometry.cameras import Camera

LARGEST_PART = 500_000_000  # bytes of one file: most are points in the photos, which are skipped


class Intrinsics(NamedTuple):
    """What `cameras` states of one camera, in pixels, and its radial distortion."""

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int
    k1: float = 0.0


class Image(NamedTuple):
    """What `images` states of one photo."""

    name: str
    camera: int  # its number in `cameras`
    quaternion: Sequence[float]  # (4,) wxyz, world to camera
    translation: Sequence[float]  # (3,) world to camera


class Model(NamedTuple):
    """A model without its points."""

    cameras: dict[int, Intrinsics]  # by number
    images: list[Image]


@dataclass(frozen=True)
class Lens:
    """One of COLMAP's camera models."""

    name: str
    number: int  # in binary files
    parameters: int  # how many it has
    pinhole: tuple[int, int, int, int]  # where fx, fy, cx and cy are among them

    def intrinsics(self, parameters: Sequence[float], width: int, height: int) -> Intrinsics:
        """The pinhole part, and k1 where it is all the distortion; it always comes first."""
        fx, fy, cx, cy = (parameters[index] for index in self.pinhole)
        k1, *further = [*parameters[max(self.pinhole) + 1 :], 0.0]
        return Intrinsics(fx, fy, cx, cy, width, height, 0.0 if any(further) else k1)

    def parameters_of(self, own: Intrinsics) -> list[float]:
        """As it states a camera that it can hold; the inverse of `intrinsics`."""
        stated = [0.0] * self.parameters
        for index, number in zip(self.pinhole, own[:4], strict=True):
            stated[index] = number
        if own.k1:
            stated[max(self.pinhole) + 1] = own.k1
        return stated


PINHOLE = Lens("PINHOLE", 1, 4, (0, 1, 2, 3))
SIMPLE_RADIAL = Lens("SIMPLE_RADIAL", 2, 4, (0, 0, 1, 2))
OPENCV = Lens("OPENCV", 4, 8, (0, 1, 2, 3))
LENSES = (
    Lens("SIMPLE_PINHOLE", 0, 3, (0, 0, 1, 2)),
    PINHOLE,
    SIMPLE_RADIAL,
    Lens("RADIAL", 3, 5, (0, 0, 1, 2)),
    OPENCV,
)


def lens_for(own: Intrinsics) -> Lens:
    """The one to write a camera with."""
    if own.k1 == 0:
        return PINHOLE
    return SIMPLE_RADIAL if own.fx == own.fy else OPENCV


def lens_called(name: str | int, where: str) -> Lens:
    """The lens of a name or number.

    Raises:
        InputError: it is none of those that are read.
    """
    for lens in LENSES:
        if name in (lens.name, lens.number):
            return lens
    known = ", ".join(lens.name for lens in LENSES)
    raise InputError(
        f"{where}: the camera model {name} is none of {known}; undistort the photos with COLMAP."
    )


def model_of(cameras: Mapping[str, Camera]) -> Model:
    """The model to write; photos with the same intrinsics share a camera.

    Raises:
        InputError: there are no cameras, or one is not finite.
    """
    check_writable(cameras)
    numbers: dict[Intrinsics, int] = {}
    images = []
    for name, camera in cameras.items():
        size = (camera.width, camera.height)
        own = Intrinsics(camera.fx, camera.fy, camera.cx, camera.cy, *size, camera.k1)
        rotation = Rotation.from_matrix(camera.camera_to_world[:3, :3]).inv()
        quaternion = rotation.as_quat(canonical=True, scalar_first=True).tolist()
        translation = rotation.apply(-camera.position).tolist()
        number = numbers.setdefault(own, len(numbers) + 1)
        images.append(Image(name, number, quaternion, translation))
    return Model({number: own for own, number in numbers.items()}, images)


def cameras_of(model: Model, folder: Path) -> dict[str, Camera]:
    """The cameras of a model by the names of its photos.

    Raises:
        InputError: there are no photos, one is named twice or has no camera, or numbers are those
            of no camera.
    """
    cameras: dict[str, Camera] = {}
    for image in model.images:
        where = f"{folder}: image {image.name!r}"
        own = model.cameras.get(image.camera)
        if own is None:
            raise InputError(f"{where} has no camera {image.camera}; write the model again.")
        if image.name in cameras:
            raise InputError(f"{where} is there twice; write the model again.")
        turn = exact_rotation(image.quaternion, where)
        world_to_camera = exact_pose(pose_of(turn, image.translation), where)
        pose = np.linalg.inv(world_to_camera)
        size = (own.width, own.height)
        cameras[image.name] = checked_camera(pose, own[:4], size, where, own.k1)
    if not cameras:
        raise InputError(f"{folder}: no photo has a pose in this model; choose another one.")
    return cameras

"""Cameras of photos as their files store them: at full size, and not yet turned by EXIF.

A phone that is held upright stores its pictures lying, with a note of how to turn them (Exif 2.32,
tag 0x0112). Here cameras are those of upright pictures, scaled down; tools that read the files
without the note need the others. A mirrored picture has no camera, and keeps its upright one.
"""

from collections.abc import Mapping
from pathlib import PurePath

import numpy as np

from core.geometry.cameras import Camera

Stored = tuple[int, int, int]  # width and height in the file, EXIF's number for the turn

# By that number: the file's x and y axes among those of the upright picture.
AXES = {
    1: ((1, 0), (0, 1)),
    3: ((-1, 0), (0, -1)),
    6: ((0, 1), (-1, 0)),
    8: ((0, -1), (1, 0)),
}
BACK = {1: 1, 3: 3, 6: 8, 8: 6}
SIDEWAYS = (5, 6, 7, 8)


def as_stored(camera: Camera, stored: Stored) -> Camera:
    """The camera of a photo's file, from that of the upright picture at any size."""
    width, height, orientation = stored
    whole = (height, width) if orientation in SIDEWAYS else (width, height)
    return _turned(camera.resized(*whole), orientation)


def as_upright(camera: Camera, stored: Stored) -> Camera:
    """The camera of the upright picture, where this one lies as the photo's file does.

    Only a quarter turn shows in the shape, so a camera of another shape than the file's, or of a
    file that is turned by a half or not at all, is taken to be upright.
    """
    width, height, orientation = stored
    lies = (camera.width > camera.height) == (width > height) and width != height
    if orientation not in (6, 8) or not lies:
        return camera
    return _turned(camera, BACK[orientation])


def upright(cameras: Mapping[str, Camera], stored: Mapping[str, Stored]) -> dict[str, Camera]:
    """Cameras by the names of photos, those that lie as the files do brought upright."""
    return {
        name: as_upright(camera, stored[own]) if (own := PurePath(name).name) in stored else camera
        for name, camera in cameras.items()
    }


def _turned(camera: Camera, orientation: int) -> Camera:
    """The same camera after its picture was turned as a file with this number stores it."""
    if orientation not in AXES:
        return camera
    turn, sides = np.eye(4), np.array([camera.width, camera.height])
    axes = np.array(AXES[orientation])  # rows: the new axes among the old
    turn[:2, :2] = axes.T
    centre = np.array([camera.cx, camera.cy])
    cx, cy = ((centre if axis.sum() > 0 else sides - centre) @ abs(axis) for axis in axes)
    fx, fy = abs(axes) @ [camera.fx, camera.fy]
    width, height = (abs(axes) @ sides).tolist()
    pose = camera.camera_to_world @ turn
    return Camera(pose, float(fx), float(fy), float(cx), float(cy), width, height, camera.k1)

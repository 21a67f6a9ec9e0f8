"""A camera moved until a photo looks like what the scene shows there, by straight least squares.

Gauss-Newton on brightness: points of a view are looked up in the photo, and the camera moves until
they are found where they belong (inverse compositional alignment; Baker and Matthews, Lucas-Kanade
20 Years On, IJCV 2004). It asks of a scene nothing but pictures with depth, so it serves scenes
through which no gradient passes.
"""

import time
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from core.depthmaps.warping.looking import as_list
from core.geometry.cameras import Camera
from core.rendering.picture import Picture
from core.rendering.progressive import picture_of
from core.rendering.scene import Scene

ROUNDS = 2  # views that are rendered anew
ITERATIONS = 8  # of Gauss-Newton in each
TRUSTED = 0.5  # opacity from which a pixel is asked
FEWEST = 30  # pixels that tell six numbers
ROBUST = 0.05  # of brightness: what differs by more tells little
HOW = (
    "found on the photo itself from learned neighbours: scene frozen, least squares on brightness, "
    f"{ROUNDS} rounds of {ITERATIONS} steps a level"
)
LUMA = np.array([0.3, 0.59, 0.11], np.float32)
NEAREST = 1e-4  # depth before which nothing is looked up


def aligned(
    scene: Scene, photo: np.ndarray, start: Camera, after_chunk: Callable[[float], None]
) -> Camera:
    """The camera near `start`, at the photo's size, whose view is most like a photo (H, W, 3).

    Args: `after_chunk` is told how many seconds each chunk of work took.
    """
    grey = photo @ LUMA
    camera = start.resized(*photo.shape[1::-1])
    for _ in range(ROUNDS):
        picture = picture_of(scene, camera, after_chunk)
        began = time.perf_counter()
        camera = _moved(camera, picture, grey)
        after_chunk(time.perf_counter() - began)
    return camera


def _moved(camera: Camera, picture: Picture, grey: np.ndarray) -> Camera:
    """The camera once the picture's pixels are where the photo (H, W) has them."""
    rows, columns = np.nonzero(picture.opacity > TRUSTED)
    if len(rows) < FEWEST:
        return camera
    tangents = camera.tangents(np.stack([columns + 0.5, rows + 0.5], -1))
    depth = picture.depth[rows, columns, None].astype(np.float64)
    points = np.concatenate([tangents, np.ones((len(rows), 1))], 1) * depth
    own = (picture.rgb[rows, columns] @ LUMA).astype(np.float64)
    maps = _with_slopes(grey)
    turn, shift = np.eye(3), np.zeros(3)  # where the camera went, in its own first axes
    for _ in range(ITERATIONS):
        step = _step(camera, maps, (points - shift) @ turn, own)
        if step is None:
            break
        shift = shift + turn @ step[3:]
        turn = turn @ Rotation.from_rotvec(step[:3]).as_matrix()
    pose = camera.camera_to_world.copy()
    pose[:3, 3] = pose[:3, 3] + pose[:3, :3] @ shift
    pose[:3, :3] = pose[:3, :3] @ turn
    return replace(camera, camera_to_world=pose)


def _step(
    camera: Camera, maps: np.ndarray, points: np.ndarray, own: np.ndarray
) -> np.ndarray | None:
    """(6,) a turn and a move in the camera's axes; None where too little is seen.

    Args: maps (H, W, 3) brightness and its slopes; points (P, 3) in the camera's axes; own (P,)
    brightness that they should have.
    """
    z = np.maximum(points[:, 2:], NEAREST)
    plane = points[:, :2] / z
    bent = 1 + camera.k1 * np.square(plane).sum(1, keepdims=True)
    pixels = plane * bent * [camera.fx, camera.fy] + [camera.cx, camera.cy]
    inside = ((pixels > 1) & (pixels < np.array(maps.shape[1::-1]) - 1)).all(1)
    inside &= points[:, 2] > NEAREST
    if inside.sum() < FEWEST:
        return None
    points, plane, z, own = points[inside], plane[inside], z[inside], own[inside]
    column, row = (as_list(side) for side in (pixels[inside] - 0.5).T)
    got = cv2.remap(maps, column, row, cv2.INTER_LINEAR).reshape(-1, 3)[: len(own)].astype(float)
    wrong = got[:, 0] - own
    wrong -= np.median(wrong)  # another exposure
    weight = 1 / (1 + np.square(wrong / ROBUST))
    slope = got[:, 1:] * bent[inside] * [camera.fx, camera.fy]
    of_point = np.concatenate([slope, -(slope * plane).sum(1, keepdims=True)], 1) / z
    jacobian = np.concatenate([np.cross(of_point, points), -of_point], 1)
    matrix = (jacobian.T * weight) @ jacobian
    matrix += np.diag(1e-6 * matrix.diagonal() + 1e-12)
    return -np.linalg.solve(matrix, (jacobian.T * weight) @ wrong)


def _with_slopes(grey: np.ndarray) -> np.ndarray:
    """(H, W, 3) float32 brightness, and how it changes to the right and downwards."""
    down, right = np.gradient(grey.astype(np.float32))
    return np.ascontiguousarray(np.stack([grey, right, down], -1), np.float32)

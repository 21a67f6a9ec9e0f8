"""Camera paths of videos: a spiral, or a tour through given cameras. All are of pinholes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from scipy.interpolate import CubicHermiteSpline
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation

from core.errors import InputError
from core.geometry.cameras import Camera

SMALLEST_FOCUS = 1e-6  # where all cameras coincide the look-at point only has to be in front
MOST_FRAMES = 100_000  # nearly an hour of video
LARGEST_FOCUS = 1e9  # world units
LARGEST_SPIRAL = 1000.0  # turns, and times its radius

Order = Literal["near", "file"]


def average_camera(cameras: Sequence[Camera]) -> Camera:
    """The mean rotation (chordal), position and intrinsics of cameras, at the first one's size."""
    alike = [covering(camera, cameras[0].width, cameras[0].height) for camera in cameras]
    middle = np.mean([_numbers(camera) for camera in alike], axis=0)
    return _camera(middle, _rotations(cameras).mean(), cameras[0])


def covering(camera: Camera, width: int, height: int) -> Camera:
    """The same view at another size and shape: scaled until it fills the frame, the rest cropped.

    Pixels keep their shape, and distortion is left out: films are for the eye. A frame wider than
    the picture keeps the horizontal field of view and loses some of the top and bottom; a taller
    one keeps the vertical and loses some of the sides.
    """
    scale = max(width / camera.width, height / camera.height)
    cx = (camera.cx - camera.width / 2) * scale + width / 2
    cy = (camera.cy - camera.height / 2) * scale + height / 2
    fx, fy = camera.fx * scale, camera.fy * scale
    return Camera(camera.camera_to_world, fx, fy, cx, cy, width, height)


def spiral(
    cameras: Sequence[Camera],
    frames: int,
    *,
    focus_depth: float,
    turns: float = 2.0,
    depth_turns: float = 0.5,
    radius_percentile: float = 80.0,
    radius_scale: tuple[float, float, float] = (1.0, 1.0, 1.0),
    eased: bool = False,
) -> list[Camera]:
    """A closed loop around the average camera that keeps looking at one point.

    The offsets from the average position are (cos, sin, sin(`depth_turns` angle)) times a radius
    for each axis of the average camera (NeRF's published spiral, where `depth_turns` is "zrate"
    and the radii are not centred on the average).

    Args:
        cameras: at least one.
        frames: how many cameras come back; the first follows the last.
        focus_depth: depth of the look-at point on the average camera's axis, in world units. It is
            taken to be at least twice the widest radius, so that no camera turns far.
        turns: how often the loop goes round.
        depth_turns: how often it goes in and out in each turn.
        radius_percentile: of the cameras' distances from their average along each axis.
        radius_scale: times the radii to the right, down and forward: 0 stays there, 2 goes twice
            as far as the photos did.
        eased: whether it sets off and arrives at rest, for the eye; the last camera is then the
            first again.

    Raises:
        InputError: no frames, turns that do not close the loop, or impossible radii.
    """
    _check_frames(frames)
    _check_spiral(focus_depth, turns, depth_turns, radius_percentile, radius_scale)
    centre = average_camera(cameras)
    positions = np.stack([camera.position for camera in cameras])
    offsets = (positions - centre.position) @ centre.camera_to_world[:3, :3]
    radii = np.percentile(np.abs(offsets), radius_percentile, axis=0) * radius_scale
    along = np.arange(frames) / frames
    if eased:
        along = np.linspace(0, 1, frames)
        along = along**2 * (3 - 2 * along)
    angle = 2 * np.pi * turns * along
    loop = np.stack([np.cos(angle), np.sin(angle), np.sin(depth_turns * angle)], axis=-1) * radii
    focus = np.array([0, 0, max(focus_depth, 2 * radii.max(), SMALLEST_FOCUS)])
    local_poses = np.tile(np.eye(4), (frames, 1, 1))
    local_poses[:, :3, :3], local_poses[:, :3, 3] = _facing(focus - loop), loop
    return [replace(centre, camera_to_world=pose) for pose in centre.camera_to_world @ local_poses]


def interpolate(cameras: Sequence[Camera], frames: int, order: Order = "near") -> list[Camera]:
    """A smooth tour that passes through every camera exactly, the first and the last included.

    Positions, quaternions, log focal lengths and centres follow one Catmull-Rom spline. Velocities
    are continuous, and as frames are shared out by how far cameras lie apart it hardly overshoots.

    Args:
        cameras: at least one; the first one's size is the size of all frames.
        frames: how many cameras come back.
        order: "near" visits them in the order of `near_order`, "file" as they are given.

    Raises:
        InputError: fewer frames than cameras.
    """
    if frames < len(cameras):
        raise InputError(
            f"A path through {len(cameras)} cameras needs at least as many frames, not {frames}; "
            "ask for more."
        )
    _check_frames(frames)
    like = cameras[0]
    stops = [cameras[index] for index in near_order(cameras)] if order == "near" else cameras
    if len(stops) == 1:
        return [like.pinhole] * frames
    rotations = _rotations(stops)
    numbers = np.stack([_numbers(covering(stop, like.width, like.height)) for stop in stops])
    numbers[:, 3:5] = np.log(numbers[:, 3:5])
    values = np.hstack([numbers, _same_side(rotations.as_quat())])
    at = _stop_frames(numbers[:, :3], rotations, frames)
    rows = CubicHermiteSpline(at, values, np.gradient(values, at, axis=0))(np.arange(frames))
    rows[:, 3:5] = np.exp(rows[:, 3:5])
    return [_camera(row[:7], Rotation.from_quat(row[7:]), like) for row in rows]


def near_order(cameras: Sequence[Camera]) -> list[int]:
    """An order in which each camera is near the one before; never longer than the order given.

    The shortest of: the order given, and the nearest-neighbour chains from both cameras of the
    pair that is furthest apart. Distance counts position and orientation alike.
    """
    apart = distances(cameras)
    ends = np.unravel_index(apart.argmax(), apart.shape)
    orders = [list(range(len(cameras))), *(_chain(apart, int(end)) for end in ends)]
    return min(orders, key=lambda order: apart[order[:-1], order[1:]].sum())


def distances(cameras: Sequence[Camera]) -> np.ndarray:
    """(N, N) how far cameras lie apart, in position and orientation alike, in units of the mean."""
    positions = np.stack([camera.position for camera in cameras])
    quaternions = _rotations(cameras).as_quat()
    cosine = np.abs(quaternions @ quaternions.T).clip(0, 1)
    return _in_means(cdist(positions, positions)) + _in_means(2 * np.arccos(cosine))


def _check_frames(frames: int) -> None:
    if not 1 <= frames <= MOST_FRAMES:
        raise InputError(
            f"A path cannot have {frames} frames; ask for at least one frame and at most "
            f"{MOST_FRAMES:,}."
        )


def _check_spiral(
    focus_depth: float,
    turns: float,
    depth_turns: float,
    percentile: float,
    scale: tuple[float, float, float],
) -> None:
    possible = 1 <= turns <= LARGEST_SPIRAL and 0 <= depth_turns <= LARGEST_SPIRAL
    if not (possible and _is_whole(turns) and _is_whole(turns * depth_turns)):
        raise InputError(
            f"A spiral of {turns:g} turns with {depth_turns:g} depth turns does not close; choose "
            "whole turns whose product with the depth turns is whole, such as 2 and 0.5."
        )
    if not 0 <= percentile <= 100:
        raise InputError(
            f"A spiral cannot be as wide as the percentile {percentile:g} of the cameras' "
            "distances; choose 0 to 100."
        )
    for factor in scale:
        if not 0 <= factor <= LARGEST_SPIRAL:
            raise InputError(
                f"A spiral cannot be {factor:g} times as wide as the cameras are spread; choose a "
                f"scale from 0 to {LARGEST_SPIRAL:g}."
            )
    if not 0 <= focus_depth <= LARGEST_FOCUS:
        raise InputError(f"A spiral cannot look at the depth {focus_depth:g}; choose 0 or more.")


def _is_whole(number: float) -> bool:
    return abs(number - round(number)) < 1e-9


def _numbers(camera: Camera) -> np.ndarray:
    """(7,) position and fx, fy, cx, cy."""
    return np.array([*camera.position, camera.fx, camera.fy, camera.cx, camera.cy])


def _camera(numbers: np.ndarray, rotation: Rotation, like: Camera) -> Camera:
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation.as_matrix(), numbers[:3]
    fx, fy, cx, cy = numbers[3:].tolist()
    return Camera(pose, fx, fy, cx, cy, like.width, like.height)


def _rotations(cameras: Sequence[Camera]) -> Rotation:
    return Rotation.from_matrix(np.stack([camera.camera_to_world[:3, :3] for camera in cameras]))


def _facing(directions: np.ndarray) -> np.ndarray:
    """(F, 3, 3) axes as columns that look along (F, 3) directions, with +y kept downwards."""
    forward = directions / np.linalg.norm(directions, axis=-1, keepdims=True)
    right = np.cross([0.0, 1.0, 0.0], forward)
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    return np.stack([right, np.cross(forward, right), forward], axis=-1)


def _in_means(distances: np.ndarray) -> np.ndarray:
    """Distances in units of their mean; nothing but rounding errors counts as no distance."""
    mean = distances.mean()
    return distances / mean if mean > 1e-6 else np.zeros_like(distances)


def _chain(apart: np.ndarray, start: int) -> list[int]:
    """Always on to the nearest that is left; `apart` (N, N) is symmetric."""
    order, left = [start], set(range(len(apart))) - {start}
    while left:
        order.append(min(left, key=apart[order[-1]].item))
        left.remove(order[-1])
    return order


def _stop_frames(positions: np.ndarray, rotations: Rotation, frames: int) -> np.ndarray:
    """(K,) the whole frame numbers at which K cameras are passed, from 0 to frames - 1.

    Each stretch between two of them gets one frame and its share of those that are spare.
    """
    turned = (rotations[:-1].inv() * rotations[1:]).magnitude()
    moved = np.linalg.norm(np.diff(positions, axis=0), axis=-1)
    along = np.cumsum([0, *(_in_means(moved) + _in_means(turned) + 1e-9)])
    spare = frames - len(positions)
    return np.arange(len(positions)) + np.round(spare * along / along[-1])


def _same_side(quaternions: np.ndarray) -> np.ndarray:
    """(K, 4) with signs such that neighbours are at most 90 degrees apart on the sphere of four."""
    agree = np.sum(quaternions[:-1] * quaternions[1:], axis=-1) >= 0
    return quaternions * np.cumprod([1, *np.where(agree, 1, -1)])[:, None]

"""Worlds in which a space sees the scene: laws of the way between them, and into them."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from core.errors import InputError
from core.geometry.alignment import Similarity
from core.geometry.cameras import Camera
from core.geometry.gauge import spread
from core.geometry.rays import Rays
from core.rendering.spaces import SPACES
from core.rendering.worlds import FARTHEST, NEAREST, USUAL_SPREAD, between, into_view

BOUNDS = [(0.0, 1.0), (0.05, 1.0), (0.2, 1.0), (0.5, 3.0), (2.0, 100.0)]


def somewhere(count: int = 7, tilt: float = 0.2) -> list[Camera]:
    """Cameras that look about one way, in a world of their own."""
    rng = np.random.default_rng(0)
    home = Rotation.from_rotvec([0.7, -1.9, 0.4])
    cameras = []
    for _ in range(count):
        pose = np.eye(4)
        pose[:3, :3] = (home * Rotation.from_rotvec(tilt * rng.normal(size=3))).as_matrix()
        pose[:3, 3] = np.array([50, -20, 9]) + home.apply(rng.normal(size=3) * [3, 2, 0.3])
        cameras.append(Camera(pose, 500, 500, 320, 240, 640, 480))
    return cameras


def before(cameras: list[Camera], nearest: float, farthest: float) -> np.ndarray:
    """Points ahead of the mean camera, between two distances from it."""
    centre = np.mean([camera.position for camera in cameras], axis=0)
    axes = Rotation.from_matrix([c.camera_to_world[:3, :3] for c in cameras]).mean().as_matrix()
    depths = np.geomspace(nearest, farthest, 400)
    across = np.random.default_rng(1).uniform(-0.3, 0.3, (400, 2)) * depths[:, None]
    return centre + np.column_stack([across, depths]) @ axes.T


@pytest.mark.parametrize(("near", "far"), BOUNDS)
def test_there_and_back_is_the_identity(near: float, far: float) -> None:
    there, back = (
        between("camera", "ndc", near, far),
        between("ndc", "camera", near, far),
    )
    for first, second in ((there, back), (back, there)):
        for camera in somewhere():
            again = second.camera(first.camera(camera)).camera_to_world
            assert np.allclose(again, camera.camera_to_world, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("space", SPACES)
def test_a_world_that_fits_stays_as_it_is(space: str) -> None:
    same = between(space, space, 0.1, 1.0)
    assert (same.scale, same.translation.tolist()) == (1.0, [0, 0, 0])


@pytest.mark.parametrize(("near", "far"), BOUNDS)
def test_what_was_between_near_and_far_is_in_the_range_of_ndc(near: float, far: float) -> None:
    """By the space itself: the parameter of a point along the ray that meets it is in [0, 1)."""
    world = between("camera", "ndc", near, far)
    depths = np.linspace(near, far, 50)
    tangents = np.array([0.3, -0.2])
    points = world.points(np.column_stack([depths[:, None] * tangents, depths]))
    origin, direction = world.points(np.zeros(3)), np.array([*tangents, 1.0])
    rays = Rays(torch.tensor(np.tile(origin, (50, 1))), torch.tensor(np.tile(direction, (50, 1))))
    z = torch.from_numpy(points[:, 2])
    parameter = 1 - 1 / z
    assert (parameter >= -1e-12).all() and (parameter < 1).all()
    assert float(parameter[0]) == pytest.approx(0, abs=1e-9)
    assert 0.5 <= float(parameter[-1]) <= 1 - 1 / (FARTHEST + 1) + 1e-9
    normalized_focal = torch.tensor([1.0, 1.0], dtype=torch.float64)
    warped = SPACES["ndc"].warp(rays, normalized_focal)
    met = warped.origins + parameter[:, None] * warped.directions
    assert np.allclose(met[:, :2], 2 * points[:, :2] / points[:, 2:], atol=1e-9)
    assert np.allclose(SPACES["ndc"].depth(rays, parameter), depths * world.scale, atol=1e-6)


@pytest.mark.parametrize(("near", "far"), BOUNDS)
def test_what_ndc_sees_first_is_in_view_of_the_camera_space(near: float, far: float) -> None:
    back = between("ndc", "camera", near, far)
    assert back.scale * 1.0 >= near - 1e-12  # depth of the near plane from a camera at the origin
    assert back.scale * min(FARTHEST, far / max(near, 1e-9)) == pytest.approx(far)


@pytest.mark.parametrize("nearest", [4.0, 40.0])
def test_the_nearest_content_comes_to_lie_beyond_the_near_plane(nearest: float) -> None:
    cameras = somewhere()
    content = before(cameras, nearest, 9 * nearest)
    world = into_view(cameras, content, "ndc", 0, 1)
    seen = world.points(content)[:, 2]
    assert np.percentile(seen, 0.5) == pytest.approx(NEAREST, rel=0.02)
    assert seen.min() > 1


def test_the_camera_space_holds_all_content() -> None:
    cameras = somewhere()
    content = before(cameras, 4, 30)
    world = into_view(cameras, content, "camera", 0.05, 2)
    for camera in cameras:
        depths = world.points(content)[:, 2] - world.points(camera.position)[2]
        assert depths.min() > 0.05 and np.percentile(depths, 99) <= 2


@pytest.mark.parametrize("space", SPACES)
def test_without_content_cameras_are_spread_as_usual(space: str) -> None:
    cameras = somewhere()
    world = into_view(cameras, np.zeros((0, 3)), space, 0, 1)
    into_ndc = between(space, "ndc", 0, 1)
    places = np.stack([into_ndc.points(world.points(camera.position)) for camera in cameras])
    assert spread(places) == pytest.approx(USUAL_SPREAD)


@pytest.mark.parametrize("space", SPACES)
def test_the_mean_pose_is_the_identity_whatever_the_world(space: str) -> None:
    cameras = somewhere()
    content = before(cameras, 5, 20)
    other = Similarity(0.03, Rotation.from_rotvec([2, 1, -1]).as_matrix(), np.array([4.0, 5, 6]))
    moved = [other.camera(camera) for camera in cameras]
    world, again = (
        into_view(cameras, content, space, 0, 1),
        into_view(moved, other.points(content), space, 0, 1),
    )
    poses = np.stack([world.camera(camera).camera_to_world for camera in cameras])
    assert np.allclose(poses[:, :3, 3].mean(axis=0), 0, atol=1e-9)
    mean = Rotation.from_matrix(poses[:, :3, :3]).mean()
    assert mean.magnitude() == pytest.approx(0, abs=1e-7)
    for pose, camera in zip(poses, moved, strict=True):
        assert np.allclose(again.camera(camera).camera_to_world, pose, atol=1e-6)


def test_cameras_that_look_to_all_sides_are_no_scene_of_ndc() -> None:
    cameras = somewhere(tilt=2.0)
    with pytest.raises(InputError, match=r"rendering\.space"):
        into_view(cameras, np.zeros((0, 3)), "ndc", 0, 1)
    into_view(cameras, np.zeros((0, 3)), "camera", 0, 1)


def test_cameras_in_one_place_tell_no_scale() -> None:
    cameras = [somewhere(1)[0]] * 3
    with pytest.raises(InputError, match="one place"):
        into_view(cameras, np.zeros((0, 3)), "ndc", 0, 1)

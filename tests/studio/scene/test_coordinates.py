"""A camera is the same camera in viser: its pose, its field of view, its rays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.geometry.rays import camera_rays
from studio.scene.coordinates import (
    SCALE,
    Pose,
    View,
    fov_that_holds,
    pose_in_viser,
    pose_in_world,
)
from tests.cameras import camera, scattered

ANGLE = st.floats(-3, 3)
VECTOR = st.tuples(ANGLE, ANGLE, ANGLE)


@given(VECTOR, VECTOR)
def test_a_pose_goes_to_viser_and_back(
    position: tuple[float, ...], turn: tuple[float, ...]
) -> None:
    there = camera(position, turn).camera_to_world
    assert np.allclose(pose_in_world(pose_in_viser(there)), there, atol=1e-9)


@given(VECTOR, VECTOR)
def test_viser_turns_axes_as_the_learned_world_does(
    position: tuple[float, ...], turn: tuple[float, ...]
) -> None:
    there = camera(position, turn).camera_to_world
    pose = pose_in_viser(there)
    w, x, y, z = pose.wxyz
    forward = (2 * (x * z + w * y), 2 * (y * z - w * x), w * w - x * x - y * y + z * z)
    assert np.allclose(forward, there[:3, 2], atol=1e-9)
    assert np.allclose(pose.position, np.array(position) * SCALE)


def test_a_quaternion_and_its_negative_are_close() -> None:
    pose = pose_in_viser(camera((1, 2, 3), (0.3, 0.2, 0.1)).camera_to_world)
    assert pose.close_to(Pose(-pose.wxyz, pose.position))
    assert not pose.close_to(Pose(pose.wxyz, pose.position + 1e-4))
    assert not pose.close_to(pose_in_viser(camera((1, 2, 3), (0.3, 0.2, 0.1001)).camera_to_world))


@pytest.mark.parametrize("size", [(64, 48), (48, 64), (97, 31)])
def test_a_view_of_a_camera_casts_the_cameras_rays(size: tuple[int, int]) -> None:
    original = camera((0.1, -0.2, 0.3), (0.1, 0.2, 0.3), 50.0, size)
    again = View.of_camera(original).camera(max(size))
    assert (again.width, again.height) == size
    before, after = camera_rays(original), camera_rays(again)
    assert np.allclose(before.origins, after.origins, atol=1e-6)
    assert np.allclose(before.directions, after.directions, atol=1e-5)


@pytest.mark.parametrize("long_side", [7, 64, 1001])
@pytest.mark.parametrize("aspect", [0.37, 1.0, 1.58])
def test_any_size_keeps_field_of_view_and_aspect(aspect: float, long_side: int) -> None:
    view = View(Pose(np.array([1.0, 0, 0, 0]), np.zeros(3)), 0.9, aspect, 1000)
    made = view.camera(long_side)
    assert max(made.width, made.height) == long_side
    assert made.vertical_fov == pytest.approx(0.9)
    assert made.aspect == pytest.approx(aspect)


@pytest.mark.parametrize("canvas", [0.5, 4 / 3, 2.5])
def test_a_canvas_that_looks_through_a_camera_holds_its_picture(canvas: float) -> None:
    photo = scattered(0, 1)[0]
    height = np.tan(fov_that_holds(photo, canvas) / 2)
    width = height * canvas
    wanted = photo.height / 2 / photo.fy, photo.width / 2 / photo.fx
    assert height >= wanted[0] - 1e-9 and width >= wanted[1] - 1e-9
    assert height == pytest.approx(wanted[0]) or width == pytest.approx(wanted[1])


def test_a_view_serves_another_only_where_nothing_differs() -> None:
    view = View.of_camera(camera())
    assert view.same_as(View.of_camera(camera()))
    assert not view.same_as(None)
    assert not view.same_as(View.of_camera(camera((0, 0, 1e-5))))
    assert not view.same_as(View.of_camera(camera(fx=51.0)))

"""Laws of cameras and rays."""

import itertools
import math

import numpy as np
import pytest
import torch

from core.geometry.cameras import Camera, CameraRig
from core.geometry.focals import FOCALS
from core.geometry.principal import centre_principal_point
from core.geometry.rays import camera_rays, cast_rays, pixel_centres
from core.geometry.rotations import ROTATIONS


def moved_rig(
    rotation: str = "axis-angle", focal: str = "square", shared: bool = True
) -> CameraRig:
    """A rig of five cameras somewhere."""
    rig = CameraRig(5, 40, 30, rotation, focal, shared, 0.8)
    torch.manual_seed(0)
    with torch.no_grad():
        rig.rotation += 0.3 * torch.randn_like(rig.rotation)
        rig.position += 0.1 * torch.randn_like(rig.position)
        rig.focal *= 1.1
    return rig


@pytest.mark.parametrize("rotation", sorted(ROTATIONS))
@pytest.mark.parametrize("focal", sorted(FOCALS))
@pytest.mark.parametrize("shared", [True, False])
def test_all_start_at_identity_with_square_pixels(rotation: str, focal: str, shared: bool) -> None:
    rig = CameraRig(3, 40, 30, rotation, focal, shared, 0.8)
    assert torch.allclose(rig.camera_to_world(), torch.eye(4).expand(3, 4, 4), atol=1e-7)
    assert rig.focal_lengths().tolist() == pytest.approx([32.0, 32.0], rel=1e-6)


PAIRS = list(itertools.permutations(sorted(ROTATIONS), 2))


@pytest.mark.parametrize(("old", "new"), PAIRS)
@pytest.mark.parametrize(("old_focal", "new_focal"), list(itertools.permutations(FOCALS, 2)))
def test_conversion_moves_no_camera(old: str, new: str, old_focal: str, new_focal: str) -> None:
    rig = moved_rig(old, old_focal)
    poses, focal = rig.camera_to_world(), rig.focal_lengths()
    rig.convert(rotation=new, focal=new_focal)
    assert (rig.camera_to_world() - poses).abs().max() <= 1e-6
    assert (rig.focal_lengths() - focal).abs().max() <= 1e-5 * focal.max()
    assert rig.rotation.shape[1] == ROTATIONS[new].size


def test_conversion_replaces_only_what_it_must() -> None:
    rig = moved_rig()
    rotation, position, focal = rig.rotation, rig.position, rig.focal
    rig.convert(rotation="quaternion")
    assert rig.rotation is not rotation
    assert rig.position is position
    assert rig.focal is focal


def test_two_focal_lengths_become_their_geometric_mean() -> None:
    rig = moved_rig(shared=False)
    fx, fy = rig.focal_lengths().tolist()
    rig.convert(shared_focal=True)
    assert rig.focal_lengths().tolist() == pytest.approx([math.sqrt(fx * fy)] * 2, rel=1e-6)
    rig.convert(shared_focal=False)
    assert rig.focal_lengths().tolist() == pytest.approx([math.sqrt(fx * fy)] * 2, rel=1e-6)


def test_centre_of_the_picture_is_straight_ahead() -> None:
    rays = cast_rays(
        torch.eye(4), torch.tensor([30.0, 30]), torch.tensor([20.0, 15]), torch.tensor([[20.0, 15]])
    )
    assert torch.allclose(rays.directions, torch.tensor([[0.0, 0, 1]]))


def test_rays_pass_through_pixel_centres() -> None:
    assert pixel_centres(3, 2).tolist() == [
        [0.5, 0.5], [1.5, 0.5], [2.5, 0.5], [0.5, 1.5], [1.5, 1.5], [2.5, 1.5],
    ]  # fmt: skip


def test_points_along_a_ray_project_back_to_its_pixel_at_that_depth() -> None:
    camera = moved_rig().cameras()[2]
    rays = camera_rays(camera)
    points = (rays.origins + 2.5 * rays.directions).double().numpy()
    inverse = np.linalg.inv(camera.camera_to_world)
    local = points @ inverse[:3, :3].T + inverse[:3, 3]
    assert np.allclose(local[:, 2], 2.5, atol=1e-5)
    pixels = local[:, :2] / local[:, 2:] * [camera.fx, camera.fy] + [camera.cx, camera.cy]
    assert np.allclose(pixels, pixel_centres(camera.width, camera.height).numpy(), atol=1e-3)


def test_a_principal_point_is_brought_to_the_centre_and_cameras_turn_for_it() -> None:
    rig = moved_rig()
    with torch.no_grad():
        rig.principal.copy_(torch.tensor([0.03, -0.02]))
    aside = rig.cameras()
    assert aside[1].cx == pytest.approx(0.53 * rig.width)
    assert aside[1].cy == pytest.approx(0.48 * rig.height)
    centre_principal_point(rig)
    middle = np.array([[rig.width / 2, rig.height / 2]])
    for camera, before in zip(rig.cameras(), aside, strict=True):
        assert (camera.cx, camera.cy) == (rig.width / 2, rig.height / 2)
        x, y = before.tangents(middle)[0]
        seen = before.camera_to_world[:3, :3] @ [x, y, 1.0]
        ahead = camera.camera_to_world[:3, 2]
        assert np.allclose(ahead, seen / np.linalg.norm(seen), atol=1e-6)
        assert np.array_equal(camera.position, before.position)


def test_resized_camera_sees_the_same() -> None:
    camera = Camera(np.eye(4), 32, 32, 20, 15, 40, 30)
    half = camera.resized(20, 15)
    assert half.vertical_fov == pytest.approx(camera.vertical_fov)
    assert half.vertical_fov == pytest.approx(2 * math.atan(30 / 2 / 32))
    assert half.aspect == pytest.approx(4 / 3)

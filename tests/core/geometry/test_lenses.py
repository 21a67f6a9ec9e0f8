"""Cameras with distortion, and rigs whose photos have focal lengths of their own."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from core.geometry.cameras import Camera, CameraRig
from core.geometry.focals import FOCALS
from core.geometry.paths import average_camera, covering, interpolate
from core.geometry.rays import camera_rays, cast_rays, pixel_centres
from tests.core.geometry.test_cameras import moved_rig

PHOTOS = torch.arange(5)


def lensed_rig(focal: str = "square", shared: bool = True) -> CameraRig:
    """A rig of five cameras whose lenses differ from pinholes in everything there is."""
    rig = moved_rig(focal=focal, shared=shared)
    rig.convert(zooms=True, distorts=True)
    with torch.no_grad():
        rig.zoom += 0.1 * torch.randn(rig.zoom.shape, generator=torch.Generator().manual_seed(3))
        rig.distortion += -0.12
    return rig


def test_a_rig_of_pinholes_casts_the_rays_it_always_did_to_the_bit() -> None:
    rig, pixels = moved_rig(), pixel_centres(40, 30)[:5]
    pose, focal, centre = rig.camera_to_world(PHOTOS), rig.focal_lengths(), rig.principal_point()
    local = torch.cat([(pixels - centre) / focal, torch.ones(5, 1)], -1)
    before = (pose[..., :3, :3] @ local.unsqueeze(-1)).squeeze(-1)
    rays = cast_rays(pose, rig.focal_lengths_of(PHOTOS), centre, pixels, rig.k1)
    assert torch.equal(rays.directions, before)
    (then,) = torch.autograd.grad(before.square().sum(), rig.focal, retain_graph=True)
    (now,) = torch.autograd.grad(rays.directions.square().sum(), rig.focal)
    assert torch.equal(then, now)
    tangents = torch.randn(5, 2)
    assert rig.through_lens(tangents, PHOTOS) is tangents


def test_a_ray_is_of_what_opencv_projects_to_its_pixel() -> None:
    camera = lensed_rig().cameras()[2]
    rays = camera_rays(camera)
    points = (rays.origins + 2.5 * rays.directions).double().numpy()
    world_to_camera = np.linalg.inv(camera.camera_to_world)
    matrix = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])
    turn, _ = cv2.Rodrigues(world_to_camera[:3, :3])
    lens = np.array([camera.k1, 0, 0, 0])
    seen, _ = cv2.projectPoints(points, turn, world_to_camera[:3, 3], matrix, lens)
    assert np.allclose(seen[:, 0], pixel_centres(40, 30).numpy(), atol=1e-3)
    straight = camera_rays(camera.pinhole).directions
    assert (straight - rays.directions).abs().max() > 1e-2


def test_a_rigs_rays_are_those_of_its_cameras() -> None:
    rig = lensed_rig(shared=False)
    pixels = pixel_centres(40, 30)
    for index, camera in enumerate(rig.cameras()):
        photo = torch.full((len(pixels),), index)
        rays = cast_rays(
            rig.camera_to_world(photo), rig.focal_lengths_of(photo), rig.principal_point(), pixels,
            rig.k1,
        )  # fmt: skip
        assert torch.allclose(rays.directions, camera_rays(camera).directions, atol=1e-6)
        plane = (pixels - rig.principal_point()) / rig.focal_lengths()
        local = torch.from_numpy(camera.tangents(pixels.double().numpy())).float()
        assert torch.allclose(rig.through_lens(plane, photo), local, atol=1e-6)
    assert len({camera.fx for camera in rig.cameras()}) == 5


@pytest.mark.parametrize("focal", sorted(FOCALS))
@pytest.mark.parametrize("shared", [True, False])
def test_focal_lengths_of_their_own_begin_where_the_common_one_was(
    focal: str, shared: bool
) -> None:
    rig = moved_rig(focal=focal, shared=shared)
    before, common, normalized_focal = rig.cameras(), rig.focal, rig.normalized_focal()
    rig.convert(zooms=True)
    assert rig.focal is common and torch.equal(rig.normalized_focal(), normalized_focal)
    assert rig.zoom.shape == (5, 1 if shared else 2)
    assert [(c.fx, c.fy) for c in rig.cameras()] == [(c.fx, c.fy) for c in before]
    rig.convert(zooms=False)
    now, then = rig.focal_lengths().tolist(), (before[0].fx, before[0].fy)
    assert now == pytest.approx(then, rel=1e-6)


@pytest.mark.parametrize("shared", [True, False])
def test_one_focal_length_for_all_is_the_geometric_mean(shared: bool) -> None:
    rig = lensed_rig(shared=shared)
    own = np.array([(camera.fx, camera.fy) for camera in rig.cameras()])
    rig.convert(zooms=False)
    assert len(rig.zoom) == 0
    assert rig.focal_lengths().tolist() == pytest.approx(np.exp(np.log(own).mean(0)), rel=1e-5)


@pytest.mark.parametrize("focal", sorted(FOCALS))
def test_conversion_moves_no_lens(focal: str) -> None:
    rig = lensed_rig("ratio")
    before = rig.cameras()
    rig.convert("quaternion", focal, shared_focal=False)
    assert rig.zoom.shape == (5, 2)
    rig.convert(shared_focal=True, distorts=False)
    assert rig.distorts, "there is distortion, so that it stays"
    for now, then in zip(rig.cameras(), before, strict=True):
        assert (now.fx, now.fy) == pytest.approx((then.fx, then.fy), rel=1e-5)
        assert now.k1 == then.k1


def test_the_frame_is_that_of_the_common_focal_length() -> None:
    """A photo that is out of the run must not move the axes of ndc for the others."""
    rig = lensed_rig()
    normalized_focal = rig.normalized_focal()
    with torch.no_grad():
        rig.zoom[3] += 1.0
    assert torch.equal(rig.normalized_focal(), normalized_focal)


def test_numbers_are_taken_over_from_another_rig_or_an_older_one() -> None:
    rig, fresh = lensed_rig(), CameraRig(5, 40, 30, "axis-angle", "square", True, 0.8)
    numbers = {name: p.detach() for name, p in rig.named_parameters()}
    fresh.take(numbers)
    assert fresh.zooms and fresh.distorts
    assert all(torch.equal(p, numbers[name]) for name, p in fresh.named_parameters())
    older = CameraRig(5, 40, 30, "axis-angle", "square", True, 0.8)
    older.take({name: numbers[name] for name in ("rotation", "position", "focal")})
    assert torch.equal(older.rotation, rig.rotation)
    assert not older.zooms and not older.distorts and float(older.distortion.detach()) == 0
    with pytest.raises(KeyError):
        older.take({"rotation": numbers["rotation"]})


def test_another_resolution_has_the_same_rays() -> None:
    camera = lensed_rig().cameras()[0]
    half = camera.resized(20, 15)
    corner = np.array([[0.0, 0.0]])
    assert half.k1 == camera.k1
    assert np.allclose(half.tangents(corner), camera.tangents(corner))
    assert np.allclose(
        half.tangents(np.array([[5.0, 3.0]])), camera.tangents(np.array([[10.0, 6.0]]))
    )


def test_paths_and_films_are_of_pinholes() -> None:
    camera = replace(Camera(np.eye(4), 32, 32, 20, 15, 40, 30), k1=-0.2)
    for made in (average_camera([camera]), covering(camera, 30, 30), *interpolate([camera], 2)):
        assert made.k1 == 0

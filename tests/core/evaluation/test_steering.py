"""Laws of the six numbers that move a camera."""

import numpy as np
import torch

from core.evaluation.steering import Steering, picture_motion, steering
from core.geometry.cameras import Camera
from core.geometry.rays import camera_rays
from tests.cameras import is_pose, same
from tests.core.evaluation.conftest import FOCAL, looking

AS_THEY_ARE = torch.eye(6, dtype=torch.float64)


def projected(camera: Camera, points: np.ndarray) -> np.ndarray:
    local = (points - camera.position) @ camera.camera_to_world[:3, :3]
    return local[:, :2] / local[:, 2:]


def test_the_motion_of_points_is_the_derivative_of_where_they_are_seen():
    camera = looking((0.1, -0.2, 0.3), (0.2, 0.1, -0.3))
    rng = np.random.default_rng(0)
    plane, depth = rng.normal(0, 0.5, (20, 2)), rng.uniform(1, 5, (20, 1))
    local = np.hstack([plane, np.ones((20, 1))]) * depth
    points = local @ camera.camera_to_world[:3, :3].T + camera.position
    motion = picture_motion(torch.from_numpy(plane), torch.from_numpy(1 / depth[:, 0]))
    for index in range(6):
        step = torch.zeros(6, dtype=torch.float64)
        step[index] = 1e-5
        there, back = (
            projected(Steering(camera, AS_THEY_ARE).moved(s), points) for s in (step, -step)
        )
        assert np.allclose(motion[:, :, index], (there - back) / 2e-5, atol=1e-7)


def test_zero_leaves_the_camera_and_shifts_are_in_its_own_frame():
    camera = looking((0.1, -0.2, 0.3), (0, np.pi / 2, 0))  # looks along the world's +x
    wheel = Steering(camera, AS_THEY_ARE)
    assert same(wheel.moved(torch.zeros(6)), camera)
    forward = wheel.moved(torch.tensor([0, 0, 0, 0, 0, 0.5]))
    assert np.allclose(forward.position - camera.position, [0.5, 0, 0])
    assert is_pose(wheel.moved(torch.tensor([0.3, 0.2, 0.1, 1, 2, 3])))


def test_a_unit_in_any_direction_moves_the_picture_by_about_a_pixel(scene):
    camera = looking((0.05, 0, 0), (0, 0.1, 0))
    rays = camera_rays(camera)
    depth = scene.render(rays).depth.double().numpy()
    points = camera.position + rays.directions.double().numpy() * depth[:, None]
    wheel, before = steering(scene, camera), projected(camera, points)
    generator = torch.Generator().manual_seed(0)
    for direction in torch.randn(50, 6, generator=generator):
        after = projected(wheel.moved(0.2 * direction / direction.norm()), points)
        pixels = np.linalg.norm(FOCAL * (after - before), axis=-1) / 0.2
        assert 0.2 < np.sqrt(np.mean(pixels**2)) < 1.3

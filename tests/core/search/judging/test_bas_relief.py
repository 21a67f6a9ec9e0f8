"""The mirror image sees nearly what the cameras see, with depth reversed."""

import torch

from core.depthmaps.cameras import Cameras
from core.search.judging.bas_relief import amidst, mirrored
from tests.cameras import camera
from tests.core.depthmaps.rendered import shoot

MIDDLE = torch.tensor([0.0, 0.0, 4.0])


def far_away() -> Cameras:
    """From 40 units away, through a long lens."""
    return shoot(5, 20, distance=40.0).cameras


def test_the_twin_of_the_twin_is_the_beginning() -> None:
    cameras = far_away()
    again = mirrored(mirrored(cameras, MIDDLE), MIDDLE)
    assert torch.allclose(again.centre, cameras.centre, atol=1e-4)
    assert torch.allclose(again.rotation, cameras.rotation, atol=1e-5)


def test_a_relief_and_its_reverse_look_alike_from_far_away() -> None:
    cameras = far_away()
    generator = torch.Generator().manual_seed(0)
    points = MIDDLE + 0.3 * torch.randn(50, 3, generator=generator)
    axes = cameras.rotation[amidst(cameras)]
    flip = axes @ torch.tensor([1.0, 1.0, -1.0]).diag() @ axes.T
    reversed_points = MIDDLE + (points - MIDDLE) @ flip.T
    seen, _ = cameras.project(points)
    mirror, _ = mirrored(cameras, MIDDLE).project(reversed_points)
    unmoved, _ = cameras.project(reversed_points)
    assert (mirror - seen).norm(dim=-1).max() < 0.1 * (unmoved - seen).norm(dim=-1).max()


def test_it_is_a_pose() -> None:
    cameras = Cameras.of([camera((x, 0.1, 0), (0, -0.1 * x, 0.05)) for x in (-1.0, 0.0, 1.0)])
    mirror = mirrored(cameras, torch.tensor([0.0, 0, 5]))
    assert torch.allclose(torch.linalg.det(mirror.rotation), torch.ones(3), atol=1e-5)
    eye = mirror.rotation @ mirror.rotation.mT
    assert torch.allclose(eye, torch.eye(3).expand(3, 3, 3), atol=1e-5)

"""Bending the relief moves cameras sideways and keeps one depth in its place."""

import pytest
import torch
from torch import Tensor

from core.geometry.cameras import CameraRig
from core.geometry.relief import bend
from core.geometry.rotations import ROTATIONS

KINDS = sorted(ROTATIONS)


def near_rig(kind: str, size: float = 0.01) -> CameraRig:
    """Cameras near the reference camera, in double precision."""
    rig = CameraRig(4, 64, 48, "axis-angle", "square", True, 0.8).double()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        rig.rotation += size * torch.randn(4, 3, generator=generator)
        rig.position += size * torch.randn(4, 3, generator=generator)
    rig.convert(rotation=kind)
    return rig


def tangents(rig: CameraRig, x: float, y: float, disparity: float) -> Tensor:
    """(N, 2) where every camera sees the point of a disparity above (x, y) of the reference."""
    point = rig.position.new_tensor([x, y, 1.0]) / disparity
    pose = rig.camera_to_world().detach()
    local = ((point - pose[:, :3, 3]).unsqueeze(1) @ pose[:, :3, :3]).squeeze(1)
    return local[:, :2] / local[:, 2:]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [2.0, 0.5, -1.0])
def test_positions_are_scaled(kind: str, scale: float) -> None:
    rig = near_rig(kind)
    before = rig.position.detach().clone()
    bend(rig, scale, 0.5, 0.5)
    assert torch.allclose(rig.position[:, :2], scale * before[:, :2])
    assert torch.allclose(rig.position[:, 2], abs(scale) * before[:, 2])
    assert rig.rotation_kind == kind
    eye = torch.eye(3, dtype=torch.float64).expand(4, 3, 3)
    turn = rig.camera_to_world()[:, :3, :3]
    assert torch.allclose(turn @ turn.mT, eye, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("scale", "before", "after"), [(-1, 0.6, 0.6), (2, 0.5, 0.3), (0.7, 1, 1)])
def test_the_kept_depth_stays_at_its_pixel_to_first_order(
    kind: str, scale: float, before: float, after: float
) -> None:
    """In the middle of the picture; the miss shrinks with the square of the cameras' way."""
    misses = []
    for size in (0.02, 0.002):
        rig = near_rig(kind, size)
        rig.position.data[:, 2] = 0  # along the axis the picture grows, which no turn undoes
        old = tangents(rig, 0.0, 0.0, before)
        way = (tangents(near_rig(kind, 0), 0, 0, before) - old).abs().max()
        bend(rig, scale, before, after)
        miss = (tangents(rig, 0.0, 0.0, after) - old).abs().max()
        misses.append(float(miss))
        assert miss < 0.1 * way
    assert misses[1] < misses[0] / 50


@pytest.mark.parametrize("kind", KINDS)
def test_another_depth_moves_the_other_way_in_the_mirror(kind: str) -> None:
    rig = near_rig(kind, 0.002)
    rig.position.data[:, 2] = 0
    kept, near = tangents(rig, 0, 0, 0.5), tangents(rig, 0, 0, 0.8)
    bend(rig, -1.0, 0.5, 0.5)
    mirrored = tangents(rig, 0, 0, 0.8)
    assert torch.allclose(mirrored - kept, kept - near, atol=2e-5)
    assert (near - kept).abs().max() > 5e-4


@pytest.mark.parametrize("kind", KINDS)
def test_twice_in_the_mirror_is_where_it_was(kind: str) -> None:
    misses = []
    for size in (0.02, 0.002):
        rig = near_rig(kind, size)
        before = rig.camera_to_world().detach().clone()
        bend(rig, -1.0, 0.5, 0.5)
        bend(rig, -1.0, 0.5, 0.5)
        misses.append(float((rig.camera_to_world() - before).detach().abs().max()))
    assert misses[0] < 1e-3
    assert misses[1] <= misses[0] / 50 + 1e-12


def test_every_representation_bends_alike() -> None:
    poses = []
    for kind in KINDS:
        rig = near_rig(kind, 0.1)
        bend(rig, -1.3, 0.4, 0.7)
        poses.append(rig.camera_to_world().detach())
    assert torch.allclose(poses[0], poses[1], atol=1e-9)
    assert torch.allclose(poses[0], poses[2], atol=1e-9)

"""Adam on latent numbers moves cameras as Adam on the numbers would, or all pictures alike."""

import math

import pytest
import torch

from core.geometry.cameras import CameraRig
from core.geometry.focals import FOCALS
from core.geometry.rotations import ROTATIONS
from core.training.camera_optimizer import CameraOptimizer, Learns

REACH = (1.0, 50.0)


def pulled(rig: CameraRig, seed: int) -> None:
    """Put gradients on all camera numbers."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in rig.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator)


@pytest.mark.parametrize("focal", sorted(FOCALS))
@pytest.mark.parametrize("shared", [True, False])
def test_a_focal_step_is_one_of_the_logarithm(focal: str, shared: bool) -> None:
    rig = CameraRig(2, 40, 30, "axis-angle", focal, shared, 0.8)
    optimizer = CameraOptimizer(rig, Learns(), REACH)
    before = rig.focal_lengths().detach()
    rig.focal.grad = torch.full_like(rig.focal, -3.0)
    optimizer.step(0.0, 1e-3)
    change = (rig.focal_lengths() / before).log()
    assert torch.allclose(change, torch.full((2,), 1e-3), rtol=0.01)


@pytest.mark.parametrize("kind", sorted(ROTATIONS))
@pytest.mark.parametrize("part", ["rotation", "position", "focal"])
def test_what_may_not_learn_stays_to_the_bit(kind: str, part: str) -> None:
    rig = CameraRig(3, 40, 30, kind, "exp", True, 0.8)
    optimizer = CameraOptimizer(rig, Learns(**{part: False}), REACH)
    before = {name: p.detach().clone() for name, p in rig.named_parameters()}
    for step in range(3):
        pulled(rig, step)
        optimizer.step(0.01, 0.01)
    moved = {n for n, p in rig.named_parameters() if not torch.equal(p, before[n])}
    assert moved == {"rotation", "position", "focal"} - {part}


@pytest.mark.parametrize("kind", sorted(ROTATIONS))
def test_raw_rotation_numbers_keep_their_length(kind: str) -> None:
    """Where a length means nothing, no gradient asks for it and no step may drift along it."""
    rig = CameraRig(3, 40, 30, "axis-angle", "exp", True, 0.8)
    torch.manual_seed(0)
    with torch.no_grad():
        rig.rotation += 0.2 * torch.randn(3, 3)
    rig.convert(rotation=kind)
    optimizer = CameraOptimizer(rig, Learns(), REACH)
    points = torch.randn(40, 3) + torch.tensor([0, 0, 4.0])
    for _ in range(100):
        pose = rig.camera_to_world()
        local = (points - pose[:, None, :3, 3]) @ pose[:, :3, :3]
        (local[..., :2] / local[..., 2:]).square().sum().backward()
        optimizer.step(1e-3, 0.0)
    if kind != "axis-angle":
        length = {"quaternion": 1.0, "rotation6D": math.sqrt(2)}[kind]
        assert torch.allclose(rig.rotation.norm(dim=-1), torch.tensor(length), atol=0.1)
    assert torch.isfinite(rig.camera_to_world()).all()

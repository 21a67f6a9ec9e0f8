"""Laws of the preconditioner: a step moves every picture alike, however rotations are stored."""

import pytest
import torch
from torch import Tensor

from core.geometry.cameras import CameraRig
from core.geometry.preconditioning import frustum_points, preconditioner
from core.geometry.rotations import ROTATIONS

KINDS = sorted(ROTATIONS)


def turned_rig(kind: str, scale: float = 1.0) -> CameraRig:
    """Four cameras that look about forward; the raw rotation numbers are of some length."""
    rig = CameraRig(4, 64, 48, "axis-angle", "square", True, 0.8)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        rig.rotation += 0.1 * torch.randn(4, 3, generator=generator)
        rig.position += 0.1 * torch.randn(4, 3, generator=generator)
        rig.convert(rotation=kind)
        rig.rotation *= scale
    return rig


def mixing(rig: CameraRig, rotation: bool = True, position: bool = True) -> tuple[Tensor, Tensor]:
    """P and the points it was made from."""
    learned = torch.tensor([rotation] * rig.rotation.shape[-1] + [position] * 3)
    points = frustum_points(rig, 1.0, 50.0)
    return preconditioner(rig, points, learned), points


def tangents(rig: CameraRig, camera: int) -> Tensor:
    """(6, K) how turn and centre of one camera follow its numbers, to first order."""
    matrix, size = ROTATIONS[rig.rotation_kind].to_matrix, rig.rotation.shape[-1]
    here = torch.cat([rig.rotation[camera], rig.position[camera]]).detach()

    def motion(numbers: Tensor) -> Tensor:
        turn = matrix(here[:size]).T @ matrix(numbers[:size])
        around = torch.stack([turn[2, 1], turn[0, 2], turn[1, 0]])
        return torch.cat([around, numbers[size:]])

    return torch.func.jacfwd(motion)(here)


def test_frustum_points_fill_the_reference_picture_evenly_in_disparity() -> None:
    rig = turned_rig("axis-angle")
    points = frustum_points(rig, 1.0, 50.0)
    fx, fy = rig.focal_lengths().tolist()
    x, y = points[:, 0] / points[:, 2] * fx, points[:, 1] / points[:, 2] * fy
    assert x.abs().max() == pytest.approx(0.875 * 32) and y.abs().max() == pytest.approx(0.875 * 24)
    disparities = (1 / points[:, 2]).sort().values[:: len(points) // 8]
    assert torch.allclose(disparities.diff(), disparities.diff()[0].expand(7), atol=1e-5)
    assert (float(points[:, 2].min()), float(points[:, 2].max())) == pytest.approx((1, 50))


@pytest.mark.parametrize(
    ("kind", "scale"),
    [*((kind, 1.0) for kind in KINDS), ("quaternion", 1.7), ("rotation6D", 1.7)],
)
def test_a_latent_step_moves_the_points_by_about_one_picture_side(kind: str, scale: float) -> None:
    rig = turned_rig(kind, scale)
    found, points = mixing(rig)
    matrix, size = ROTATIONS[kind].to_matrix, rig.rotation.shape[-1]
    focal = rig.focal_lengths().detach().double() / rig.long_side

    def project(numbers: Tensor) -> Tensor:
        local = (points.double() - numbers[size:]) @ matrix(numbers[:size])
        return focal * local[:, :2] / local[:, 2:]

    for camera in range(4):
        numbers = torch.cat([rig.rotation[camera], rig.position[camera]]).detach().double()
        values, vectors = torch.linalg.eigh(found[camera].double())
        for value, vector in zip(values, vectors.T, strict=True):
            if value < 1e-4 * values[-1]:
                continue
            step = 1e-4 * value * vector
            moved = (project(numbers + step) - project(numbers)) / 1e-4
            assert 0.8 < float(moved.square().sum(-1).mean().sqrt()) < 1.05


@pytest.mark.parametrize("kind", ["quaternion", "rotation6D"])
@pytest.mark.parametrize("scale", [1.0, 1.7])
def test_latent_steps_move_the_camera_the_same_in_every_representation(
    kind: str, scale: float
) -> None:
    """Isotropic latent steps cause the same spread of turns and centres."""
    usual, other = turned_rig("axis-angle"), turned_rig(kind, scale)
    for camera in range(4):
        spreads = []
        for rig in (usual, other):
            causes = tangents(rig, camera) @ mixing(rig)[0][camera]
            spreads.append(causes @ causes.T)
        assert torch.allclose(*spreads, rtol=0.02, atol=0.02 * float(spreads[0].abs().max()))


@pytest.mark.parametrize(("kind", "null"), [("quaternion", 1), ("rotation6D", 3)])
@pytest.mark.parametrize("scale", [1.0, 1.7])
def test_directions_that_move_nothing_stay_still(kind: str, null: int, scale: float) -> None:
    rig = turned_rig(kind, scale)
    found, _ = mixing(rig)
    values = torch.linalg.eigvalsh(found.double())
    assert (values[:, :null].abs() < 1e-5 * values[:, -1:]).all()
    assert (values[:, null] > 1e-2).all()
    if kind == "quaternion":
        along = torch.nn.functional.normalize(rig.rotation.detach(), dim=-1)
        assert (found[:, :, :4] @ along.unsqueeze(-1)).abs().max() < 1e-5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("rotation", "position"), [(False, True), (True, False), (False, False)])
def test_numbers_that_may_not_learn_have_rows_of_zeros(
    kind: str, rotation: bool, position: bool
) -> None:
    rig = turned_rig(kind)
    found, size = mixing(rig, rotation, position)[0], rig.rotation.shape[-1]
    assert bool(found[:, :size].abs().amax() > 0) is rotation
    assert bool(found[:, size:].abs().amax() > 0) is position
    assert torch.isfinite(found).all()
    assert torch.allclose(found, found.mT, atol=1e-4)

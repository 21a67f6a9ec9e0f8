"""Laws of the rotation representations."""

import pytest
import roma
import torch

from core.geometry.rotations import ROTATIONS

KINDS = sorted(ROTATIONS)


def random_matrices(count: int = 200) -> torch.Tensor:
    """Rotations of every angle: random ones, tiny ones, and ones near half a turn."""
    torch.manual_seed(0)
    axes = torch.nn.functional.normalize(torch.randn(count, 3, dtype=torch.float64), dim=-1)
    near_pi = torch.pi - torch.rand(count // 4, dtype=torch.float64) * 1e-4
    tiny = torch.rand(count // 4, dtype=torch.float64) * 1e-6
    angles = torch.cat([torch.rand(count // 2, dtype=torch.float64) * 3.1, near_pi, tiny])
    return roma.rotvec_to_rotmat(axes * angles[:, None])


@pytest.mark.parametrize("kind", KINDS)
def test_round_trip_keeps_every_rotation(kind: str) -> None:
    matrix = random_matrices()
    rotation = ROTATIONS[kind]
    again = rotation.to_matrix(rotation.from_matrix(matrix))
    assert (again - matrix).abs().max() < 1e-7


@pytest.mark.parametrize("kind", KINDS)
def test_any_numbers_give_a_rotation(kind: str) -> None:
    torch.manual_seed(1)
    matrix = ROTATIONS[kind].to_matrix(torch.randn(50, ROTATIONS[kind].size, dtype=torch.float64))
    product = matrix @ matrix.transpose(-1, -2)
    assert torch.allclose(product, torch.eye(3, dtype=torch.float64).expand_as(product), atol=1e-10)
    assert torch.allclose(torch.linalg.det(matrix), torch.ones(50, dtype=torch.float64))


@pytest.mark.parametrize("kind", KINDS)
def test_identity_is_the_identity_and_has_a_gradient(kind: str) -> None:
    numbers = torch.tensor(ROTATIONS[kind].identity, requires_grad=True)
    matrix = ROTATIONS[kind].to_matrix(numbers)
    assert torch.allclose(matrix, torch.eye(3), atol=1e-7)
    weights = torch.arange(9.0).reshape(3, 3)
    (gradient,) = torch.autograd.grad((matrix * weights).sum(), numbers)
    assert torch.isfinite(gradient).all()
    assert gradient.abs().max() > 0


def test_quaternion_is_real_first_and_of_any_length() -> None:
    half_turn_about_z = ROTATIONS["quaternion"].to_matrix(torch.tensor([0.0, 0, 0, 5]))
    assert torch.allclose(half_turn_about_z, torch.diag(torch.tensor([-1.0, -1, 1])), atol=1e-6)


def test_rotation6d_is_the_first_two_rows() -> None:
    matrix = random_matrices(8)
    numbers = ROTATIONS["rotation6D"].from_matrix(matrix)
    assert torch.equal(numbers[:, :3], matrix[:, 0])
    assert torch.equal(numbers[:, 3:], matrix[:, 1])


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("axis-angle", "axis_angle_to_matrix"),
        ("quaternion", "quaternion_to_matrix"),
        ("rotation6D", "rotation_6d_to_matrix"),
    ],
)
def test_equal_to_pytorch3d(kind: str, name: str) -> None:
    """The optional extra `easypytorch3d` provides pytorch3d.transforms; CI installs it."""
    transforms = pytest.importorskip("pytorch3d.transforms", reason="pip install easypytorch3d")
    torch.manual_seed(2)
    numbers = torch.randn(100, ROTATIONS[kind].size, dtype=torch.float64)
    theirs = getattr(transforms, name)(numbers)
    assert (ROTATIONS[kind].to_matrix(numbers) - theirs).abs().max() < 1e-6
    back = getattr(transforms, "_to_".join(reversed(name.split("_to_"))))(theirs)
    assert (ROTATIONS[kind].to_matrix(back) - theirs).abs().max() < 1e-6
    assert (ROTATIONS[kind].from_matrix(theirs).abs() - back.abs()).abs().max() < 1e-6

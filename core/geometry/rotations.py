"""Three ways to store a rotation as numbers that gradient descent can move.

Every representation is a size, an identity and the maps to and from rotation matrices, so that
``from_matrix(to_matrix(x))`` re-expresses a rotation without turning anything. All functions take
any batch shape and keep the dtype and device of their input.
"""

from collections.abc import Callable
from dataclasses import dataclass

import roma
import torch
from torch import Tensor


@dataclass(frozen=True)
class Rotation:
    """One representation: ``size`` numbers, ``identity`` among them, and the two maps."""

    size: int
    identity: tuple[float, ...]
    to_matrix: Callable[[Tensor], Tensor]  # (..., size) -> (..., 3, 3)
    from_matrix: Callable[[Tensor], Tensor]  # (..., 3, 3) -> (..., size)


def axis_angle_to_matrix(vector: Tensor) -> Tensor:
    """Rodrigues' formula; (..., 3) axis times angle in radians -> (..., 3, 3). Smooth at 0."""
    return roma.rotvec_to_rotmat(vector)


def matrix_to_axis_angle(matrix: Tensor) -> Tensor:
    """(..., 3, 3) -> (..., 3), angle in [0, pi]."""
    return roma.rotmat_to_rotvec(matrix)


def quaternion_to_matrix(quaternion: Tensor) -> Tensor:
    """(..., 4) ``wxyz`` of any length but 0 -> (..., 3, 3); normalised first."""
    unit = torch.nn.functional.normalize(quaternion, dim=-1)
    return roma.unitquat_to_rotmat(unit.roll(-1, dims=-1))


def matrix_to_quaternion(matrix: Tensor) -> Tensor:
    """(..., 3, 3) -> unit (..., 4) ``wxyz`` with w >= 0."""
    wxyz = roma.rotmat_to_unitquat(matrix).roll(1, dims=-1)
    return torch.where(wxyz[..., :1] < 0, -wxyz, wxyz)


def rotation6d_to_matrix(numbers: Tensor) -> Tensor:
    """(..., 6) -> (..., 3, 3) by Gram-Schmidt; the numbers are the first two *rows*.

    Zhou et al., On the Continuity of Rotation Representations (CVPR 2019), section 4.2, with rows
    instead of columns as in pytorch3d.
    """
    rows = numbers.unflatten(-1, (2, 3))
    return roma.special_gramschmidt(rows.transpose(-1, -2)).transpose(-1, -2)


def matrix_to_rotation6d(matrix: Tensor) -> Tensor:
    """(..., 3, 3) -> (..., 6): the first two rows."""
    return matrix[..., :2, :].flatten(-2)


def slerp(first: Tensor, last: Tensor, share: Tensor) -> Tensor:
    """The shorter way between two rotations (3, 3) at constant speed: `share` () from 0 to 1."""
    return roma.rotmat_slerp(first, last, share)


ROTATIONS: dict[str, Rotation] = {
    "axis-angle": Rotation(3, (0.0, 0.0, 0.0), axis_angle_to_matrix, matrix_to_axis_angle),
    "quaternion": Rotation(4, (1.0, 0.0, 0.0, 0.0), quaternion_to_matrix, matrix_to_quaternion),
    "rotation6D": Rotation(
        6, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), rotation6d_to_matrix, matrix_to_rotation6d
    ),
}

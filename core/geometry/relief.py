"""Bending the relief: other depths that explain nearly the same pictures.

Seen from cameras that move sideways a little, a scene with disparities s (w - v) + w in place of w
looks nearly the same if every camera moves by 1 / s of its way and turns back by what that changes
at one disparity (the bas-relief ambiguity, Belhumeur et al., IJCV 1999). s = -1 is the mirrored
scene, inside out. Gradient descent follows this family badly because all cameras have to move at
once, so it is stepped along explicitly.
"""

import roma
import torch
from torch import Tensor

from core.geometry.cameras import CameraRig
from core.geometry.rotations import ROTATIONS


@torch.no_grad()
def bend(
    rig: CameraRig, scale: float | Tensor, before: float | Tensor, after: float | Tensor
) -> None:
    """Move cameras sideways by a factor, and turn them so that one depth stays in its place.

    Args:
        rig: changed in place.
        scale: of the positions; across the reference axis with its sign, along it without.
        before, after: disparity (1 / world z) of the same content, under the old and new cameras.

    Numbers, or float64 () where the cameras are, which nobody waits for.
    """
    old = rig.position.clone()
    across = torch.as_tensor(scale, dtype=torch.float64)
    rig.position.mul_(torch.stack([across, across, across.abs()]).to(rig.position))
    shift = before * old[:, :2] - after * rig.position[:, :2]  # of tangents X / Z
    turn = torch.stack([-shift[:, 1], shift[:, 0], torch.zeros_like(shift[:, 0])], -1)
    kind = ROTATIONS[rig.rotation_kind]
    turned = roma.rotvec_to_rotmat(turn) @ kind.to_matrix(rig.rotation)
    rig.rotation.copy_(kind.from_matrix(turned))

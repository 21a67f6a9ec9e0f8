"""The principal point: for scenes that have it in the image's centre."""

import roma
import torch

from core.geometry.cameras import CameraRig


@torch.no_grad()
def centre_principal_point(rig: CameraRig) -> None:
    """Have it in the image's centre; cameras turn towards what was seen there before.

    What is seen at tangents u from the optical axis is turned onto it: by atan |u|, around the axis
    that is perpendicular to both. Positions and focal lengths stay.
    """
    if not rig.principal.any():
        return
    aside = -(rig.principal * rig.sides / rig.focal_lengths()).double()
    ahead = aside.new_tensor([0.0, 0.0, 1.0])
    seen = torch.cat([aside, ahead[2:]])
    axis = torch.linalg.cross(ahead, seen)
    turn = roma.rotvec_to_rotmat(axis / axis.norm() * torch.atan(axis.norm()))
    poses = rig.camera_to_world().double()
    poses[:, :3, :3] = poses[:, :3, :3] @ turn
    rig.place(torch.arange(len(poses), device=poses.device), poses)
    rig.principal.zero_()

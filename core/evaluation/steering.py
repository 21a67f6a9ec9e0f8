"""Six numbers that move one camera, each by about a pixel in its picture."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from core.geometry.cameras import Camera
from core.geometry.rays import camera_rays
from core.geometry.rotations import axis_angle_to_matrix
from core.rendering.progressive import picture_of
from core.rendering.scene import Scene

SMALL = 24  # pixels of the longer side: enough points to tell what moves a picture
NEAREST = 1e-3  # world units: depths of what is right before the camera, or nowhere
DAMPING = 1e-2  # of the diagonal of J'J


@dataclass(frozen=True, eq=False)
class Steering:
    """A camera, and how numbers (6,) turn and shift it in its own frame; 0 leave it."""

    camera: Camera
    unit: Tensor  # (6, 6): pixels -> an axis times angle in radians, and a shift in world units

    def pose(self, numbers: Tensor) -> Tensor:
        """(4, 4) camera to world."""
        turn, shift = (self.unit.to(numbers) @ numbers).split(3)
        top = torch.cat([axis_angle_to_matrix(turn), shift.unsqueeze(-1)], dim=-1)
        move = torch.cat([top, top.new_tensor([[0, 0, 0, 1]])])
        return torch.from_numpy(self.camera.camera_to_world).to(numbers) @ move

    def moved(self, numbers: Tensor) -> Camera:
        """The camera at that pose, of `numbers` (6,) as `pose` takes them."""
        pose = self.pose(numbers.detach().double().cpu())
        return replace(self.camera, camera_to_world=pose.numpy())


def steering(scene: Scene, camera: Camera) -> Steering:
    """Numbers that suit what a camera sees.

    A unit of each moves the picture by about a pixel of the camera's size, and a turn is told from
    a shift by the parallax between near and far: unit = (J'J + damping)^(-1/2) with J the Jacobian
    of where the points it sees are seen (CamP, Park et al., arXiv 2308.10902, section 4).
    """
    small = camera.scaled(SMALL / max(camera.width, camera.height))
    plane = camera_rays(replace(small, camera_to_world=np.eye(4))).directions[:, :2].double()
    depth = torch.from_numpy(picture_of(scene, small).depth.reshape(-1)).double()
    jacobian = picture_motion(plane, 1 / depth.clamp_min(NEAREST))
    jacobian *= torch.tensor([[camera.fx], [camera.fy]])
    information = (jacobian.mT @ jacobian).mean(0)
    information += DAMPING * torch.diag(information.diagonal())
    values, vectors = torch.linalg.eigh(information)
    return Steering(camera, vectors * values.rsqrt() @ vectors.mT)


def picture_motion(plane: Tensor, disparity: Tensor) -> Tensor:
    """How points move in a picture when the camera turns and shifts a little, in its own frame.

    Chaumette and Hutchinson, Visual Servo Control I (2006), equation 11. Written out, because
    forward-mode differentiation does not work in several threads at once.

    Args:
        plane: (P, 2) where points are seen, on the plane at depth 1.
        disparity: (P,) one over their depths.

    Returns:
        (P, 2, 6) derivatives of `plane` by an axis times angle and a shift, at 0.
    """
    (x, y), one, nil = plane.unbind(-1), torch.ones_like(disparity), torch.zeros_like(disparity)
    turn = torch.stack([x * y, -(1 + x * x), y, 1 + y * y, -x * y, -x], dim=-1)
    shift = torch.stack([-one, nil, x, nil, -one, y], dim=-1) * disparity.unsqueeze(-1)
    return torch.cat([turn.unflatten(-1, (2, 3)), shift.unflatten(-1, (2, 3))], dim=-1)

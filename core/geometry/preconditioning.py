"""Camera numbers of such a scale and mixture that a step moves every picture alike.

CamP (Park et al., arXiv 2308.10902, section 4): with J the Jacobian of projected points by a
camera's numbers, learn latent numbers z where numbers = P z and P = (J'J + damping)^(-1/2). The
Jacobian goes through the rotation's representation, so every one of them can be preconditioned.
"""

import torch
from torch import Tensor

from core.geometry.cameras import CameraRig
from core.geometry.rotations import ROTATIONS

DAMPING = 1e-2  # of the diagonal of J'J
SMALLEST = 1e-8  # of its largest eigenvalue: directions that move nothing stay still


def frustum_points(rig: CameraRig, nearest: float, farthest: float) -> Tensor:
    """(P, 3) world points that fill the reference camera's frustum, even in disparity."""
    disparities = torch.linspace(1 / nearest, 1 / farthest, 8)
    side = torch.linspace(-0.875, 0.875, 8)
    y, x, w = torch.meshgrid(side, side, disparities, indexing="ij")
    tangent = (0.5 / rig.normalized_focal()).detach().cpu()
    rays = torch.stack([x * tangent[0], y * tangent[1], torch.ones_like(x)], -1)
    return (rays / w.unsqueeze(-1)).reshape(-1, 3).to(rig.position.device)


def preconditioner(rig: CameraRig, points: Tensor, learned: Tensor) -> Tensor:
    """P (N, K, K) of each camera's K numbers: the rotation's, then the position's.

    Args:
        rig: the cameras, at the poses where J is taken.
        points: (P, 3) in the world, in front of the cameras.
        learned: (K,) bool, which numbers may move; rows and columns of the others are 0.

    A latent step of 1 moves the points by about one longer side of the picture, root mean square.
    """
    numbers = torch.cat([rig.rotation, rig.position], -1).detach()
    to_matrix = ROTATIONS[rig.rotation_kind].to_matrix
    size = rig.rotation.shape[-1]
    focal = rig.focal_lengths().detach() / rig.long_side

    def project(camera: Tensor) -> Tensor:
        local = (points - camera[size:]) @ to_matrix(camera[:size])
        return focal * local[:, :2] / local[:, 2:]

    jacobian = torch.func.vmap(torch.func.jacfwd(project))(numbers)  # (N, P, 2, K)
    jacobian = (jacobian * learned).flatten(1, 2).double()
    jacobian = jacobian.where(jacobian.isfinite(), 0.0)  # beside a camera points are nowhere
    information = jacobian.mT @ jacobian / points.shape[0]
    diagonal = torch.diag_embed(information.diagonal(dim1=-2, dim2=-1))
    values, vectors = torch.linalg.eigh(information)
    felt = vectors * _moving(values).unsqueeze(-2)
    felt = felt @ felt.mT  # onto the directions that move points: damping wakes no other
    values, vectors = torch.linalg.eigh(information + DAMPING * felt @ diagonal @ felt)
    scale = torch.where(_moving(values), values.clamp_min(1e-30).rsqrt(), 0.0)
    return (vectors * scale.unsqueeze(-2) @ vectors.mT).to(numbers.dtype)


def distortion_scale(rig: CameraRig) -> Tensor:
    """() what k1 moves by while it changes the picture as 1 of the focal length's logarithm does.

    At radius r on the plane at depth 1 they move it by k1 r^3 and by r; root mean squares count.
    """
    focal = rig.normalized_focal().detach().double()
    side = (torch.arange(32, dtype=torch.float64, device=focal.device) + 0.5) / 32 - 0.5
    y, x = torch.meshgrid(side, side, indexing="ij")
    square = (torch.stack([x, y], -1) / focal).square().sum(-1)
    return (square.mean() / (square**3).mean()).sqrt()


def _moving(values: Tensor) -> Tensor:
    """Which eigenvalues (..., K), rising, belong to directions that move points."""
    return values > SMALLEST * values[..., -1:]

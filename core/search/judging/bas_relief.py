"""Bas-relief ambiguity: other cameras that see nearly the same where a scene is nearly flat.

From far away a relief and its reverse cannot be told apart while cameras turn the other way (the
Necker reversal; Koenderink and van Doorn, Affine structure from motion, 1991). With the scene's
middle as the origin of a world whose axes are those of a camera in the midst of the others, a point
(X, Y, Z) goes to D (X, Y, Z), D = diag(1, 1, -1), and a camera (R, t), world to camera, to
(D R D, t): then the point stands at the same x and y, and its depth z is 2 t_z - z.
"""

from dataclasses import replace

import roma
import torch
from torch import Tensor

from core.depthmaps.cameras import Cameras


def mirrored(cameras: Cameras, middle: Tensor) -> Cameras:
    """Cameras mirrored around the middle (3,) of their scene; mirrored twice they are the same."""
    axes = cameras.rotation[amidst(cameras)]
    flip = torch.tensor([1.0, 1.0, -1.0]).to(axes).diag()
    turn = axes.T @ cameras.rotation
    back = turn.mT
    shift = -(back @ ((cameras.centre - middle) @ axes)[..., None])
    other = flip @ back @ flip
    centre = -(other.mT @ shift)[..., 0]
    return replace(cameras, rotation=axes @ other.mT, centre=centre @ axes.T + middle)


def stretched(cameras: Cameras, middle: Tensor, factor: float) -> Cameras:
    """All turns against the camera in the midst times `factor`, around the middle (3,) of a scene.

    What is turned more looks the same with less relief, nearly: the bas-relief ambiguity
    (Belhumeur et al., IJCV 1999), which only perspective and wide angles resolve.
    """
    axes = cameras.rotation[amidst(cameras)]
    turn = roma.rotmat_to_rotvec(axes.T @ cameras.rotation)
    rotation = axes @ roma.rotvec_to_rotmat(factor * turn)
    own = cameras.rotation.mT @ (cameras.centre - middle)[..., None]
    return replace(cameras, rotation=rotation, centre=middle + (rotation @ own)[..., 0])


def amidst(cameras: Cameras) -> int:
    """The camera that is turned least against all others."""
    traces = torch.einsum("nij,mij->nm", cameras.rotation, cameras.rotation)
    return int(traces.sum(1).argmax())

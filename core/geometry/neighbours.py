"""Cameras for photos that have none yet: those of their neighbours."""

import torch
from torch import Tensor

from core.geometry.cameras import CameraRig


@torch.no_grad()
def place_beside(rig: CameraRig, known: Tensor, photos: Tensor) -> None:
    """Give each of some photos (K,) the camera of its neighbour.

    The neighbour is the nearest, in the order of the files, of those `known` (L,).
    """
    for photo in photos.tolist():
        nearest = known[(known - photo).abs().argmin()]
        rig.rotation[photo] = rig.rotation[nearest]
        rig.position[photo] = rig.position[nearest]
        if rig.zooms:
            rig.zoom[photo] = rig.zoom[nearest]

"""What planes hold and how wide cameras look: where finer planes should be."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.geometry.cameras import CameraRig
from core.geometry.rays import Rays, ahead
from core.multiplane.compositing import FORWARD, composite, meeting_points, sample_all, slopes
from core.multiplane.field import Extent, MultiplaneImage

SIDE = 24  # rays along each side of a picture that are looked at
AT_ONCE = 24  # pictures looked through together: what that takes is then small
SLACK = 1.08  # of the reach, for cameras that go on moving
EVEN = 0.35  # part of the planes that is spread evenly, whatever is seen


@dataclass(frozen=True, eq=False)
class Survey:
    """Mean weight of each plane (D,), their mean 1 / world z, and what holds every picture."""

    weights: Tensor
    mean_disparity: float
    extent: Extent


@torch.no_grad()
def survey(field: MultiplaneImage, rig: CameraRig, photos: Tensor) -> Survey:
    """Look through the cameras of some photos (K,) at evenly spread pixels."""
    some = photos.to(rig.position.device).split(AT_ONCE)
    masses, near, far = zip(*(_looked(field, rig, part) for part in some), strict=True)
    mass = torch.stack(masses).sum(0) / (len(photos) * SIDE**2)
    disparities = field.disparities
    (near_x, near_y), (far_x, far_y) = (
        (torch.stack(reach).amax(0) * SLACK).clamp_min(1.0).tolist() for reach in (near, far)
    )
    mean = float((mass * disparities).sum() / mass.sum().clamp_min(1e-9))
    return Survey(mass, mean, Extent((near_x, near_y), (far_x, far_y)))


def _looked(
    field: MultiplaneImage, rig: CameraRig, photos: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Summed weights (D,), and how far (2,) rays get on the nearest and the farthest plane.

    Rays that never meet the planes, as they look aside or back, reach nowhere.
    """
    device, normalized_focal = rig.position.device, rig.normalized_focal()
    side = torch.linspace(-1, 1, SIDE, device=device)  # to the picture's edges
    y, x = torch.meshgrid(side, side, indexing="ij")
    tangents = torch.stack([x, y], -1).reshape(-1, 2) * (0.5 / normalized_focal)
    poses = rig.camera_to_world(photos)
    local = ahead(rig.through_lens(tangents, photos.unsqueeze(-1)))
    directions = (local @ poses[:, :3, :3].mT).flatten(0, 1)
    origins = poses[:, None, :3, 3].expand(-1, len(tangents), -1).flatten(0, 1)
    a, b = slopes(Rays(origins, directions), normalized_focal)
    disparities = field.disparities
    _, weights = composite(sample_all(field, meeting_points(a, b, disparities, field.reach)))
    meets = directions[:, 2:] > FORWARD
    near, far = (
        torch.where(meets, (a + w * b).abs(), 0).amax(0)
        for w in (disparities[0], disparities[-1].clamp_min(0))
    )
    return weights.sum(1), near, far


def placed(places: Tensor, weights: Tensor, planes: int, lowest: float) -> Tensor:
    """(planes,) places where much is seen, from 1 down to `lowest`.

    Args: places (D,) falling from 1 to 0; weights (D,) of what each holds.
    """
    old, mass = places.cpu().double().numpy(), weights.cpu().double().numpy()
    edges = np.concatenate([[1.0], (old[1:] + old[:-1]) / 2, [0.0]])
    fine = np.linspace(1.0, lowest, 1024)
    belongs = np.clip(np.searchsorted(-edges, -fine, side="right") - 1, 0, len(old) - 1)
    density = (mass / -np.diff(edges))[belongs]
    density = EVEN + (1 - EVEN) * density / max(density.mean(), 1e-9)
    cumulative = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    wanted = np.linspace(0, cumulative[-1], planes)
    return torch.from_numpy(np.interp(wanted, cumulative, fine)).float()

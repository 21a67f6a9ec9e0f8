"""What planes hold and how wide cameras look: where finer planes should be."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.geometry.cameras import CameraRig
from core.geometry.rays import Rays, ahead
from core.multiplane.compositing import (
    FORWARD,
    composite,
    meeting_points,
    sample_all,
    slopes,
    weights_along,
)
from core.multiplane.field import Extent, MultiplaneImage
from core.multiplane.tiles import TILE

SIDE = 24  # rays along each side of a picture that are looked at
AT_ONCE = 24  # pictures looked through together: what that takes is then small
LOOKED = 250_000  # rays, of all photos together, by which tiles are found in which anything is seen
STOPS = 0.01  # of a ray's light: what is seen
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
    rays = _spread(rig, photos, SIDE)
    directions, disparities = rays.directions, field.disparities
    a, b = slopes(rays, rig.normalized_focal())
    _, weights = composite(sample_all(field, meeting_points(a, b, disparities, field.reach)))
    meets = directions[:, 2:] > FORWARD
    near, far = (
        torch.where(meets, (a + w * b).abs(), 0).amax(0)
        for w in (disparities[0], disparities[-1].clamp_min(0))
    )
    return weights.sum(1), near, far


def _spread(rig: CameraRig, photos: Tensor, count: int) -> Rays:
    """`count` x `count` rays of each photo, to the picture's edges."""
    side = torch.linspace(-1, 1, count, device=rig.position.device)
    y, x = torch.meshgrid(side, side, indexing="ij")
    tangents = torch.stack([x, y], -1).reshape(-1, 2) * (0.5 / rig.normalized_focal())
    poses = rig.camera_to_world(photos)
    local = ahead(rig.through_lens(tangents, photos.unsqueeze(-1)))
    directions = (local @ poses[:, :3, :3].mT).flatten(0, 1)
    return Rays(poses[:, None, :3, 3].expand(-1, len(tangents), -1).flatten(0, 1), directions)


@torch.no_grad()
def seen_tiles(field: MultiplaneImage, rig: CameraRig, photos: Tensor) -> Tensor:
    """(D / sharing, sharing, rows, columns) tiles that stop light of a ray of some photos (K,)."""
    block, normalized_focal = field.parts()[0], rig.normalized_focal()
    height, width = block.alpha.shape[-2:]
    rows, columns = height // TILE, width // TILE
    count = max(SIDE, round(math.sqrt(LOOKED / len(photos))))
    live = torch.zeros(len(field.places), rows, columns, dtype=torch.bool, device=photos.device)
    for photo in photos.split(1):
        rays = _spread(rig, photo, count)
        ray, plane = (weights_along(field, rays, normalized_focal) > STOPS).nonzero().unbind(1)
        points = meeting_points(*slopes(rays, normalized_focal), field.disparities, field.reach)
        texel = (points[plane, 0, ray] + 1) * points.new_tensor([width / 2, height / 2])
        for aside, down in itertools.product((-1, 1), repeat=2):  # texels beside are mixed in
            column = ((texel[:, 0] + aside) / TILE).long().clamp_(0, columns - 1)
            row = ((texel[:, 1] + down) / TILE).long().clamp_(0, rows - 1)
            live[plane, row, column] = True
    return live.unflatten(0, (-1, block.sharing))


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

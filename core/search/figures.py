"""What one photo's depths, under given cameras, say about these cameras."""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.depthmaps.reference import Reference

TEXTURED = 0.02  # standard deviation of grey from which a pixel says something
ON_PLANE = 0.02  # of a depth
PLANE_ROUNDS = 5


@dataclass(frozen=True)
class PhotoFigures:
    """Shares are of the photo's pixels; angles are in degrees."""

    support: float  # share whose depth enough others confirm: two, or one where there is one
    seen: float  # share that as many others have in their picture
    through: float  # share that another photo sees through
    gain: float  # mean cost of the best depth common to the whole photo, less that of its own map
    flat: float  # share of confirmed pixels that lie on the one plane that fits best
    angle: float  # median, between the rays of this photo and of the source farthest aside


def figures_of(
    photo: Reference, inverse: Tensor, support: Tensor, through: Tensor, nearest: float
) -> PhotoFigures:
    """The figures of one photo.

    Args:
        inverse, support, through: (h, w) its maps.
        nearest: the largest inverse depth that was searched.
    """
    enough = min(2, len(photo.sources))
    inside, angle = _company(photo, inverse)
    confirmed = support >= enough
    return PhotoFigures(
        support=float(confirmed.float().mean()),
        seen=float((inside >= enough).float().mean()),
        through=float((through >= 1).float().mean()),
        gain=_gain(photo, inverse, nearest),
        flat=_flatness(photo, inverse, confirmed),
        angle=angle,
    )


def _company(photo: Reference, inverse: Tensor) -> tuple[Tensor, float]:
    """(h, w) how many sources have a pixel in their picture, and the angle of `PhotoFigures`."""
    cameras = photo.level.cameras
    inside = torch.zeros_like(inverse)
    points = photo.ray / inverse
    widest = torch.zeros(())
    for source in photo.sources:
        _, here, _ = photo.seen_in(source, inverse[None], inverse[None])
        inside += here[0]
        baseline = cameras.centre[source] - cameras.centre[photo.index]
        own = cameras.rotation[photo.index].T @ baseline
        away = points - own[:, None, None]
        cosine = (points * away).sum(0) / (points.norm(dim=0) * away.norm(dim=0)).clamp_min(1e-30)
        widest = torch.maximum(widest, torch.rad2deg(cosine.clamp(-1, 1).acos()).median())
    return inside, float(widest)


def _gain(photo: Reference, inverse: Tensor, nearest: float) -> float:
    """How much depths explain that one depth for all, far or near, does not.

    A camera that only turned, or stands before a far away wall, gains nothing.
    """
    flat = torch.linspace(0, nearest, 16, device=inverse.device)[:, None, None]
    every = photo.costs(torch.cat([inverse[None], flat.expand(-1, *inverse.shape)]))
    there = photo.texture() > TEXTURED
    if not there.any():
        return 0.0
    own, common = every[0][there].mean(), every[1:, there].mean(1).min()
    return float(common - own)


def _flatness(photo: Reference, inverse: Tensor, confirmed: Tensor) -> float:
    """Share of confirmed pixels within 2 % of one plane, found by reweighted least squares.

    The inverse depth of a plane is linear in the rays: n X = d means 1 / z = (n / d) ray.
    """
    rays, depths = photo.ray[:, confirmed].T, inverse[confirmed]
    if len(depths) < 50:
        return 0.0
    weight = torch.ones_like(depths)
    for _ in range(PLANE_ROUNDS):
        matrix = rays * (weight / depths)[:, None]
        plane = torch.linalg.lstsq(matrix, weight[:, None]).solution[:, 0]
        miss = (rays @ plane / depths - 1).abs()
        weight = 1 / (1 + (miss / ON_PLANE).square())
    return float((miss < ON_PLANE).float().mean())

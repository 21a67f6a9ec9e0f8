"""What one photo's depths, under given cameras, say about these cameras."""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.depthmaps.stereo.agreement import enough
from core.depthmaps.stereo.reference import Reference

TEXTURED = 0.02  # standard deviation of grey from which a pixel says something
ON_PLANE = 0.02  # of a depth
PLANE_ROUNDS = 5
FEWEST = 50  # confirmed pixels that fix a plane
RIDGE = 1e-9
FARTHEST = 1e-3  # of the usual inverse depth: what is farther away counts as if it were there


@dataclass(frozen=True)
class PhotoFigures:
    """Shares are of the photo's pixels; angles are in degrees."""

    support: float  # share whose depth enough others confirm: two, or one where there is one
    firm: float  # the same share of those pixels alone whose surroundings have texture
    seen: float  # share that as many others have in their picture
    through: float  # share that another photo sees through
    gain: float  # mean cost of the best depth common to the whole photo, less that of its own map
    relief: float  # the same of the plane that fits its map best, where others confirm it
    angle: float  # median, between the rays of this photo and of the source farthest aside


def figures_of(
    photo: Reference, inverse: Tensor, support: Tensor, through: Tensor, nearest: float
) -> PhotoFigures:
    """The figures of one photo.

    Args:
        inverse, support, through: (h, w) its maps.
        nearest: the largest inverse depth that was searched.
    """
    least = enough(len(photo.sources))
    inside, angle = _company(photo, inverse)
    confirmed = support >= least
    gain, relief = _explained(photo, inverse, confirmed, nearest)
    return PhotoFigures(
        support=float(confirmed.float().mean()),
        firm=_share(confirmed, photo.texture() > TEXTURED),
        seen=float((inside >= least).float().mean()),
        through=float((through >= 1).float().mean()),
        gain=gain,
        relief=relief,
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


def _share(pixels: Tensor, of: Tensor) -> float:
    """Share of some pixels among others (h, w), 0 where there are none."""
    return float((pixels & of).sum() / of.sum().clamp_min(1))


def _explained(
    photo: Reference, inverse: Tensor, confirmed: Tensor, nearest: float
) -> tuple[float, float]:
    """How much depths explain that one depth for all does not, and that one plane does not.

    A camera that only turned, or stands before a far away wall, gains nothing over one depth; a
    picture of a picture nothing over a plane.
    """
    even = torch.linspace(0, nearest, 16, device=inverse.device)[:, None, None]
    plane = _plane(photo, inverse, confirmed)
    tried = torch.cat([inverse[None], plane[None], even.expand(-1, *inverse.shape)])
    there = photo.texture() > TEXTURED
    if not there.any():
        return 0.0, 0.0
    costs = photo.costs(tried)
    own, _, *one = costs[:, there].mean(1).tolist()
    firm = there & confirmed
    mine, flat = costs[:2, firm if int(firm.sum()) >= FEWEST else there].mean(1).tolist()
    return min(one) - own, flat - mine


def _plane(photo: Reference, inverse: Tensor, confirmed: Tensor) -> Tensor:
    """(h, w) inverse depths of the plane nearest to confirmed ones, by reweighted least squares.

    The inverse depth of a plane is linear in the rays: n X = d means 1 / z = (n / d) ray.
    """
    trusted = confirmed if int(confirmed.sum()) >= FEWEST else torch.ones_like(confirmed)
    rays, depths = photo.ray[:, trusted].T.double(), inverse[trusted].double()
    unit = depths.median()
    depths = (depths / unit).clamp_min(FARTHEST)  # or the farthest is all that counts
    weight = torch.ones_like(depths)
    for _ in range(PLANE_ROUNDS):
        scaled = (weight / depths)[:, None] * rays
        matrix = scaled.T @ scaled + RIDGE * torch.eye(3).to(rays)
        plane = torch.linalg.solve(matrix, scaled.T @ weight)
        weight = 1 / (1 + ((rays @ plane / depths - 1) / ON_PLANE).square())
    return torch.einsum("c,chw->hw", (unit * plane).to(inverse), photo.ray).clamp_min(0)

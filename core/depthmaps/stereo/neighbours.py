"""Which photos a photo is compared with, and between which depths: before any depth is known, and
from points that several photos see.

The cost is that of N photos times a fixed number of points, asked in each camera.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from core.depthmaps.cameras import Cameras

GRID = (12, 9)  # rays of a photo that stand for all of it
GUESSES = (0.7, 1.0, 1.5)  # times the depth where the scene may be
FEWEST = 8  # points in common that say something about a pair
USEFUL = (6.0, 20.0)  # degrees between the rays of a pair: less shows no depth, more looks unlike
NEAR, FAR = 0.2, 60.0  # times the guessed depth: between these a scene is looked for
POINTS = 6000  # points of the scene that are kept
QUANTILES = (0.02, 0.98)
MARGINS = (0.7, 3.0)  # times the nearest and the farthest point


def guessed_depths(cameras: Cameras) -> Tensor:
    """(N,) how far ahead of each camera the scene may be: where the viewing axes meet.

    The point nearest to all axes in the sense of least squares. Where axes do not meet ahead it is
    four times the spread of the cameras.
    """
    axes, centre = cameras.rotation[:, :, 2], cameras.centre
    across = torch.eye(3).to(axes) - axes[:, :, None] * axes[:, None]
    spread = (centre - centre.mean(0)).square().sum(-1).mean().sqrt()
    unit = spread if spread > 0 else torch.ones_like(spread)
    offsets = (centre - centre.mean(0)) / unit
    matrix = across.sum(0) + 1e-6 * torch.eye(3).to(axes)
    meet = torch.linalg.solve(matrix, (across @ offsets[..., None]).sum(0))[:, 0]
    ahead = ((meet - offsets) * axes).sum(-1)
    sensible = (ahead > 0.3) & (ahead < 30)
    return unit * torch.where(sensible, ahead, torch.full_like(ahead, 4.0))


def supposed_points(cameras: Cameras, index: int, depth: float) -> Tensor:
    """(P, 3) points that a photo would show if the scene were at about some depth."""
    width, height = cameras.sizes[index].tolist()
    x = (torch.arange(GRID[0]) + 0.5) * width / GRID[0]
    y = (torch.arange(GRID[1]) + 0.5) * height / GRID[1]
    pixels = torch.cartesian_prod(x, y).to(cameras.centre)[None]
    inverse = torch.ones_like(pixels[..., 0]) / depth
    one = cameras[[index]]
    return torch.cat([one.lift(pixels, inverse / guess)[0] for guess in GUESSES])


def seen(cameras: Cameras, points: Tensor) -> Tensor:
    """(N, P) which cameras have points (P, 3) in their picture."""
    return cameras.inside(*cameras.project(points))


def scores(cameras: Cameras, index: int, points: Tensor, visible: Tensor) -> Tensor:
    """(N,) how good each photo is to compare with one: points in common, at useful angles.

    As MVSNet chooses views (Yao et al., ECCV 2018), with angles between `USEFUL` worth most. Pairs
    without common points come behind all others, the nearer first.

    Args: points (P, 3); visible (N, P).
    """
    own = points[visible[index]]
    both = visible[:, visible[index]]
    here = F.normalize(own - cameras.centre[index], dim=-1)
    there = F.normalize(own - cameras.centre[:, None], dim=-1)
    angle = torch.rad2deg(torch.acos((here * there).sum(-1).clamp(-1, 1))).clamp_min(1e-6)
    least, most = USEFUL
    worth = (angle / least).clamp_max(1) ** 2 * (most / angle).clamp_max(1) ** 1.5
    distance = (cameras.centre - cameras.centre[index]).norm(dim=-1)
    behind = 1e-3 / (1 + distance / distance.mean().clamp_min(1e-30))
    out = torch.where(both.sum(1) >= FEWEST, (worth * both).sum(1), behind)
    out[index] = -1.0
    return out


def best_sources(score: Tensor, count: int) -> Tensor:
    """(K,) the photos with the highest scores (N,), at most `count` and never the photo itself."""
    order = score.argsort(descending=True, stable=True)
    return order[: min(count, len(score) - 1)]


def guessed_range(depth: float) -> tuple[float, float]:
    """Nearest and farthest inverse depth that are looked at before anything is known."""
    return 1 / (NEAR * depth), 1 / (FAR * depth)


def inverse_range(
    cameras: Cameras, index: int, points: Tensor, fallback: float
) -> tuple[float, float]:
    """Nearest and farthest inverse depth of a photo that shows points (P, 3).

    Args: `fallback`: depth to be looked around, where there are too few points.
    """
    depth = cameras[[index]].project(points)[1][0]
    depth = depth[depth > 0]
    if len(depth) < FEWEST:
        return guessed_range(fallback)
    near, far = torch.quantile(depth, torch.tensor(QUANTILES).to(depth)).tolist()
    return 1 / (MARGINS[0] * near), 1 / (MARGINS[1] * far)


def thinned(points: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
    """At most `POINTS` of points (P, 3) and of who sees them (N, P); every photo keeps its part.

    Points that few photos see would be lost where others have many, so each photo takes the same
    number of those it sees, evenly from its list.
    """
    if len(points) <= POINTS:
        return points, visible
    keep = torch.zeros(len(points), dtype=torch.bool)
    each = POINTS // len(visible)
    for row in visible.cpu():
        own = row.nonzero()[:, 0]
        keep[own[torch.linspace(0, len(own) - 1, min(each, len(own))).long()]] = True
    return points[keep], visible[:, keep]

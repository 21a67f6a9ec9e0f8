"""What cameras cost that see the same as one photo: many guesses, each swept through depths.

Plane sweep stereo (Collins, CVPR 1996) asked the other way round: not which depth suits a pixel
under known cameras, but how well the best depths do under these. Where cameras are right two others
agree with the photo at one depth of each pixel; where they are wrong they do by chance. The costs
are smooth enough for gradient descent from several degrees away: depths are swept, then cameras
move at those depths, and so on.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from core.depthmaps.cameras import Cameras, through_lens
from core.depthmaps.photos import Level, level_of
from core.depthmaps.stereo.reference import NOISE, best_two

SIDE = 28  # pixels of the longer side
DEPTHS = (0.25, 2.6, 20)  # inverse depths that are swept, over that of the middle: from, to, count
NEAREST = 1e-2  # of a depth over the depth in the first camera: nearer is behind
CHANCE = (
    0.3  # about what wrong cameras cost, which so does what others do not show: it says nothing
)
RADIUS = 2  # pixels around the middle of a window
AT_ONCE = 200_000  # pixels that are swept together, which stay in cache
SWEEPS, STEPS = 6, 8  # of a descent, and steps of the cameras after each sweep
RATES = (0.12, 0.018)  # of the first and the last step, in standard deviations
MOMENTS = (0.8, 0.95)

Relation = tuple[Tensor, Tensor]
"""(G, B, K, 3, 3) turns A and (G, B, K, 3) shifts b, of B guesses for each of G photos: what one
sees along q (z 1) with inverse depth g over that of its middle, K others see along A q + g b."""


@dataclass(frozen=True, eq=False)
class Sweeper:
    """All photos, small. Changes nothing."""

    level: Level

    @classmethod
    def of(cls, photos: Tensor, cameras: Cameras) -> "Sweeper":
        """Args: as `core.depthmaps.stereo.depths.Depths` takes them; of cameras lenses alone."""
        return cls(level_of(photos, cameras, SIDE))

    def through(self, cameras: Cameras) -> "Sweeper":
        """The same photos through other lenses."""
        return Sweeper(replace(self.level, cameras=cameras.at(SIDE)))

    def costs(self, photos: list[int], others: Tensor, relation: Relation) -> Tensor:
        """(G, B) mean cost of the best depths under each guess, 0 to .8.

        Args: G photos of one size, and (G, K) others for each.
        """
        return self._swept(_Compared(self.level, photos, others), relation)[0]

    def descended(
        self,
        photos: list[int],
        others: Tensor,
        numbers: Tensor,
        relate: Callable[[Tensor], Relation],
    ) -> tuple[Tensor, Tensor]:
        """Guesses made better by gradient descent.

        Args:
            photos, others: as `costs` takes them.
            numbers: (G, B, M) of guesses, in standard deviations.
            relate: what the cameras that they stand for see.

        Returns:
            (G, B, M) the best on each way, and (G, B) what they cost.
        """
        compared = _Compared(self.level, photos, others)
        best, least = numbers, numbers.new_full(numbers.shape[:2], torch.inf)
        mean, square, step = torch.zeros_like(numbers), torch.zeros_like(numbers), 0
        for sweep in range(SWEEPS + 1):
            costs, inverse = self._swept(compared, relate(numbers))
            better = costs < least
            best, least = torch.where(better[..., None], numbers, best), torch.minimum(costs, least)
            for _ in range(STEPS if sweep < SWEEPS else 0):
                slope = _slope(compared, numbers, relate, inverse)
                rate = RATES[0] * (RATES[1] / RATES[0]) ** (step / (SWEEPS * STEPS))
                step += 1
                mean = MOMENTS[0] * mean + (1 - MOMENTS[0]) * slope
                square = MOMENTS[1] * square + (1 - MOMENTS[1]) * slope.square()
                size = (square / (1 - MOMENTS[1] ** step)).sqrt() + 1e-8
                numbers = numbers - rate * mean / (1 - MOMENTS[0] ** step) / size
        return best, least

    def _swept(self, compared: "_Compared", relation: Relation) -> tuple[Tensor, Tensor]:
        """(G, B) costs, and (G, B, 1, P) the inverse depths that cost least."""
        tried = torch.linspace(*DEPTHS)
        costs, inverse = [], []
        pixels = compared.there.shape[0] * len(tried) * compared.rays.shape[-1]
        parts = (part.split(max(1, AT_ONCE // pixels), 1) for part in relation)
        for turn, shift in zip(*parts, strict=True):
            every = tried[:, None].expand(*turn.shape[:2], -1, compared.rays.shape[-1])
            least, best = compared.costs((turn, shift), every).min(2)
            costs.append(least.mean((-2, -1)))
            inverse.append(tried[best].flatten(2)[:, :, None])
        return torch.cat(costs, 1), torch.cat(inverse, 1)


def _slope(
    compared: "_Compared", numbers: Tensor, relate: Callable[[Tensor], Relation], inverse: Tensor
) -> Tensor:
    """(G, B, M) the derivative of the costs at given depths (G, B, 1, P)."""
    moving = numbers.detach().requires_grad_(True)
    with torch.enable_grad():
        total = compared.costs(relate(moving), inverse).mean((-3, -2, -1)).sum()
    return torch.nan_to_num(torch.autograd.grad(total, moving)[0])


class _Compared:
    """G photos of one size, each ready to be compared with K others under many guesses."""

    def __init__(self, level: Level, photos: list[int], others: Tensor) -> None:
        cameras = level.cameras
        width, height = cameras.sizes[photos[0]].tolist()
        self.shape = height, width
        self.rays = torch.stack([cameras.rays(photo).T for photo in photos])  # (G, 3, P)
        self.there = level.grey[others].flatten(0, 1)[:, None]
        canvas, numbers = torch.tensor(cameras.canvas), cameras.intrinsics[others]
        self._scale, self._middle = 2 * numbers[..., :2] / canvas, 2 * numbers[..., 2:] / canvas - 1
        self._edge = 2 * cameras.sizes[others] / canvas - 1
        self._k1 = cameras.k1[others][..., None, None, None, None]
        self._window = _band(height, RADIUS), _band(width, RADIUS).T
        self._near = _band(height, 1), _band(width, 1).T
        self.grey = level.grey[photos, :height, :width][:, None, None, None]  # (G, 1, 1, 1, h, w)
        self.mean = self._means(self.grey)
        self.variance = self._variance(self.grey, self.mean)

    def costs(self, relation: Relation, inverse: Tensor) -> Tensor:
        """(G, B, D, h, w) as `core.depthmaps.stereo.reference` has them, at depths (G, B, D, P)."""
        grid, inside = self._grid(*relation, inverse)
        shape = (*inside.shape[:4], *self.shape)
        flat = grid.view(len(self.there), -1, self.shape[1], 2)
        got = F.grid_sample(self.there, flat, padding_mode="border", align_corners=False)
        got = got.view(shape)
        mean = self._means(got)
        covariance = self._means(got * self.grey) - mean * self.mean
        likeness = covariance * (self._variance(got, mean) * self.variance).rsqrt()
        cost = (0.5 - 0.5 * likeness).clamp_max(0.6) + 0.5 * (got - self.grey).abs().clamp_max(0.2)
        cost = torch.where(inside.view(shape), cost, torch.full_like(cost, CHANCE))
        rows, columns = self._near
        return rows @ best_two(cost.unbind(1)) @ columns

    def _grid(self, turn: Tensor, shift: Tensor, inverse: Tensor) -> tuple[Tensor, Tensor]:
        """(G, K, B, D, P, 2) where the others show it, as `grid_sample` counts, and whether."""
        turn, shift = turn.transpose(1, 2), shift.transpose(1, 2)
        seen = (turn @ self.rays[:, None, None])[..., None, :]
        ahead = seen + shift[..., None, None] * inverse[:, None, :, None]
        near = ahead[:, :, :, 2].clamp_min(NEAREST)
        plane = ahead[:, :, :, :2] / near[:, :, :, None]
        if self._k1.any():
            plane = through_lens(plane.movedim(3, -1), self._k1).movedim(-1, 3)
        inside, grid = ahead[:, :, :, 2] > NEAREST, []
        for axis in range(2):
            scale, middle, edge = (
                part[:, :, axis, None, None, None]
                for part in (self._scale, self._middle, self._edge)
            )
            along = plane[:, :, :, axis] * scale + middle
            inside = inside & (along > -1) & (along < edge)
            grid.append(along)
        return torch.stack(grid, -1), inside

    def _means(self, maps: Tensor) -> Tensor:
        """(..., h, w) of windows; a product is ten times as fast as pooling, its gradient too."""
        rows, columns = self._window
        return rows @ maps @ columns

    def _variance(self, maps: Tensor, mean: Tensor) -> Tensor:
        return (self._means(maps.square()) - mean.square()).clamp_min(0) + NOISE


def _band(length: int, radius: int) -> Tensor:
    """(length, length) that takes the mean of each pixel's neighbourhood, as much as there is."""
    pixel = torch.arange(length)
    near = ((pixel[:, None] - pixel).abs() <= radius).float()
    return near / near.sum(1, keepdim=True)

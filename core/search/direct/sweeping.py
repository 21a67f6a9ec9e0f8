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

from core.depthmaps.cameras import Cameras
from core.depthmaps.photos import Level, level_of
from core.depthmaps.reference import NOISE, OUTSIDE, best_two

SIDE = 28  # pixels of the longer side
DEPTHS = (0.25, 2.6, 20)  # inverse depths that are swept, over that of the middle: from, to, count
NEAREST = 1e-2  # of a depth over the depth in the first camera: nearer is behind
RADIUS = 2  # pixels around the middle of a window
AT_ONCE = 16  # guesses that are swept together
SWEEPS, STEPS = 6, 8  # of a descent, and steps of the cameras after each sweep
RATES = (0.12, 0.018)  # of the first and the last step, in standard deviations
MOMENTS = (0.8, 0.95)

Relation = tuple[Tensor, Tensor]
"""(B, K, 3, 3) turns A and (B, K, 3) shifts b: what the photo sees along q (z 1) with inverse depth
g over that of its middle, the K others see along A q + g b."""


@dataclass(frozen=True, eq=False)
class Sweeper:
    """All photos, small. Changes nothing."""

    level: Level

    @classmethod
    def of(cls, photos: Tensor, cameras: Cameras) -> "Sweeper":
        """Args: as `core.depthmaps.depths.Depths` takes them; of the cameras lenses alone count."""
        return cls(level_of(photos, cameras, SIDE))

    def through(self, cameras: Cameras) -> "Sweeper":
        """The same photos through other lenses."""
        return Sweeper(replace(self.level, cameras=cameras.at(SIDE)))

    def costs(self, photo: int, others: list[int], relation: Relation) -> Tensor:
        """(B,) mean cost of the best depths under each of B guesses, 0 to .8."""
        return self._swept(_Compared(self.level, photo, others), relation)[0]

    def descended(
        self,
        photo: int,
        others: list[int],
        numbers: Tensor,
        relate: Callable[[Tensor], Relation],
    ) -> tuple[Tensor, Tensor]:
        """Guesses made better by gradient descent.

        Args:
            numbers: (B, M) of guesses, in standard deviations.
            relate: what the cameras that they stand for see.

        Returns:
            (B, M) the best on each way, and (B,) what they cost.
        """
        compared = _Compared(self.level, photo, others)
        best, least = numbers, numbers.new_full((len(numbers),), torch.inf)
        mean, square, step = torch.zeros_like(numbers), torch.zeros_like(numbers), 0
        for sweep in range(SWEEPS + 1):
            costs, inverse = self._swept(compared, relate(numbers))
            better = costs < least
            best, least = torch.where(better[:, None], numbers, best), torch.minimum(costs, least)
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
        """(B,) costs, and (B, 1, P) the inverse depths that cost least."""
        tried = torch.linspace(*DEPTHS)
        costs, inverse = [], []
        for turn, shift in zip(*(part.split(AT_ONCE) for part in relation), strict=True):
            every = tried[None, :, None].expand(len(turn), -1, compared.rays.shape[1])
            least, place = compared.costs((turn, shift), every).min(1)
            costs.append(least.mean((1, 2)))
            inverse.append(tried[place].flatten(1)[:, None])
        return torch.cat(costs), torch.cat(inverse)


def _slope(
    compared: "_Compared", numbers: Tensor, relate: Callable[[Tensor], Relation], inverse: Tensor
) -> Tensor:
    """(B, M) the derivative of the costs at given depths (B, 1, P)."""
    moving = numbers.detach().requires_grad_(True)
    with torch.enable_grad():
        total = compared.costs(relate(moving), inverse).mean((1, 2, 3)).sum()
    return torch.nan_to_num(torch.autograd.grad(total, moving)[0])


class _Compared:
    """One photo, ready to be compared with others under many guesses."""

    def __init__(self, level: Level, photo: int, others: list[int]) -> None:
        self.level, self.others = level, others
        self.width, self.height = level.cameras.sizes[photo].tolist()
        self.rays = level.cameras.rays(photo).T  # (3, P)
        self.grey = level.own(level.grey, photo)
        self.mean = _means(self.grey[None], RADIUS)[0]
        self.variance = _variance(self.grey[None], self.mean)[0]

    def costs(self, relation: Relation, inverse: Tensor) -> Tensor:
        """(B, D, h, w) as `core.depthmaps.reference` has them, at inverse depths (B, D, P)."""
        turn, shift = relation
        costs = (
            self._cost(other, turn[:, slot], shift[:, slot], inverse)
            for slot, other in enumerate(self.others)
        )
        return _means(best_two(costs), 1)

    def _cost(self, other: int, turn: Tensor, shift: Tensor, inverse: Tensor) -> Tensor:
        grid, inside = self._grid(other, turn, shift, inverse)
        shape = (*inverse.shape[:2], self.height, self.width)
        flat = grid.view(1, -1, self.width, 2)
        there = self.level.grey[other][None, None]
        got = F.grid_sample(there, flat, padding_mode="border", align_corners=False).view(shape)
        mean = _means(got, RADIUS)
        covariance = _means(got * self.grey, RADIUS) - mean * self.mean
        likeness = covariance * (_variance(got, mean) * self.variance).rsqrt()
        cost = (0.5 - 0.5 * likeness).clamp_max(0.6) + 0.5 * (got - self.grey).abs().clamp_max(0.2)
        return torch.where(inside.view(shape), cost, torch.full_like(cost, OUTSIDE))

    def _grid(
        self, other: int, turn: Tensor, shift: Tensor, inverse: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(B, D, P, 2) where the other photo shows it, as `grid_sample` counts, and whether."""
        cameras = self.level.cameras
        ahead = (turn @ self.rays)[:, :, None] + shift[:, :, None, None] * inverse[:, None]
        inside, near = ahead[:, 2] > NEAREST, ahead[:, 2].clamp_min(NEAREST)
        places = []
        for axis in range(2):
            focal, centre = cameras.intrinsics[other, [axis, axis + 2]].tolist()
            side, canvas = int(cameras.sizes[other, axis]), cameras.canvas[axis]
            place = ahead[:, axis] / near * (2 * focal / canvas) + (2 * centre / canvas - 1)
            inside = inside & (place > -1) & (place < 2 * side / canvas - 1)
            places.append(place)
        return torch.stack(places, -1), inside


def _variance(maps: Tensor, mean: Tensor) -> Tensor:
    return (_means(maps.square(), RADIUS) - mean.square()).clamp_min(0) + NOISE


def _means(maps: Tensor, radius: int) -> Tensor:
    """(..., h, w) as `core.depthmaps.reference.box`, which does not pass gradients on quickly."""
    return F.avg_pool2d(maps, 2 * radius + 1, 1, radius, count_include_pad=False)

"""One photo compared with others through its own inverse depths: plane sweep stereo.

Collins, A space-sweep approach to true multi-image matching (CVPR 1996): a pixel, a depth and two
cameras give the place in the other photo; where the depth is right both look alike. Likeness is the
zero-mean normalised cross correlation of small windows, in which each pixel has a depth of its own,
so that slanted surfaces fit.
"""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from core.depthmaps.photos import Level

RADIUS = 2  # pixels around the middle of a window
NOISE = 2e-4  # variance of grey that is no texture
OUTSIDE = 0.8  # cost of what a source does not show
NEAREST = 1e-3  # of a depth over the depth in the first camera: nearer is behind
AT_ONCE = 200_000  # pixels compared at once, which stay in cache
BEST = 2  # sources that have to agree: others may be covered


class Reference:
    """One photo of a level, ready to be compared with the others; it changes nothing."""

    def __init__(self, level: Level, index: int, sources: Tensor) -> None:
        """Args: `sources` (K,) numbers of the photos it is compared with."""
        self.level, self.index, self.sources = level, index, sources.tolist()
        self.width, self.height = level.cameras.sizes[index].tolist()
        self.ray = level.cameras.rays(index).T.reshape(3, self.height, self.width)
        self.grey = level.own(level.grey, index)
        self._mean = box(self.grey, RADIUS)
        self._variance = _variance(self.grey, self._mean)

    def texture(self) -> Tensor:
        """(h, w) standard deviation of grey in each window."""
        return (self._variance - NOISE).sqrt()

    def seen_in(
        self, source: int, inverse: Tensor, what: Tensor, mode: str = "bilinear"
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What another photo holds at this one's pixels.

        Args:
            source: number of the other photo.
            inverse: (B, h, w) inverse depths of this photo's pixels.
            what: (C, H, W) on the other photo's canvas.

        Returns:
            (B, C, h, w) values, (B, h, w) whether they are inside the other photo, and (B, h, w)
            depth in the other camera times inverse depth in this one.
        """
        grid, inside, depth = self._grid(source, inverse)
        flat = grid.view(1, -1, self.width, 2)
        got = F.grid_sample(what[None], flat, mode, "border", align_corners=False)
        shape = (len(what), len(inverse), self.height, self.width)
        return got.view(shape).transpose(0, 1), inside, depth

    def costs(self, inverse: Tensor) -> Tensor:
        """(B, h, w) how unlike the sources are under inverse depths (B, h, w), 0 to .8.

        (1 - ZNCC) / 2 and half the difference of grey, both cut off; the two sources that fit best.
        """
        size = max(1, AT_ONCE // (self.width * self.height))
        return torch.cat([self._costs(part) for part in inverse.split(size)])

    def _costs(self, inverse: Tensor) -> Tensor:
        if not self.sources:
            return torch.full_like(inverse, OUTSIDE)
        return best_two(self._cost(source, inverse) for source in self.sources)

    def _cost(self, source: int, inverse: Tensor) -> Tensor:
        got, inside, _ = self.seen_in(source, inverse, self.level.grey[source][None])
        other = got[:, 0]
        mean = box(other, RADIUS)
        variance = _variance(other, mean)
        covariance = box(other * self.grey, RADIUS).sub_(mean.mul_(self._mean))
        likeness = covariance.mul_(variance.mul_(self._variance).rsqrt_())
        cost = likeness.mul_(-0.5).add_(0.5).clamp_(max=0.6)
        cost.add_(other.sub_(self.grey).abs_().clamp_(max=0.2), alpha=0.5)
        return cost.masked_fill_(~inside, OUTSIDE)

    def _grid(self, source: int, inverse: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, h, w, 2) positions as `grid_sample` counts them, inside, and depth as `seen_in`."""
        cameras = self.level.cameras
        back = cameras.rotation[source].T
        turn = back @ cameras.rotation[self.index]
        shift = (back @ (cameras.centre[self.index] - cameras.centre[source])).tolist()
        ray = torch.einsum("ij,jhw->ihw", turn, self.ray)
        depth = torch.add(ray[2], inverse, alpha=shift[2])
        ahead = depth.clamp_min(NEAREST).reciprocal_()
        x = torch.add(ray[0], inverse, alpha=shift[0]).mul_(ahead)
        y = torch.add(ray[1], inverse, alpha=shift[1]).mul_(ahead)
        k1 = float(cameras.k1[source])
        if k1:
            bend = x.square().addcmul_(y, y).clamp_(max=1 / (3 * max(-k1, 1e-9)))
            bend.mul_(k1).add_(1.0)
            x.mul_(bend)
            y.mul_(bend)
        inside = depth > NEAREST
        grid = inverse.new_empty(*inverse.shape, 2)
        sides = zip((x, y), cameras.sizes[source].tolist(), cameras.canvas, strict=True)
        for axis, (along, side, canvas) in enumerate(sides):
            focal, centre = cameras.intrinsics[source, [axis, axis + 2]].tolist()
            along.mul_(2 * focal / canvas).add_(2 * centre / canvas - 1)
            inside &= (along > -1) & (along < 2 * side / canvas - 1)
            grid[..., axis] = along
        return grid, inside, depth


def best_two(costs: Iterable[Tensor]) -> Tensor:
    """(...) mean of the least two of costs (...), or the only one; made as they are asked for."""
    first = second = None
    for cost in costs:
        if first is None:
            first = cost
        elif second is None:
            first, second = torch.minimum(first, cost), torch.maximum(first, cost)
        else:
            second = torch.minimum(second, torch.maximum(first, cost))
            first = torch.minimum(first, cost)
    assert first is not None, "there is somebody to compare with"
    return first if second is None else (first + second) / BEST


def box(maps: Tensor, radius: int) -> Tensor:
    """(..., h, w) mean of each pixel's neighbourhood, of those of its pixels that there are."""
    return _sums(_sums(maps, radius, -1), radius, -2)


def _sums(maps: Tensor, radius: int, axis: int) -> Tensor:
    """Running means along one axis, shorter at the ends."""
    length = maps.shape[axis]
    out = maps.clone()
    for shift in range(1, min(radius, length - 1) + 1):
        out.narrow(axis, shift, length - shift).add_(maps.narrow(axis, 0, length - shift))
        out.narrow(axis, 0, length - shift).add_(maps.narrow(axis, shift, length - shift))
    pixel = torch.arange(length, device=maps.device)
    count = (pixel + radius).clamp_max(length - 1) - (pixel - radius).clamp_min(0) + 1
    part = count.to(maps.dtype).reciprocal()
    return out.mul_(part if axis == -1 else part[:, None])


def _variance(maps: Tensor, mean: Tensor) -> Tensor:
    square = box(maps.square(), RADIUS)
    return square.addcmul_(mean, mean, value=-1).clamp_(min=0).add_(NOISE)

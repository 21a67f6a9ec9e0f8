"""One photo's inverse depths made sharper, and smoother where nothing else is seen."""

import cv2
import torch
import torch.nn.functional as F
from torch import Tensor

from core.depthmaps.stereo.aggregate import aggregated, cheapest
from core.depthmaps.stereo.reference import Reference, box

STAYING = 0.004  # cost of a shift by one step
BORROWING = 0.02  # cost of taking a neighbour's depth
REACH = 5  # pixels across, from which the nearest and the farthest are tried
COLOUR = 0.05  # difference of colour up to which neighbours are alike


def swept(photo: Reference, nearest: float, farthest: float, planes: int) -> Tensor:
    """(h, w) inverse depths from nothing: the best of even steps between two inverse depths."""
    grey = photo.level.image(photo.index).mean(0)
    depths = torch.linspace(farthest, nearest, planes, device=grey.device)
    flat = depths[:, None, None].expand(-1, photo.height, photo.width)
    index, _ = cheapest(aggregated(photo.costs(flat), grey))
    return farthest + index * (nearest - farthest) / (planes - 1)


def refined(photo: Reference, inverse: Tensor, step: float, shifts: tuple[float, ...]) -> Tensor:
    """(h, w) inverse depths, each shifted or taken from its neighbourhood.

    Args:
        inverse: (h, w).
        step, shifts: tried are the shifts, evenly spaced and around 0, times the step; and the
            nearest and the farthest within 5 x 5 pixels, as PatchMatch passes depths on
            (Bleyer et al., BMVC 2011).
    """
    shift = torch.tensor(shifts, device=inverse.device)[:, None, None]
    near, far = around(inverse, REACH)
    tried = torch.cat([inverse + shift * step, near[None], far[None]])
    costs = photo.costs(tried)
    costs[:-2] += STAYING * shift.abs()
    costs = box(costs, 1)
    index, own = cheapest(costs[:-2])
    new = inverse + (shifts[0] + index * (shifts[1] - shifts[0])) * step
    take_near, take_far = costs[-2] + BORROWING, costs[-1] + BORROWING
    new = torch.where(take_far < own, far, new)
    return torch.where(take_near < torch.minimum(own, take_far), near, new)


def around(inverse: Tensor, across: int) -> tuple[Tensor, Tensor]:
    """(h, w) the nearest and the farthest inverse depth within windows `across` pixels wide."""
    near = F.max_pool2d(inverse[None], across, 1, across // 2)[0]
    far = -F.max_pool2d(-inverse[None], across, 1, across // 2)[0]
    return near, far


def smoothed(inverse: Tensor, image: Tensor, step: float, radius: int = 3) -> Tensor:
    """(h, w) inverse depths averaged over pixels of like colour and like depth.

    The joint bilateral filter (Kopf et al., SIGGRAPH 2007), on every second pixel.

    Args:
        image: (C, h, w) in [0, 1].
        step: of inverse depth; three of them are a difference.
    """
    height, width = inverse.shape
    sides = (radius,) * 4
    depths = F.pad(inverse[None, None], sides, mode="replicate")[0, 0]
    colours = F.pad(image[None], sides, mode="replicate")[0]
    total, weights = torch.zeros_like(inverse), torch.full_like(inverse, 1e-6)
    for y in range(2 * radius + 1):
        for x in range(y % 2, 2 * radius + 1, 2):
            depth = depths[y : y + height, x : x + width]
            colour = colours[:, y : y + height, x : x + width]
            unlike = (colour - image).square_().sum(0).mul_(0.5 / COLOUR**2)
            unlike += ((depth - inverse) / (3 * step)).square_()
            weight = unlike.neg_().exp_()
            total.addcmul_(weight, depth)
            weights += weight
    return torch.where(weights > 1e-3, total / weights, inverse)


def median(maps: Tensor, across: int) -> Tensor:
    """(h, w) median of windows 3 or 5 pixels wide."""
    return torch.from_numpy(cv2.medianBlur(maps.contiguous().cpu().numpy(), across)).to(maps)

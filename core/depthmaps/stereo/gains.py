"""Exposure and white balance of each photo, from pixels that two photos share."""

import torch
from torch import Tensor

from core.depthmaps.photos import in_units
from core.depthmaps.stereo.reference import Reference

FEWEST = 200  # pixels in common that say something about a pair
DARKEST, BRIGHTEST = 0.05, 0.95  # of a channel: beyond, photos are cut off
SAME = 0.01  # largest difference of depth, as a part of it
TO_ONE = 0.1  # how strongly a gain is drawn to 1, against a pair's weight of 1


def brightness_against(photo: Reference, inverse: Tensor) -> Tensor:
    """(K, C) median logarithm of a photo's brightness over that of each source; nan: unknown.

    Compared are pixels that show the same surface in both.

    Args: inverse (N, H, W) inverse depths of all photos.
    """
    level, own = photo.level, photo.level.own(inverse, photo.index)
    here = level.image(photo.index)
    rows = []
    for source in photo.sources:
        what = torch.cat([in_units(level.images[source]), inverse[source][None]])
        got, inside, depth = photo.seen_in(source, own[None], what)
        there = got[0, :-1]
        same = inside[0] & ((got[0, -1] * depth[0] / own - 1).abs() < SAME)
        for side in (here, there):
            same &= ((side > DARKEST) & (side < BRIGHTEST)).all(0)
        if int(same.sum()) < FEWEST:
            rows.append(here.new_full((len(here),), torch.nan))
        else:
            rows.append((here[:, same].log() - there[:, same].log()).median(1).values)
    return torch.stack(rows)


def gains(ratios: Tensor, sources: Tensor) -> Tensor:
    """(N, C) logarithm of each photo's gain, of all as near to 0 as the pairs allow.

    Least squares over all pairs; photos of different gains look alike after division by exp of it.

    Args:
        ratios: (N, K, C) of `brightness_against`, for each photo.
        sources: (N, K) which photos those were.
    """
    count, others, channels = ratios.shape
    first = torch.arange(count, device=sources.device)[:, None].expand(-1, others)
    known = ~ratios.isnan().any(-1)
    pairs = int(known.sum())
    matrix = ratios.new_zeros(pairs + count, count, dtype=torch.float64)
    rows = torch.arange(pairs, device=sources.device)
    matrix[rows, first[known]] += 1
    matrix[rows, sources[known]] -= 1
    matrix[pairs:] = TO_ONE * torch.eye(count, dtype=matrix.dtype, device=matrix.device)
    wanted = torch.cat([ratios[known].double(), matrix.new_zeros(count, channels)])
    return torch.linalg.solve(matrix.T @ matrix, matrix.T @ wanted).to(ratios.dtype)

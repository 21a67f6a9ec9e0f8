"""A world without end in a box: near things as they are, far ones ever closer together."""

from typing import NamedTuple

import torch
from torch import Tensor


class Ball(NamedTuple):
    """What is near, in the world: (3,) centre, and radius."""

    x: float
    y: float
    z: float
    radius: float

    def contracted(self, points: Tensor) -> Tensor:
        """Points of the world (..., 3) as a field is asked for them, in a ball of radius 1.

        Mip-NeRF 360 (Barron et al., CVPR 2022), equation 10, at half its size: x / 2 within the
        ball, (2 - 1 / |x|) x / 2 |x| outside, with x in radii from its centre.
        """
        middle = torch.stack([points.new_full((), side) for side in self[:3]])  # made there
        apart = (points - middle) / self.radius
        away = apart.norm(dim=-1, keepdim=True).clamp_min(1.0)
        return apart * ((2 - 1 / away) / (2 * away))

    @classmethod
    def around(cls, points: Tensor, share: float) -> "Ball":
        """The ball around the middle of points (P, 3) that holds this share of them."""
        middle = points.median(0).values
        radius = (points - middle).norm(dim=-1).quantile(share)
        x, y, z = middle.tolist()
        return cls(x, y, z, max(float(radius), torch.finfo(torch.float32).tiny))

"""Three ways to store a focal length as a number that gradient descent can move.

What is stored is a function of the *ratio* focal length / image side, which is of order 1 whatever
the resolution (NeRF--, arXiv 2102.07064, section 3.1; `square` is its equation for f).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

SMALLEST_RATIO = 1e-3  # a field of view of 179.9 degrees: no photograph is wider


@dataclass(frozen=True)
class Focal:
    """One representation: maps between the stored number and the ratio, elementwise."""

    to_ratio: Callable[[Tensor], Tensor]
    from_ratio: Callable[[Tensor], Tensor]


FOCALS: dict[str, Focal] = {
    "square": Focal(torch.square, torch.sqrt),
    "ratio": Focal(lambda number: number.clamp_min(SMALLEST_RATIO), torch.clone),
    "exp": Focal(torch.exp, torch.log),
}

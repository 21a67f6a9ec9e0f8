"""From raw density to density >= 0."""

from collections.abc import Callable

import torch
from torch import Tensor

DENSITY_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "softplus": torch.nn.functional.softplus,
}

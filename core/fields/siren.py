"""The SIREN field: sine layers on raw coordinates (Sitzmann et al., arXiv 2006.09661)."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from core.fields.activations import DENSITY_ACTIVATIONS
from core.fields.gradual import Gradual
from core.fields.layers import dense, mixed, sine
from core.fields.precision import lowered


class SirenField(Gradual):
    """`depth` sine layers, no skip and no encoding, as improved-nerfmm's SirenNeRF.

    141,380 parameters at width 128 and depth 8. Density is multiplied by `density_scale` on its
    positive side only, raw colour by `rgb_scale` before the sigmoid. Initial weights are uniform:
    +-1/inputs in the first layer, +-sqrt(6/inputs)/w0 in the others (section 3.2 of the paper).
    """

    hidden: Sequence[nn.Linear]  # a module list, whose type would forget what it holds

    def __init__(
        self,
        width: int,
        depth: int,
        first_w0: float,
        following_w0: float,
        density_scale: float,
        rgb_scale: float,
        view_directions: bool,
        density_activation: str,
        precision: str,
    ) -> None:
        super().__init__()
        self.first_w0, self.following_w0 = first_w0, following_w0
        self.density_scale, self.rgb_scale = density_scale, rgb_scale
        self.view_directions, self.precision = view_directions, precision
        self.activate = DENSITY_ACTIVATIONS[density_activation]
        layers = [nn.Linear(width if i else 3, width) for i in range(depth)]
        self.hidden = nn.ModuleList(layers)  # type: ignore[assignment]
        self.density = nn.Linear(width, 1)
        self.remap = nn.Linear(width, width)
        self.colour_hidden = nn.Linear(width + 3 * view_directions, width // 2)
        self.colour = nn.Linear(width // 2, 3)
        self._initialise()

    def _initialise(self) -> None:
        for index, layer in enumerate([*self.hidden, self.colour_hidden]):
            inputs = layer.in_features
            bound = 1 / inputs if index == 0 else math.sqrt(6 / inputs) / self.following_w0
            nn.init.uniform_(layer.weight, -bound, bound)
            nn.init.uniform_(layer.bias, -bound, bound)

    def forward(
        self, positions: Tensor, directions: Tensor, noise: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Colour and density of points; see `core.fields.SceneField`."""
        points, exact = positions.shape[:-1], positions.dtype
        hidden = self._trunk(positions)
        raw = self.density(hidden.to(exact)).view(points)
        raw = torch.where(raw > 0, raw * self.density_scale, raw)
        density = self.activate(raw if noise is None else raw + noise)
        view = self.view_weight * directions if self.view_directions else None
        colour = sine(self.following_w0 * mixed(self.colour_hidden, self.remap, hidden, view))
        colour = self.rgb_scale * self.colour(colour.to(exact))
        return torch.sigmoid(colour).view(*points, 3), density

    def _trunk(self, positions: Tensor) -> Tensor:
        """(..., 3) -> (P, width), what density and colour are read from.

        w0 multiplies weights and biases instead of every point's angle. The first layer's angles
        reach tens of radians, more than lowered numbers can tell apart.
        """
        first, *following = self.hidden
        w0 = self.first_w0
        hidden = sine(dense(positions.flatten(0, -2), w0 * first.weight, w0 * first.bias))
        hidden, w0 = lowered(hidden, self.precision), self.following_w0
        for layer in following:
            hidden = sine(dense(hidden, w0 * layer.weight, w0 * layer.bias))
        return hidden

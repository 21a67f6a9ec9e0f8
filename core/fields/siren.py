"""The SIREN field: sine layers on raw coordinates (Sitzmann et al., arXiv 2006.09661)."""

import math

import torch
from torch import Tensor, nn

from core.fields.activations import DENSITY_ACTIVATIONS
from core.fields.relu import mixed


class SirenField(nn.Module):
    """`depth` sine layers, no skip and no encoding, as improved-nerfmm's SirenNeRF.

    141,380 parameters at width 128 and depth 8. Density is multiplied by `density_scale` on its
    positive side only, raw colour by `rgb_scale` before the sigmoid. Initial weights are uniform:
    +-1/inputs in the first layer, +-sqrt(6/inputs)/w0 in the others (section 3.2 of the paper).
    """

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
    ) -> None:
        super().__init__()
        self.first_w0, self.following_w0 = first_w0, following_w0
        self.density_scale, self.rgb_scale = density_scale, rgb_scale
        self.view_directions = view_directions
        self.activate = DENSITY_ACTIVATIONS[density_activation]
        self.hidden = nn.ModuleList(nn.Linear(width if i else 3, width) for i in range(depth))
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
        hidden = positions
        for index, layer in enumerate(self.hidden):
            w0 = self.following_w0 if index else self.first_w0
            hidden = torch.sin(w0 * layer(hidden))
        raw = self.density(hidden).squeeze(-1)
        raw = torch.where(raw > 0, raw * self.density_scale, raw)
        density = self.activate(raw if noise is None else raw + noise)
        view = directions if self.view_directions else None
        colour = mixed(self.colour_hidden, self.remap(hidden), view)
        colour = self.colour(torch.sin(self.following_w0 * colour))
        return torch.sigmoid(self.rgb_scale * colour), density

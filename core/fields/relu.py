"""The ReLU field: NeRF's network as nerfmm and improved-nerfmm build it."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.fields.activations import DENSITY_ACTIVATIONS
from core.fields.encoding import encode, encoded_size


class ReluField(nn.Module):
    """`depth` dense layers on the encoded position; the code enters again after layer `skip`.

    At width 128, depth 8, skip 4, octaves 10 and 4 it has 158,660 parameters, those of
    improved-nerfmm's NeRF (models/nerf_base.py): Xavier-uniform weights, zero biases, a linear
    head for density, and a linear layer without activation before the colour head.
    """

    def __init__(
        self,
        width: int,
        depth: int,
        skip: int,
        position_octaves: int,
        direction_octaves: int,
        view_directions: bool,
        density_activation: str,
    ) -> None:
        super().__init__()
        self.position_octaves, self.direction_octaves = position_octaves, direction_octaves
        self.view_directions, self.skip = view_directions, skip
        self.activate = DENSITY_ACTIVATIONS[density_activation]
        code = encoded_size(3, position_octaves)
        sizes = [code] + [width] * (depth - 1)
        if skip + 1 < depth:
            sizes[skip + 1] += code
        self.hidden = nn.ModuleList(nn.Linear(size, width) for size in sizes)
        self.density = nn.Linear(width, 1)
        self.remap = nn.Linear(width, width)
        view = encoded_size(3, direction_octaves) if view_directions else 0
        self.colour_hidden = nn.Linear(width + view, width // 2)
        self.colour = nn.Linear(width // 2, 3)
        self._initialise()

    def _initialise(self) -> None:
        relu_gain = nn.init.calculate_gain("relu")
        for layer in [*self.hidden, self.colour_hidden]:
            nn.init.xavier_uniform_(layer.weight, relu_gain)
            nn.init.zeros_(layer.bias)
        for layer in (self.density, self.remap, self.colour):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self, positions: Tensor, directions: Tensor, noise: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Colour and density of points; see `core.fields.SceneField`."""
        code = encode(positions, self.position_octaves)
        hidden = code
        for index, layer in enumerate(self.hidden):
            entering = torch.cat([code, hidden], dim=-1) if index == self.skip + 1 else hidden
            hidden = functional.relu(layer(entering))
        raw = self.density(hidden).squeeze(-1)
        density = self.activate(raw if noise is None else raw + noise)
        view = encode(directions, self.direction_octaves) if self.view_directions else None
        colour = functional.relu(mixed(self.colour_hidden, self.remap(hidden), view))
        return torch.sigmoid(self.colour(colour)), density


def mixed(layer: nn.Linear, features: Tensor, view: Tensor | None) -> Tensor:
    """`layer` on [features, view], where view (R, 1, V) is shared by all samples of a ray.

    The view's part is computed once for each ray instead of once for each sample.
    """
    if view is None:
        return layer(features)
    width = features.shape[-1]
    of_view = functional.linear(view, layer.weight[:, width:], layer.bias)
    return functional.linear(features, layer.weight[:, :width]) + of_view

"""The ReLU field: NeRF's network as nerfmm and improved-nerfmm build it."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.fields.activations import DENSITY_ACTIVATIONS
from core.fields.encoding import code_mask, encode, encoded_size
from core.fields.gradual import Gradual, octave_weights
from core.fields.layers import dense, dense_both, mixed
from core.fields.precision import lowered


class ReluField(Gradual):
    """`depth` dense layers on the encoded position; the code enters again after layer `skip`.

    At width 128, depth 8, skip 4, octaves 10 and 4 it has 158,660 parameters, those of
    improved-nerfmm's NeRF (models/nerf_base.py): Xavier-uniform weights, zero biases, a linear
    head for density, and a linear layer without activation before the colour head.
    """

    hidden: Sequence[nn.Linear]  # a module list, whose type would forget what it holds

    def __init__(
        self,
        width: int,
        depth: int,
        skip: int,
        position_octaves: int,
        direction_octaves: int,
        anneal: bool,
        view_directions: bool,
        density_activation: str,
        precision: str,
    ) -> None:
        """Args: `anneal` has `progress` decide how many octaves of the position show."""
        super().__init__()
        self.position_octaves, self.direction_octaves = position_octaves, direction_octaves
        self.anneal, self.view_directions, self.skip = anneal, view_directions, skip
        self.activate, self.precision = DENSITY_ACTIVATIONS[density_activation], precision
        code = encoded_size(3, position_octaves)
        sizes = [code] + [width] * (depth - 1)
        if skip + 1 < depth:
            sizes[skip + 1] += code
        layers = [nn.Linear(size, width) for size in sizes]
        self.hidden = nn.ModuleList(layers)  # type: ignore[assignment]
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
        points, exact = positions.shape[:-1], positions.dtype
        hidden = self._trunk(positions)
        raw = self.density(hidden.to(exact)).view(points)
        density = self.activate(raw if noise is None else raw + noise)
        view = None
        if self.view_directions:
            view = self.view_weight * encode(directions, self.direction_octaves)
        colour = functional.relu_(mixed(self.colour_hidden, self.remap, hidden, view))
        return torch.sigmoid(self.colour(colour.to(exact))).view(*points, 3), density

    def _trunk(self, positions: Tensor) -> Tensor:
        """(..., 3) -> (P, width), what density and colour are read from."""
        code = lowered(encode(positions.flatten(0, -2), self.position_octaves), self.precision)
        hidden = code
        for index, layer in enumerate(self.hidden):
            if index == 0:
                hidden = dense(code, self._masked(layer.weight), layer.bias)
            elif index == self.skip + 1:
                hidden = dense_both(code, hidden, self._masked(layer.weight), layer.bias)
            else:
                hidden = dense(hidden, layer.weight, layer.bias)
            hidden = functional.relu_(hidden)
        return hidden

    def _masked(self, weight: Tensor) -> Tensor:
        """A layer's weight with octaves that do not show yet faded out.

        Masking the columns that read the code equals masking the code, and costs nothing a point.
        """
        if not self.anneal or self.progress >= 1:
            return weight
        mask = code_mask(3, octave_weights(self.position_octaves, self.progress), weight)
        return weight * functional.pad(mask, (0, weight.shape[1] - len(mask)), value=1.0)

"""The tri-plane field: three feature planes and a small network that reads their products.

Feature planes as in EG3D (arXiv 2112.07945) and K-Planes (arXiv 2301.10241), whose product of
planes, unlike their sum, can single out a place in space. Forward-facing scenes have far more to
tell across the picture than along depth: the plane over (x, y) is fine, those over depth coarse.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.fields.activations import DENSITY_ACTIVATIONS
from core.fields.encoding import encode, encoded_size
from core.fields.gradual import Gradual
from core.fields.layers import dense, plus_view, sine
from core.fields.precision import lowered

# Stored numbers times this are features: Adam moves all numbers alike, and features want to move
# further than the network's weights. Measured on a photographed scene: 8 trains fastest.
FEATURE_SCALE = 8.0
FIRST_SPREAD = 0.1  # standard deviation of fresh features
FIRST_FOG = 0.5  # raw density everywhere at first: under a rectifier, empty space never learns

HEADS: dict[str, Callable[[Tensor], Tensor]] = {"relu": functional.relu_, "sine": sine}


class TriplaneField(Gradual):
    """Planes p (x, y), q (x, z) and r (y, z); [p q, p r, p + q + r] enters a network of one layer.

    Positions beyond the planes take the nearest edge's features. With view directions a second,
    narrower layer stands before the colour.
    """

    plane_extent: Tensor  # (3,) how far the planes reach along each axis

    def __init__(
        self,
        plane_side: int,
        plane_depth: int,
        plane_channels: int,
        plane_extent: float,
        width: int,
        head: str,
        direction_octaves: int,
        view_directions: bool,
        density_activation: str,
        precision: str,
    ) -> None:
        """Features begin as weak noise.

        Args:
            plane_side: texels along x and along y.
            plane_depth: texels along z.
            plane_channels: features of each plane.
            plane_extent: |x| and |y| the planes reach; z reaches from -1 to 1.
            width: neurons of the head.
            head: the activation of the head, a key of `HEADS`.
            direction_octaves, view_directions, density_activation, precision: as in the others.
        """
        super().__init__()
        self.direction_octaves = direction_octaves
        extent = torch.tensor([plane_extent, plane_extent, 1.0])
        self.register_buffer("plane_extent", extent, persistent=False)
        self.view_directions, self.precision = view_directions, precision
        self.activate, self.bend = DENSITY_ACTIVATIONS[density_activation], HEADS[head]
        across, along = (plane_side, plane_side), (plane_depth, plane_side)
        self.planes = nn.ParameterList(
            FIRST_SPREAD / FEATURE_SCALE * torch.randn(1, plane_channels, *size)
            for size in (across, along, along)
        )
        self.hidden = nn.Linear(3 * plane_channels, width)
        self.density = nn.Linear(width, 1)
        if view_directions:
            view = encoded_size(3, direction_octaves)
            self.colour_hidden = nn.Linear(width + view, width // 2)
        self.colour = nn.Linear(width // 2 if view_directions else width, 3)
        nn.init.constant_(self.density.bias, FIRST_FOG)

    def forward(
        self, positions: Tensor, directions: Tensor, noise: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Colour and density of points; see `core.fields.SceneField`."""
        points, exact = positions.shape[:-1], positions.dtype
        features = lowered(self.features(positions.flatten(0, -2)), self.precision)
        hidden = self.bend(dense(features, self.hidden.weight, self.hidden.bias))
        raw = self.density(hidden.to(exact)).view(points)
        density = self.activate(raw if noise is None else raw + noise)
        if self.view_directions:
            view = self.view_weight * encode(directions, self.direction_octaves)
            hidden = self._coloured(hidden, view)
        return torch.sigmoid(self.colour(hidden.to(exact))).view(*points, 3), density

    def features(self, positions: Tensor) -> Tensor:
        """What the planes hold at positions (P, 3): (P, 3 channels), unlowered."""
        x, y, z = (positions / self.plane_extent.to(positions)).unbind(-1)
        p, q, r = self.planes
        p, q, r = _read(p, x, y), _read(q, x, z), _read(r, y, z)
        return torch.cat([p * q, p * r, p + q + r]).t()

    def _coloured(self, hidden: Tensor, view: Tensor) -> Tensor:
        layer, size = self.colour_hidden, hidden.shape[-1]
        of_view = functional.linear(view, layer.weight[:, size:], layer.bias)
        return self.bend(plus_view(dense(hidden, layer.weight[:, :size], None), of_view))


def _read(plane: Tensor, column: Tensor, row: Tensor) -> Tensor:
    """Features (channels, P) of a plane at columns and rows (P,) in [-1, 1]."""
    grid = torch.stack([column, row], dim=-1)[None, None].nan_to_num()  # else memory is missed
    found = functional.grid_sample(plane, grid, padding_mode="border", align_corners=True)
    return FEATURE_SCALE * found[0, :, 0]

"""Scene functions: (position, direction) -> (colour, density)."""

from typing import Protocol

from torch import Tensor, nn

from core.fields.activations import DENSITY_ACTIVATIONS
from core.fields.relu import ReluField
from core.fields.siren import SirenField
from core.fields.triplane import TriplaneField
from core.multiplane.field import MultiplaneImage

FIELDS: dict[str, type[nn.Module]] = {
    "relu": ReluField,
    "siren": SirenField,
    "triplane": TriplaneField,
    "planes": MultiplaneImage,
}


class SceneField(Protocol):
    """What every field answers."""

    def __call__(
        self, positions: Tensor, directions: Tensor, noise: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Colour and density of points.

        Args:
            positions: (R, S, 3) in the field's space, about within [-1, 1].
            directions: (R, 1, 3) unit view directions in the world, one for each ray.
            noise: (R, S) added to the raw density, or None.

        Returns:
            rgb (R, S, 3) in [0, 1] and density (R, S) >= 0, after the activation.
        """
        ...


__all__ = [
    "DENSITY_ACTIVATIONS",
    "FIELDS",
    "MultiplaneImage",
    "ReluField",
    "SceneField",
    "SirenField",
    "TriplaneField",
]

"""How far planes are: the work of their levels."""

from collections.abc import Sequence

from core.multiplane.schedule import Level
from core.training.ahead import Leg

TEXEL = 0.25  # of the work of a sample that is met


def legs_of(levels: Sequence[Level], photos: int, whole: int, times: float = 1.0) -> list[Leg]:
    """The work of levels, in samples that are met; texels are moved beside these.

    Args: so many `photos`, of `whole` pixels each; each step is made so many `times`.
    """
    legs = []
    for level in levels:
        pixels = min(level.pixels, whole)
        met = level.drawn(pixels * photos)
        legs.append(Leg(level.steps, times * level.planes * (met + TEXEL * pixels)))
    return legs

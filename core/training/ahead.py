"""How far something is on its way, told by the work that lies behind it and before it."""

from collections.abc import Sequence
from typing import NamedTuple


class Leg(NamedTuple):
    """A part of a way whose steps are alike.

    Attributes:
        steps: how many it has.
        labour: how long one takes, in any unit that all legs share.
    """

    steps: int
    labour: float


def part_gone(legs: Sequence[Leg], leg: int, step: int) -> float | None:
    """What part in [0, 1) lies behind who has made `step` steps of a leg; None after the last."""
    if leg >= len(legs):
        return None
    whole = sum(leg.steps * leg.labour for leg in legs)
    done = sum(leg.steps * leg.labour for leg in legs[:leg]) + step * legs[leg].labour
    return done / whole

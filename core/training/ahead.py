"""How far something is on its way, told by the work that lies behind it and before it."""

from collections.abc import Sequence
from typing import NamedTuple


class Ahead(NamedTuple):
    """Of a way that has an end.

    Attributes:
        part: that is gone, in [0, 1].
        steps: that are left, each as long as the present ones.
    """

    part: float
    steps: float


class Leg(NamedTuple):
    """A part of a way whose steps are alike.

    Attributes:
        steps: how many it has.
        labour: how long one takes, in any unit that all legs share.
    """

    steps: int
    labour: float


def ahead(legs: Sequence[Leg], leg: int, step: int) -> Ahead | None:
    """Where one is who has made `step` steps of a leg; None once the last one is over."""
    if leg >= len(legs):
        return None
    whole = sum(leg.steps * leg.labour for leg in legs)
    done = sum(leg.steps * leg.labour for leg in legs[:leg]) + step * legs[leg].labour
    return Ahead(done / whole, (whole - done) / legs[leg].labour)

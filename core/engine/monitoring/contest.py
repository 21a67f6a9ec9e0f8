"""Planes and a network at the same unseen pixels: who knows them better, since when, and from when.

Learning curves in dB are about straight over the logarithm of the steps, so what planes are ahead
by is fitted as a line over it. When a network passes is told only where that line says so though
its slope be less by three standard errors, and soon enough to be believed.
"""

from dataclasses import dataclass

import numpy as np

from core.training.holdout import LEAD

FEW = 6  # points, at least, that a line is fitted to
RECENT = 0.5  # of a network's steps, whose points are fitted: what comes first is steeper
ERRORS = 3.0  # standard errors; points are smoothed, so they tell less than as many would
SIGHT = 4.0  # times as long as a network has learned: what comes later is not in sight


@dataclass(frozen=True, eq=False)
class Unseen:
    """PSNR at the pixels that are kept aside. All (K,), read-only; NaN where nobody was asked."""

    steps: np.ndarray
    planes: np.ndarray  # dB
    network: np.ndarray  # dB
    began: np.ndarray  # step at which the network of each point began

    @classmethod
    def of(cls, rows: list[tuple[float, ...]]) -> "Unseen":
        """From rows of these four."""
        columns = np.array(rows, np.float64).reshape(-1, 4).T.copy()
        columns.setflags(write=False)
        return cls(*columns)


@dataclass(frozen=True)
class Contest:
    """How two fields stand to one another."""

    leader: str  # "planes", or the network's "field"
    lead: float  # dB
    taken: int | None  # step at which it took the lead; None where it always had it
    # Steps until a network that is behind passes: expected, at least, at most. None: not in sight.
    passes: tuple[float, float, float] | None


def contest(curves: Unseen) -> Contest | None:
    """What the curves say of the present network; None before both were asked."""
    both = np.isfinite(curves.planes) & np.isfinite(curves.network)
    if not both.any() or not both[-1]:
        return None
    now = both & (curves.began == curves.began[-1])
    steps = curves.steps[now]
    ahead = curves.planes[now] - curves.network[now]
    leader, taken = "planes", None
    for step, gap in zip(steps, ahead, strict=True):
        other = "field" if gap < -LEAD else "planes" if gap > LEAD else leader
        if other != leader:
            leader, taken = other, int(step)
    passes = None
    if leader == "planes":
        passes = _passes(steps - curves.began[-1], ahead)
    return Contest(leader, float(abs(ahead[-1])), taken, passes)


def _passes(ages: np.ndarray, ahead: np.ndarray) -> tuple[float, float, float] | None:
    """Steps until planes are no longer ahead; None where that is not in sight.

    Args: of each point (K,): steps of the network, dB that planes lead by.
    """
    recent = ages >= RECENT * ages[-1]
    if recent.sum() < FEW or ages[-1] <= 0:
        return None
    x, y = np.log(ages[recent]), ahead[recent]
    middle, level = x.mean(), y.mean()
    spread = float(np.square(x - middle).sum())
    slope = float(((x - middle) * (y - level)).sum() / spread)
    left = y - level - slope * (x - middle)
    error = ERRORS * float(np.sqrt(np.square(left).sum() / (len(x) - 2) / spread))
    if slope + error >= 0:
        return None
    slopes = np.array([slope, slope - error, slope + error])
    until = np.exp(np.minimum(middle - level / slopes, np.log(ages[-1] * (1 + SIGHT)))) - ages[-1]
    if until[2] >= ages[-1] * SIGHT * (1 - 1e-9):
        return None
    expected, earliest, latest = np.maximum(until, 0).tolist()
    return expected, earliest, latest

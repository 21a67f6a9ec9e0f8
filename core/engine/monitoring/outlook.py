"""How a run stands, for people: how many cameras have settled, and what is left of its stage."""

from dataclasses import dataclass

import numpy as np

from core.engine.monitoring.pace import Pace
from core.engine.monitoring.trails import Trails
from core.training.trainer import Trainer

AGO = 0.1  # part of the steps so far over which cameras are watched
FEWEST = 15  # steps of them, at least
STILL = (0.03, 0.01)  # of the cameras' spread, and radians, within which a camera stands still


@dataclass(frozen=True)
class Outlook:
    """Facts about the way of a run.

    Attributes:
        settled: photos whose cameras have come to rest, see `Settling`.
        found_after: seconds of training until there were cameras; None before, or where nothing
            has searched for them.
        part: of the present stage that is gone; None where it has no end.
        seconds_left: at least and at most until it ends; None while that is not known.
        sharp: whether planes or depth maps have ended, so that little more is to be seen.
        closer: whether cameras are looked for in larger pictures than at first.
    """

    settled: int = 0
    found_after: float | None = None
    part: float | None = None
    seconds_left: tuple[float, float] | None = None
    sharp: bool = False
    closer: bool = False


class Settling:
    """Which cameras have come to rest since pictures are as large as they are now.

    In larger pictures all of them move once more, and are counted anew; until then a camera that
    has come to rest stays counted.
    """

    def __init__(self, photos: int) -> None:
        self.settled = np.zeros(photos, bool)  # (N,)
        self._sizes: list[tuple[int, int]] = []  # the first step with each, and its longer side

    @property
    def closer(self) -> bool:
        """Whether pictures were smaller before."""
        return len(self._sizes) > 1

    def watch(self, trainer: Trainer, trails: Trails) -> None:
        """Take in where the cameras are now."""
        size = trainer.showing.compared_at
        if not self._sizes or self._sizes[-1][1] != size:
            self._sizes.append((trainer.step, size))
            self.settled = np.zeros_like(self.settled)
        known = ~trainer.photo_error.isnan().numpy()
        self.settled |= settled(trails.since(self._sizes[-1][0])) & known


def outlook(trainer: Trainer, settling: Settling, pace: Pace) -> Outlook:
    """What is to be said now."""
    return Outlook(
        settled=int(np.count_nonzero(settling.settled)),
        found_after=trainer.course.found_after,
        part=trainer.gone,
        seconds_left=pace.left,
        sharp=trainer.sharp,
        closer=settling.closer,
    )


def settled(trails: Trails) -> np.ndarray:
    """(N,) bool which cameras have hardly moved of late; none where nothing is known yet."""
    nobody = np.zeros(trails.poses.shape[1], bool)
    if not len(trails.steps):
        return nobody
    newest = trails.steps[-1]
    ago = int(np.searchsorted(trails.steps, newest - max(FEWEST, AGO * newest), "right")) - 1
    if ago < 0:
        return nobody
    now, then = trails.poses[-1], trails.poses[ago]
    centres = now[..., 3]
    spread = np.sqrt(np.square(centres - centres.mean(0)).sum(-1).mean())
    moved = np.linalg.norm(centres - then[..., 3], axis=-1)
    turned = np.linalg.norm(now[..., :3] - then[..., :3], axis=(1, 2)) / np.sqrt(2)
    return (moved < STILL[0] * spread) & (turned < STILL[1])

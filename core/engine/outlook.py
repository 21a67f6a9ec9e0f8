"""How a run stands, for people: how many cameras have settled, and what is left of its stage."""

from dataclasses import dataclass

import numpy as np

from core.engine.trails import Trails
from core.training.trainer import Trainer

AGO = 0.1  # part of the steps so far over which cameras are watched
FEWEST = 15  # steps of them, at least
STILL = (0.03, 0.01)  # of the cameras' spread, and radians, within which a camera stands still


@dataclass(frozen=True)
class Outlook:
    """Facts about the way of a run.

    Attributes:
        settled: photos whose cameras hardly move any more.
        found_after: seconds of training until there were cameras; None before, or where nothing
            has searched for them.
        part: of the present stage that is gone; None where it has no end.
        seconds_left: until it ends; None as before, and where the speed is not known.
        sharp: whether planes or depth maps have ended, so that little more is to be seen.
    """

    settled: int = 0
    found_after: float | None = None
    part: float | None = None
    seconds_left: float | None = None
    sharp: bool = False


def outlook(trainer: Trainer, trails: Trails, steps_per_second: float) -> Outlook:
    """What is to be said now."""
    ahead = trainer.ahead
    known = ahead is not None and steps_per_second > 0
    return Outlook(
        settled=int(np.count_nonzero(settled(trails) & ~trainer.photo_error.isnan().numpy())),
        found_after=trainer.found_after,
        part=None if ahead is None else ahead.part,
        seconds_left=ahead.steps / steps_per_second if ahead is not None and known else None,
        sharp=trainer.sharp,
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

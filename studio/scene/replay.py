"""Time: which moment of the trails is shown. The scene of that moment is `studio.scene.past`'s."""

import dataclasses
import time
from dataclasses import dataclass

import numpy as np

from core.engine.monitoring.trails import Trails
from core.engine.snapshot import Snapshot

SECONDS = 8.0  # from the first moment to now


@dataclass(frozen=True)
class Time:
    """What a slider shows."""

    step: int | None  # of the cameras that are shown; None is now
    part: float  # of the way from the first moment to now, 0 to 1
    playing: bool
    moments: int  # that can be shown, now not among them
    scene_step: int | None = None  # of the scene that is shown; None where it is the newest


class Replay:
    """The moment shown. Methods may be called from any thread: the newest wish wins."""

    def __init__(self) -> None:
        """Begin with now."""
        self._step: int | None = None  # asked for; moments are left out meanwhile, steps are not
        self._played: tuple[float, float] | None = None  # part and time at which playing began

    def go_to(self, part: float, snapshot: Snapshot) -> None:
        """Show a part of the way, 0 to 1; 1 is now, and stays so."""
        self._played, self._step = None, self._step_at(part, snapshot)

    def play(self, snapshot: Snapshot) -> None:
        """Go on from what is shown, or from the first moment, until now."""
        part = self.at(snapshot).part
        self._played = (0.0 if part >= 1 else part), time.monotonic()

    def hold(self, snapshot: Snapshot) -> None:
        """Stop where it is."""
        self.go_to(self.at(snapshot).part, snapshot)

    def at(self, snapshot: Snapshot) -> Time:
        """What is to be shown now."""
        moment, count = self._moment(snapshot), _count(snapshot.trails)
        if moment is None or snapshot.trails is None:
            return Time(None, 1.0, False, count)
        step = int(snapshot.trails.steps[moment])
        return Time(step, moment / count, self._played is not None, count)

    def shown(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot itself, or one whose cameras and trails are those of an earlier moment."""
        moment, learned, trails = self._moment(snapshot), snapshot.learned, snapshot.trails
        if moment is None or learned is None or trails is None:
            return snapshot
        past = dataclasses.replace(learned, cameras=trails.cameras(moment, learned.cameras))
        step = int(trails.steps[moment])
        return dataclasses.replace(snapshot, step=step, learned=past, trails=trails.until(moment))

    def _moment(self, snapshot: Snapshot) -> int | None:
        played, step = self._played, self._step
        if played is not None:
            part, began = played
            step = self._step_at(part + (time.monotonic() - began) / SECONDS, snapshot)
            if step is None and self._played is played:
                self._played = self._step = None
        if step is None or snapshot.trails is None or not len(snapshot.trails.steps):
            return None
        return max(0, int(np.searchsorted(snapshot.trails.steps, step, "right")) - 1)

    def _step_at(self, part: float, snapshot: Snapshot) -> int | None:
        count = _count(snapshot.trails)
        moment = round(part * count)
        if snapshot.trails is None or moment >= count:
            return None
        return int(snapshot.trails.steps[max(0, moment)])


def _count(trails: Trails | None) -> int:
    return 0 if trails is None else len(trails.steps)

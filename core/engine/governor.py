"""Who gets the cores: training, or somebody who is looking.

While a novel view is rendered one core is the renderer's, and the side that was given the smaller
share sleeps for the rest of its time. How many workers share a training step is measured, as two
were seen to be slower than one on busy cores; the number of workers never changes the result.
"""

import contextlib
import os
import threading
import time
from collections.abc import Hashable, Iterator

TRY_AGAIN = 50  # steps after which the slower number of workers gets another chance
LEFT = 0.3  # of a core that training keeps where all are lent
LONGEST_PAUSE = 0.5  # seconds, so that a slow step never freezes the other side for long


class Governor:
    """Shares the cores between training and views. Safe to use from any thread."""

    def __init__(self, cores: int | None = None) -> None:
        self.cores = cores or os.cpu_count() or 1
        self.share = 0.5  # of the machine, for views
        self.lent = 0  # cores left to other processes
        self._lock = threading.Lock()
        self._viewing = 0
        self._training = False
        self._seconds: dict[Hashable, float] = {}  # a step's, by workers, viewing and work
        self._since_tried = 0

    @contextlib.contextmanager
    def viewing(self) -> Iterator[None]:
        """Hold this while a novel view is rendered."""
        with self._lock:
            self._viewing += 1
        try:
            yield
        finally:
            with self._lock:
                self._viewing -= 1

    @contextlib.contextmanager
    def training(self, workers: int, work: Hashable = None) -> Iterator[None]:
        """Hold this while a step runs on so many workers; training then gives way if it must.

        Args: `work` tells steps apart that take different times.
        """
        with self._lock:
            self._training, viewing = True, self._viewing > 0
        began = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._training = False
        busy = time.monotonic() - began
        key = (workers, viewing, work)
        self._seconds[key] = 0.8 * self._seconds.get(key, busy) + 0.2 * busy
        if self._viewing:
            self._rest(busy, (1 - self.share) * self.cores)
        elif self.lent >= self.cores:
            self._rest(busy, LEFT)

    def workers(self, wanted: int, work: Hashable = None) -> int:
        """Threads the next training step should use.

        Args: `wanted` is what the person asked for; 0 takes one or all, whichever was measured to
        be faster here for this `work`, and tries the other again from time to time.
        """
        viewing = self._viewing > 0
        left = self.cores - max(int(viewing), self.lent)
        most = max(1, min(wanted or self.cores, left))
        if wanted or most == 1:
            return most
        measured = {count: self._seconds.get((count, viewing, work)) for count in (most, 1)}
        for count, seconds in measured.items():
            if seconds is None:
                return count
        fastest, other = sorted(measured, key=lambda count: measured[count] or 0.0)
        self._since_tried += 1
        if self._since_tried >= TRY_AGAIN:
            self._since_tried = 0
            return other
        return fastest

    def pause_view(self, busy_seconds: float) -> None:
        """Call after each chunk of a novel view: sleeps where views were given a small share."""
        if self._training:
            self._rest(busy_seconds, self.share * self.cores)

    @staticmethod
    def _rest(busy: float, cores_granted: float) -> None:
        """Sleep so that one busy core becomes `cores_granted` of a core, if that is less."""
        if cores_granted < 1:
            time.sleep(min(LONGEST_PAUSE, busy * (1 / cores_granted - 1)))

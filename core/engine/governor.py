"""Who gets the cores: training, or somebody who is looking.

While a novel view is rendered one core is the renderer's, and the side that was given the smaller
share sleeps for the rest of its time; a check of cameras gives way to a view that is dragged. How
many workers share a training step is measured, as two were seen to be slower than one on busy
cores; the shortest of the last steps counts, as some have others' turns beside them or wait for
other programs. The number of workers never changes the result.
"""

import contextlib
import os
import threading
import time
from collections import defaultdict, deque
from collections.abc import Hashable, Iterator

TRY_AGAIN = 50  # steps after which the slower number of workers gets another chance
TRIES = 4  # steps that a number of workers is known by: some of them have nothing beside them
LEFT = 0.3  # of a core that training keeps where all are lent, and a check under a drag
DRAGGED = 0.3  # seconds after a picture of a view that moved, in which another is expected
LONGEST_PAUSE = 0.5  # seconds, so that a slow step never freezes the other side for long


class Governor:
    """Shares the cores between training and views. Safe to use from any thread."""

    def __init__(self, cores: int | None = None) -> None:
        self.cores = cores or os.cpu_count() or 1
        self.share = 0.5  # of the machine, for views
        self.lent = 0  # cores left to other processes
        self._lock = threading.Lock()
        self._viewing = 0
        self._dragged = -DRAGGED  # when a view that moved was rendered last
        self._training = False
        # The last steps' by workers, viewing and work.
        self._seconds: dict[Hashable, deque[float]] = defaultdict(lambda: deque(maxlen=TRIES))
        self._since_tried = 0

    @contextlib.contextmanager
    def viewing(self, moving: bool = False) -> Iterator[None]:
        """Hold this while a novel view is rendered, one that is `moving` or a still one."""
        with self._lock:
            self._viewing += 1
        try:
            yield
        finally:
            with self._lock:
                self._viewing -= 1
                self._dragged = time.monotonic() if moving else self._dragged

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
        self._seconds[workers, viewing, work].append(busy)
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
        measured = {count: self._seconds[count, viewing, work] for count in (most, 1)}
        for count, seconds in measured.items():
            if len(seconds) < TRIES:
                return count
        fastest, other = sorted(measured, key=lambda count: min(measured[count]))
        self._since_tried += 1
        if self._since_tried >= TRY_AGAIN:
            self._since_tried = 0
            measured[other].clear()
            return other
        return fastest

    def pause_view(self, busy_seconds: float) -> None:
        """Call after each chunk of a novel view: sleeps where views were given a small share."""
        if self._training:
            self._rest(busy_seconds, self.share * self.cores)

    def pause_check(self, busy_seconds: float) -> None:
        """Call after each piece of a check: sleeps as views do, and longer under a drag."""
        if time.monotonic() - self._dragged < DRAGGED:
            self._rest(busy_seconds, LEFT)
        else:
            self.pause_view(busy_seconds)

    @staticmethod
    def _rest(busy: float, cores_granted: float) -> None:
        """Sleep so that one busy core becomes `cores_granted` of a core, if that is less."""
        if cores_granted < 1:
            time.sleep(min(LONGEST_PAUSE, busy * (1 / cores_granted - 1)))

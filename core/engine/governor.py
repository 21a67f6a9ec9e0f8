"""Who gets the cores: training, or somebody who is looking.

Training uses all workers while nobody looks. While a novel view is rendered one core is the
renderer's, and the side that was given the smaller share sleeps for the rest of its time.
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterator

LONGEST_PAUSE = 0.5  # seconds, so that a slow step never freezes the other side for long


class Governor:
    """Shares the cores between training and views. Safe to use from any thread."""

    def __init__(self, cores: int | None = None) -> None:
        self.cores = cores or os.cpu_count() or 1
        self.share = 0.5  # of the machine, for views
        self._lock = threading.Lock()
        self._viewing = 0
        self._training = False

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
    def training(self) -> Iterator[None]:
        """Hold this while a training step runs; afterwards training gives way if it must."""
        self._training = True
        began = time.monotonic()
        try:
            yield
        finally:
            self._training = False
        if self._viewing:
            self._rest(time.monotonic() - began, (1 - self.share) * self.cores)

    def workers(self, wanted: int) -> int:
        """Threads a training step may use now; `wanted` 0 is one for each core."""
        most = wanted or self.cores
        return max(1, min(most, self.cores - 1)) if self._viewing else most

    def pause_view(self, busy_seconds: float) -> None:
        """Call after each chunk of a novel view: sleeps where views were given a small share."""
        if self._training:
            self._rest(busy_seconds, self.share * self.cores)

    @staticmethod
    def _rest(busy: float, cores_granted: float) -> None:
        """Sleep so that one busy core becomes `cores_granted` of a core, if that is less."""
        if cores_granted < 1:
            time.sleep(min(LONGEST_PAUSE, busy * (1 / cores_granted - 1)))

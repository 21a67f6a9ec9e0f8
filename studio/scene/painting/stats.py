"""How fast pictures come, measured where they are shown."""

import time
from collections import deque
from dataclasses import dataclass

WINDOW_SECONDS = 2.0


@dataclass(frozen=True)
class ViewStats:
    """The newest picture of a viewport, in numbers."""

    level: float  # side of the picture / side of the sharp one, 1 is sharp
    milliseconds: float  # spent on rendering it
    pictures_per_second: float  # of the last two seconds
    planes: bool  # whether it shows the planes
    first_picture_ms: float  # from the last movement of the camera to its first picture


class Tally:
    """Counts pictures as they are shown."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._first = 0.0
        self.stats: ViewStats | None = None

    def count(
        self, level: float, milliseconds: float, planes: bool, first_picture_ms: float | None
    ) -> None:
        """Take in one picture; `first_picture_ms` is None where it is not a view's first."""
        now = time.monotonic()
        self._times.append(now)
        while self._times[0] < now - WINDOW_SECONDS:
            self._times.popleft()
        rate = len(self._times) / WINDOW_SECONDS
        if first_picture_ms is not None:
            self._first = first_picture_ms
        self.stats = ViewStats(level, milliseconds, rate, planes, self._first)

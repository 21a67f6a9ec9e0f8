"""Whether a browser draws the scene fast enough to be left alone with it while it moves.

A browser tells where its camera is with each picture it draws, at most 50 times a second. So the
pauses between its messages say how long it takes to draw.
"""

import statistics

PAUSE = 0.02  # seconds between two messages of a browser that keeps up with its screen
QUICK = 1.35 * PAUSE  # median pause of a browser that may draw planes,
ENOUGH = 12  # of so many pauses in a row
SLOW = 0.1  # median pause of one that draws them too slowly,
FEW = 5  # of so many
REST = 1.0  # seconds after which the hand was still


class Hand:
    """What is known of one browser."""

    def __init__(self) -> None:
        self._pauses: list[float] = []
        self._last = -REST
        self.quick = False  # whether it has shown that it may draw by itself
        self.slow = False  # whether it was given something to draw and failed

    def moved(self, now: float, drawing: bool) -> None:
        """A message came at a moment; `drawing` says whether the browser draws the scene."""
        pause, self._last = now - self._last, now
        if pause > REST:
            self._pauses.clear()
            return
        self._pauses = [*self._pauses[1 - ENOUGH :], pause]
        if drawing and len(self._pauses) >= FEW:
            self.slow |= statistics.median(self._pauses[-FEW:]) > SLOW
        elif len(self._pauses) == ENOUGH:
            self.quick |= statistics.median(self._pauses) < QUICK
        self.quick &= not self.slow

"""How long a stage will take yet, told by how fast it has gone so far.

Work is counted as if all of a kind were alike, and machines have others to serve. So what is left
is a range, between the fastest and the slowest that the stage went of late; and unknown where
these have little in common.
"""

LEAST_SECONDS = 8.0  # that a stage is watched before anything is said
LEAST_PART = 0.004  # of it that has gone meanwhile
LATELY = (1.0, 0.5, 0.2)  # parts of the time, up to now, over which it is measured
APART = 3.0  # times as fast, beyond which nothing is known
PAUSE = 1.0  # seconds between two steps that count, at most
LONGEST = 400  # moments that are kept


class Pace:
    """The way of the present stage: what part of it was gone after how many seconds."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._stage = ""
        self._way: list[tuple[float, float]] = []  # seconds, part
        self._seconds, self._ended = 0.0, 0.0

    def watch(self, stage: str, gone: float | None, seconds: float, now: float) -> None:
        """Take in a step.

        Args:
            stage: that it belonged to.
            gone: part of the stage, in [0, 1]; None where it has no end.
            seconds: that the step took.
            now: when it ended, in seconds of any clock.
        """
        self._seconds += min(now - self._ended, seconds + PAUSE)
        self._ended = now
        if stage != self._stage or gone is None or (self._way and gone < self._way[-1][1]):
            self._stage, self._way = stage, []
        if gone is not None:
            self._way.append((self._seconds, gone))
        if len(self._way) > LONGEST:
            self._way = self._way[:-1:2] + self._way[-1:]

    @property
    def left(self) -> tuple[float, float] | None:
        """Seconds until the stage ends, at least and at most; None while that is not known."""
        if not self._way:
            return None
        (began, before), (now, gone) = self._way[0], self._way[-1]
        if now - began < LEAST_SECONDS or gone - before < LEAST_PART:
            return None
        paces = [self._since(now - part * (now - began)) for part in LATELY]
        if min(paces) <= 0 or max(paces) > APART * min(paces):
            return None
        return (1 - gone) / max(paces), (1 - gone) / min(paces)

    def _since(self, moment: float) -> float:
        """Part of the stage in a second, from a moment on."""
        then, before = next(point for point in reversed(self._way) if point[0] <= moment)
        now, gone = self._way[-1]
        return (gone - before) / (now - then)

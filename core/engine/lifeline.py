"""The engine's thread goes on, whatever happens on it; or gives up where it must."""

import time
import traceback
from collections import deque
from collections.abc import Callable

from core.errors import is_out_of_memory

MOST, WITHIN = 5, 60.0  # revivals in so many seconds, as Jupyter restarts its kernels
GAVE_UP = (
    f"The engine has failed {MOST} times within a minute and has ended; start the studio again "
    "with --run of this folder, which goes on where it was saved last."
)


class Lifeline:
    """Asks for rounds; one that fails is followed by a revival, then by the next."""

    def __init__(self, revive: Callable[[str, str], None], end: Callable[[str, str], None]) -> None:
        """Args: both are given what went wrong, in a few words, and its traceback."""
        self._revive, self._end = revive, end
        self._revivals: deque[float] = deque(maxlen=MOST)

    def goes_on(self, act: Callable[[], bool]) -> bool:
        """One round; returns whether there is to be another, as `act` says where it does not fail.

        Whatever is raised is caught, `SystemExit` of a library too: nobody else would hear of it.
        """
        try:
            return act()
        except BaseException as error:
            words, trace = described(error), traceback.format_exc()
        now = time.monotonic()
        if len(self._revivals) == MOST and now - self._revivals[0] < WITHIN:
            self._end(words, trace)
            return False
        self._revivals.append(now)
        return self.goes_on(lambda: self._revive(words, trace) is None)


def described(error: BaseException) -> str:
    """What was raised, in a few words."""
    words = f"{type(error).__name__}: {error}"
    if is_out_of_memory(error):
        short = words.partition("[")[0].rstrip(": ")  # torch adds where in its source
        return f"memory ran out, {short}; close other programs or lower training.memory"
    return words

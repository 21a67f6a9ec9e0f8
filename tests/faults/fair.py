"""Seconds that do not depend on what else a machine does."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

EVERY = 0.05  # seconds between two looks


@contextlib.contextmanager
def fair(process: int) -> Iterator[Callable[[], float]]:
    """Seconds from now on that something takes, less those in which it only waited for a core.

    It is done by a process or one of its children, by one after the other; of children that work
    side by side, the one counts that waited longest. What else they wait for is theirs.

    Yields what says how many there were, once it is over.
    """
    began, over = time.monotonic(), threading.Event()
    before = _waited(process)
    now, seconds = dict(before), list[float]()

    def look() -> None:
        while not over.wait(EVERY):
            now.update(_waited(process))

    def spent() -> float:
        return seconds[0]

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield spent
    finally:
        took = time.monotonic() - began
        over.set()
        looker.join()
        gone = {number: now[number] - before.get(number, 0.0) for number in now}
        own = gone.pop(process, 0.0)
        seconds.append(took - own - max(gone.values(), default=0.0))


def _waited(process: int) -> dict[int, float]:
    """Seconds that it and its children were ready to run and had no core, by their numbers."""
    place, found = Path(f"/proc/{process}"), dict[int, float]()
    with contextlib.suppress(OSError):  # it has ended
        children = (place / "task" / str(process) / "children").read_text().split()
        for number in (process, *map(int, children)):
            found[number] = int(Path(f"/proc/{number}/schedstat").read_text().split()[1]) / 1e9
    return found

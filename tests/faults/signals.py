"""SIGINT, SIGTERM and SIGHUP to a run that trains, at any moment: it saves and ends within seconds;
a second one ends it at once."""

import os
import random
import signal
import tempfile
import time
from pathlib import Path

from core.runs import checkpoint
from studio.cli import main
from tests.faults.doors import small_words
from tests.faults.fair import fair
from tests.patience import PATIENCE

TIMES, SECOND = 20, 4
ENDED, AT_ONCE = 5.0, 1.0  # seconds, see `fair`, until the end, and after a second signal
NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(part: int) -> str:
    """The signals, one process each; some get two of them."""
    rng, longest = random.Random(0), 0.0
    times = max(len(NUMBERS), TIMES // part)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(times):
            path = Path(folder) / str(number)
            child = _training(path)
            time.sleep(rng.uniform(0, 0.5))
            took, status = _ended(child, NUMBERS[number % len(NUMBERS)], twice=False)
            assert status == 0, f"it ended with {status}"
            assert took <= ENDED, f"it took {took:.1f} s"
            found, complaints = checkpoint.newest(path)
            assert found is not None and not complaints, f"nothing was saved: {complaints}"
            longest = max(longest, took)
        for number in range(max(1, SECOND // part)):
            child = _training(Path(folder) / f"twice-{number}")
            took, status = _ended(child, signal.SIGINT, twice=True)
            assert status == 128 + signal.SIGTERM, f"it ended with {status}"
            assert took <= AT_ONCE, f"after the second signal it took {took:.1f} s"
    return f"{times} signals: saved and ended within {longest:.1f} s; a second one ends at once"


def _training(run: Path) -> int:
    """A process that trains, once it has made steps."""
    words = small_words(64)
    child = os.fork()
    if child == 0:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os._exit(main.run(["train", "--run", str(run), *words]))
    end = time.monotonic() + PATIENCE
    while not (run / "reached.json").exists():
        assert time.monotonic() < end, "it does not begin"
        time.sleep(0.01)
    return child


def _ended(child: int, number: signal.Signals, twice: bool) -> tuple[float, int]:
    """Seconds from the last signal to the end, and the exit status."""
    ended, status, end = 0, 0, time.monotonic() + PATIENCE
    with fair(child) as taken:
        os.kill(child, number)
        if twice:  # by another, as two of a kind at once are one
            os.kill(child, signal.SIGTERM)
        while not ended and time.monotonic() < end:
            ended, status = os.waitpid(child, os.WNOHANG)
            time.sleep(0.01)
    if not ended:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert ended, f"a {number.name} does not end it"
    return taken(), os.waitstatus_to_exitcode(status)

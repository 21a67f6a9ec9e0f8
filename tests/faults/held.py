"""How many bytes a studio has in use, told by itself.

What it takes of a machine differs by megabytes from one look to the next, as heaps of many threads
have holes that are given back or not.
"""

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.journeys.running import Running
from tests.patience import PATIENCE

PLACE = "STUDIO_HELD"  # names the file in which it tells
# glibc's `mallinfo2` counts what is in use on all heaps, and what is mapped by itself; Python's own
# small blocks lie elsewhere and are of 16 to 512 bytes, 64 about.
INSIDE = """
import ctypes, gc, os, signal, sys

NAMES = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()


class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in NAMES]


def tell(number, frame):
    gc.collect()
    info = ask()
    held = info.uordblks + info.hblkhd + 64 * sys.getallocatedblocks()
    with open(place + ".part", "w") as file:
        file.write(str(held))
    os.rename(place + ".part", place)


place = os.environ["STUDIO_HELD"]
ask = ctypes.CDLL(None).mallinfo2
ask.restype = Info
signal.signal(signal.SIGUSR1, tell)
"""


@contextlib.contextmanager
def telling() -> Iterator[None]:
    """Studios that are begun meanwhile can be asked."""
    before = {name: os.environ.get(name) for name in (PLACE, "PYTHONPATH")}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sitecustomize.py").write_text(INSIDE)
        os.environ |= {PLACE: str(Path(folder) / "held"), "PYTHONPATH": folder}
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name)
                os.environ |= {} if value is None else {name: value}


def held(running: Running) -> float:
    """Bytes in use, once what nobody needs is gone."""
    place, end = Path(os.environ[PLACE]), time.monotonic() + PATIENCE
    running.process.send_signal(signal.SIGUSR1)
    while not place.exists():
        assert time.monotonic() < end, "it does not tell what it holds"
        time.sleep(0.05)
    told = float(place.read_text())
    place.unlink()
    return told

"""Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once."""

import os
import signal
import threading
from types import FrameType

from core.system import ends


def end_on_signals() -> threading.Event:
    """An event that is set by the first SIGINT, SIGTERM or SIGHUP of this process.

    A SIGHUP that nohup has this process ignore stays ignored; Windows has none.
    """
    asked = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            os._exit(128 + number)
        asked.set()

    for number in ends():
        signal.signal(number, handle)
    return asked

"""The process that matches features: photos come in by a pipe, messages go out by another.

`python -m core.search.features.matching`, which `core.search.features.process` alone starts.
Standard input: one line of JSON (`Order`), then the pixels (H, W) uint8 of each photo in turn. It
stays open, and where it ends so does this process, for then the parent is no more. Standard output:
messages, as in `core.search.features.messages`. PyTorch is not loaded here, which would take longer
than many sets do.
"""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO

import cv2
import numpy as np

from core import system
from core.search.features.messages import Order, Teller

Work = Callable[[Iterator[np.ndarray], Order, Teller], None]


def serve(work: Work) -> None:
    """Read, work, tell. Whatever goes wrong is told as a reason; nothing is printed."""
    teller = Teller(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # COLMAP prints, and standard output is for messages
    order = Order(**json.loads(sys.stdin.buffer.readline()))
    try:
        _bound(order)
        work(_pictures(sys.stdin.buffer, order.sizes), order, teller)
    except Exception as error:
        teller.failure(_reason(error, order))
    os._exit(0)  # another thread still waits for the parent's end


def _matched(pictures: Iterator[np.ndarray], order: Order, teller: Teller) -> None:
    try:
        from core.search.features.pipeline import match  # noqa: PLC0415 # fails where pycolmap is missing
    except ImportError as error:
        teller.failure(f"pycolmap cannot be loaded here ({error})")
    else:
        match(pictures, order, teller)


def _bound(order: Order) -> None:
    """Limits that hold whatever the libraries do."""
    cv2.setNumThreads(1)
    system.bound(order.memory, order.cpu_seconds, order.niceness)


def _reason(error: Exception, order: Order) -> str:
    """One line, whatever it was."""
    starved = isinstance(error, cv2.error) and error.code == cv2.Error.StsNoMem
    if starved or isinstance(error, MemoryError):
        return f"it needs more than {order.memory / 1e9:.1f} GB of memory"
    return f"{type(error).__name__}: {error}".splitlines()[0][:500]


def _pictures(stream: BinaryIO, sizes: list[list[int]]) -> Iterator[np.ndarray]:
    """Each photo (H, W) uint8 as it comes in; afterwards the stream is watched for its end."""
    for height, width in sizes:
        pixels = stream.read(height * width)
        if len(pixels) < height * width:
            os._exit(1)
        yield np.frombuffer(pixels, np.uint8).reshape(height, width)

    def end_with_parent() -> None:
        stream.read()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


if __name__ == "__main__":
    serve(_matched)

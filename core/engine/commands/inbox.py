"""Where commands wait for the engine's thread."""

import queue
from collections.abc import Iterator

from core.engine.commands import Command


class Inbox:
    """Commands in the order they were given; None asks for the end."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Command | None] = queue.SimpleQueue()

    def put(self, command: Command | None) -> None:
        """From any thread; returns at once."""
        self._waiting.put(command)

    def taken(self, patience: float) -> Iterator[Command | None]:
        """All that wait; the first is waited for, so many seconds."""
        while True:
            try:
                yield self._waiting.get(block=patience > 0, timeout=patience or None)
            except queue.Empty:
                return
            patience = 0.0

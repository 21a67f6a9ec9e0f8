"""What one browser is told through server-sent events: only what changed, and not too often."""

import math
from collections.abc import Callable, Sequence

from studio.routes.facts import Json, encoded

ALIVE = 5.0  # seconds at most between two messages, so that a browser knows it is not forgotten


class Feed:
    """What one browser has been told: each kind of fact is sent again only when it changed."""

    def __init__(self, sources: Sequence[tuple[str, float, Callable[[], Json]]]) -> None:
        """Args: `sources` are kind, seconds between looks, and how to look."""
        self._sources = sources
        self._looked: dict[str, float] = {}
        self._sent: dict[str, str] = {}
        self._spoke = -math.inf

    def hurry(self, kind: str) -> None:
        """Look at one kind as soon as it is asked what is due."""
        self._looked.pop(kind, None)

    def due(self, now: float) -> list[str]:
        """The messages to send now, as server-sent events."""
        messages = []
        for kind, period, look in self._sources:
            if now - self._looked.get(kind, -math.inf) < period:
                continue
            self._looked[kind] = now
            text = encoded(look())
            if text != self._sent.get(kind):
                self._sent[kind] = text
                messages.append(f"event: {kind}\ndata: {text}\n\n")
        if not messages and now - self._spoke >= ALIVE:
            messages.append("event: alive\ndata: 1\n\n")
        if messages:
            self._spoke = now
        return messages

"""What the scene needs of an engine: to read the truth, and to share the machine with training."""

from contextlib import AbstractContextManager
from typing import Protocol

from core.engine.snapshot import Snapshot


class Governs(Protocol):
    """Who gets the cores."""

    def viewing(self, moving: bool = False) -> AbstractContextManager[None]:
        """Wrapped around every piece of rendering; training gives way, checks to `moving` views."""
        ...

    def pause_view(self, busy_seconds: float) -> None:
        """Called after each chunk; sleeps where views have a small share of the machine."""
        ...


class Source(Protocol):
    """An engine, as far as the scene is concerned; `core.engine.engine.Engine` is one."""

    @property
    def governor(self) -> Governs:
        """Shares the machine between training and views."""
        ...

    @property
    def snapshot(self) -> Snapshot:
        """The newest facts; never blocks."""
        ...

    def wait(self, newer_than: int, timeout: float) -> Snapshot:
        """The newest facts, as soon as their version is above `newer_than` or time is up."""
        ...

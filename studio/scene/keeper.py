"""A part of the scene that a thread of its own keeps up."""

import abc
import logging
import threading
from collections.abc import Callable
from typing import ClassVar

from core.errors import Cancelled

_log = logging.getLogger(__name__)


class Keeper(abc.ABC):
    """Updates again and again between `start` and `stop`. What fails is said, and tried again."""

    EVERY: ClassVar[float]  # seconds between two updates
    RETRY: ClassVar[float] = 0.0  # seconds more after one that failed
    FAILED: ClassVar[str]  # what is said of it, with the fault in place of {}

    def __init__(self, name: str, failed: Callable[[str | None], None]) -> None:
        """Args: `name` of the thread; `failed` is told of a fault, or None where there is none."""
        self._name, self._failed = name, failed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abc.abstractmethod
    def update(self) -> None:
        """Show what is to be seen by now.

        Raises:
            Cancelled: it was told to end meanwhile.
        """

    def start(self) -> None:
        """Begin to follow the scene."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _ends(self) -> bool:
        """Whether the end has come, after the pause before another update."""
        return self._stop.wait(self.EVERY)

    def _run(self) -> None:
        while not self._ends():
            try:
                self.update()
                self._failed(None)
            except Cancelled:
                return
            except Exception as error:
                _log.exception("%s: an update failed", self._name)
                self._failed(self.FAILED.format(error or type(error).__name__))
                self._stop.wait(self.RETRY)

"""All that follows a run beside training: the search, views compared with photos, logs."""

from collections.abc import Callable

from core.engine.commands import Adopt
from core.engine.governor import Governor
from core.engine.searching import Search
from core.engine.snapshot import Snapshot
from core.observing.logbook import Logbook
from core.observing.validation import Validator


class Beside:
    """Shown every snapshot by the engine's thread, which never waits for it."""

    def __init__(self, governor: Governor, ask: Callable[[Adopt], None]) -> None:
        """Args: `ask` hands a command to the engine."""
        self.search = Search(governor, ask)
        self._logbook = Logbook()
        self._validator = Validator(governor, self._logbook.take)

    def show(self, snapshot: Snapshot) -> None:
        """There is a newer snapshot."""
        self.search.show(snapshot)
        self._validator.show(snapshot)
        self._logbook.show(snapshot)

    def told(self) -> list[str]:
        """Sentences to the person that were not taken yet."""
        return self.search.told() + self._validator.told() + self._logbook.told()

    def stop(self) -> None:
        """End after the newest snapshot; the log is told what the validator still found."""
        for follower in (self.search, self._validator, self._logbook):
            follower.stop()
            follower.join()

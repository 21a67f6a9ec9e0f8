"""All that follows a run beside training: views compared with photos, and TensorBoard's log."""

from core.engine.governor import Governor
from core.engine.logbook import Logbook
from core.engine.snapshot import Snapshot
from core.engine.validation import Validator


class Beside:
    """Shown every snapshot by the engine's thread, which never waits for it."""

    def __init__(self, governor: Governor) -> None:
        self._logbook = Logbook()
        self._validator = Validator(governor, self._logbook.take)

    def show(self, snapshot: Snapshot) -> None:
        """There is a newer snapshot."""
        self._validator.show(snapshot)
        self._logbook.show(snapshot)

    def told(self) -> list[str]:
        """Sentences to the person that were not taken yet."""
        return self._validator.told() + self._logbook.told()

    def stop(self) -> None:
        """End after the newest snapshot; the log is told what the validator still found."""
        for follower in (self._validator, self._logbook):
            follower.stop()
            follower.join()

"""Where the newest snapshot lies: one thread puts, any thread takes."""

import threading

from core.engine.snapshot import Snapshot


class Slot:
    """Holds the newest snapshot and wakes those who wait for one."""

    def __init__(self, first: Snapshot) -> None:
        self.newest = first
        self._put = threading.Condition()

    def put(self, snapshot: Snapshot) -> None:
        """Publish a newer snapshot."""
        with self._put:
            self.newest = snapshot
            self._put.notify_all()

    def wait(self, newer_than: int, timeout: float) -> Snapshot:
        """The newest, as soon as its version is over `newer_than` or time is up."""
        with self._put:
            self._put.wait_for(lambda: self.newest.version > newer_than, timeout)
        return self.newest

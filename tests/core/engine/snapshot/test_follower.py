"""Whoever follows a run, and however badly it goes there: training never waits."""

import threading
from pathlib import Path

import pytest

from core.config import Config
from core.engine.snapshot import Snapshot
from core.engine.snapshot.follower import Follower
from core.errors import InputError
from tests.patience import PATIENCE


class Watcher(Follower):
    """Looks as it is told to, and remembers what it saw."""

    def __init__(self, failure: Exception | None = None) -> None:
        super().__init__("Watching")
        self.seen: list[int] = []
        self.closed = False
        self.failure = failure
        self.inside, self.free = threading.Event(), threading.Event()

    def wanted(self, snapshot: Snapshot) -> bool:
        return snapshot.step > 0

    def look(self, snapshot: Snapshot) -> None:
        self.inside.set()
        assert self.free.wait(PATIENCE)
        self.seen.append(snapshot.step)
        if self.failure is not None:
            raise self.failure

    def close(self) -> None:
        self.closed = True


def shown(step: int) -> Snapshot:
    return Snapshot(step, Path("run"), Config(), step=step)


def test_who_shows_never_waits_and_the_last_is_seen_for_sure() -> None:
    watcher = Watcher()
    watcher.show(shown(0))  # not wanted: nothing begins
    assert not watcher.inside.is_set()
    watcher.show(shown(1))
    assert watcher.inside.wait(PATIENCE)
    for step in range(2, 100):  # while it hangs in the first
        watcher.show(shown(step))
    watcher.stop()
    watcher.free.set()
    watcher.join()
    assert watcher.seen == [1, 99] and watcher.closed


def test_bad_input_is_said_once_and_the_next_is_looked_at() -> None:
    watcher = Watcher(InputError("The disk is full; make room."))
    watcher.free.set()
    for step in (1, 2, 3):
        watcher.inside.clear()
        watcher.show(shown(step))
        assert watcher.inside.wait(PATIENCE)
    watcher.stop()
    watcher.join()
    assert watcher.seen[:3] == [1, 2, 3] and watcher.closed
    assert watcher.drain_messages() == ["The disk is full; make room."]
    assert watcher.drain_messages() == []


@pytest.mark.parametrize("kind", [OSError, ValueError, MemoryError])
def test_a_bug_ends_it_with_a_sentence(kind: type[Exception]) -> None:
    watcher = Watcher(kind("boom"))
    watcher.free.set()
    watcher.show(shown(1))
    watcher.join()
    watcher.show(shown(2))
    watcher.stop()
    (sentence,) = watcher.drain_messages()
    assert sentence.startswith("Watching stopped") and "boom" in sentence
    assert watcher.seen == [1]

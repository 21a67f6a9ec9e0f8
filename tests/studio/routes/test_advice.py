"""The photos are checked once, beside training and after its first step; a bug is told in place."""

import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.engine.snapshot import Snapshot
from core.photos import Finding, PhotoSet
from studio.routes.advice import Advice
from tests.patience import PATIENCE
from tests.studio.panel.stand_ins import Desk

FOUND = (Finding("0.png", "blurred", '"0.png" looks blurred: leave it out.'),)


class Eye:
    """Looks at photos when it is let."""

    def __init__(self) -> None:
        self.let, self.done, self.seen = threading.Event(), threading.Event(), []

    def __call__(self, photos: PhotoSet) -> tuple[Finding, ...]:
        self.seen.append(photos)
        assert self.let.wait(PATIENCE)
        self.done.set()
        return FOUND


@pytest.fixture
def eye() -> Eye:
    return Eye()


@pytest.fixture
def advice(eye: Eye) -> Iterator[Advice]:
    made = Advice(eye)
    yield made
    eye.let.set()
    made.stop()


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return Desk(tmp_path / "run", step=1, playing=True).snapshot


def told(advice: Advice, snapshot: Snapshot) -> tuple[Finding, ...] | None:
    """What is found once the thread has ended its work."""
    advice.of(snapshot)
    advice.stop()
    return advice.of(snapshot)


def test_asking_never_waits_and_the_photos_are_looked_at_once(
    advice: Advice, eye: Eye, snapshot: Snapshot
) -> None:
    assert [advice.of(snapshot) for _ in range(3)] == [None] * 3
    eye.let.set()
    assert told(advice, snapshot) == FOUND
    assert eye.seen == [snapshot.photos]


def test_the_first_step_comes_first(advice: Advice, eye: Eye, snapshot: Snapshot) -> None:
    eye.let.set()
    assert advice.of(dataclasses.replace(snapshot, step=0)) is None and eye.seen == []
    assert told(advice, snapshot) == FOUND


def test_photos_that_wait_for_play_are_looked_at(
    advice: Advice, eye: Eye, snapshot: Snapshot
) -> None:
    eye.let.set()
    assert told(advice, dataclasses.replace(snapshot, step=0, playing=False)) == FOUND


def test_other_photos_are_looked_at_anew(advice: Advice, eye: Eye, snapshot: Snapshot) -> None:
    eye.let.set()
    assert snapshot.photos is not None
    advice.of(snapshot)
    other = dataclasses.replace(snapshot, photos=dataclasses.replace(snapshot.photos))
    assert told(advice, other) == FOUND
    assert [each is snapshot.photos for each in eye.seen] == [True, False]


def test_after_the_end_nothing_begins(advice: Advice, eye: Eye, snapshot: Snapshot) -> None:
    eye.let.set()
    advice.stop()
    assert told(advice, snapshot) is None and eye.seen == []


def test_without_photos_nothing_is_known(advice: Advice, snapshot: Snapshot) -> None:
    assert advice.of(dataclasses.replace(snapshot, photos=None)) is None


def test_a_bug_is_told_in_its_place(snapshot: Snapshot) -> None:
    def broken(photos: PhotoSet) -> tuple[Finding, ...]:
        raise ZeroDivisionError("by nothing")

    (finding,) = told(Advice(broken), snapshot) or ()
    assert finding.photo is None and "ZeroDivisionError: by nothing" in finding.sentence

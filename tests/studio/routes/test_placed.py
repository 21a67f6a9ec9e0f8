"""Which photos have no camera yet is told in the status, and beside cameras that were exported."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.exporting.jobs import Jobs
from core.formats.transforms import read_transforms
from studio.jobs.exports import Exports
from studio.routes.routes import Routes
from tests.studio.panel.stand_ins import Desk, Window


@pytest.fixture
def engine(tmp_path: Path) -> Desk:
    """Of three photos the second is kept aside."""
    return Desk(tmp_path / "run")


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    started = Jobs()
    yield started
    started.stop()


def let_wait(engine: Desk, *waiting: bool) -> None:
    """Publish that the turn of these photos has not come."""
    learned = dataclasses.replace(engine.snapshot.learned, waiting=waiting)
    engine.publish(learned=learned)


def test_photos_are_listed_until_they_are_placed(engine: Desk, jobs: Jobs) -> None:
    first, aside, last = engine.snapshot.photos.names
    client = TestClient(Starlette(routes=Routes(engine, Window(), jobs).routes()))
    for waiting, told in (
        ((True, True, True), [first, aside, last]),
        ((False, True, True), [aside, last]),
        ((False, False, False), [aside]),
    ):
        let_wait(engine, *waiting)
        assert client.get("/status").json()["not_placed"] == told


def test_who_exports_early_is_told_what_is_missing(engine: Desk, jobs: Jobs) -> None:
    first, aside, last = engine.snapshot.photos.names
    exports = Exports(engine, jobs)
    let_wait(engine, False, True, True)
    done = exports.cameras("transforms").wait(60.0)
    assert done.message == f"2 of 3 photos are not placed: {aside}, {last}."
    assert done.result is not None and list(read_transforms(done.result)) == [first]
    let_wait(engine, True, True, True)
    refused = exports.cameras("transforms").wait(60.0)
    assert refused.state == "failed" and "train first" in str(refused.message)

"""A tab's widgets follow the engine's snapshots, and keep a person's touch until it is answered."""

import copy
import pickle
from pathlib import Path

import pytest

from core.config import Config
from core.config.paths import options, to_yaml
from core.engine.commands import Configure
from studio.panel.painting import Painted, due, same, touched, wait_no_longer
from tests.studio.panel.stand_ins import Desk

WIDTH, KIND = "field.width", "field.kind"


@pytest.fixture
def engine(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def painted(engine: Desk) -> Painted:
    """A tab that shows the truth."""
    fresh = Painted()
    assert set(due(fresh, engine.snapshot, 0)) == set(options())
    return fresh


def configure(engine: Desk, path: str, value: object) -> None:
    engine.submit(Configure({path: value}))


def test_nothing_is_painted_twice(engine: Desk, painted: Painted) -> None:
    assert due(painted, engine.snapshot, 1) == {}
    configure(engine, WIDTH, 96)
    assert due(painted, engine.snapshot, 2) == {WIDTH: 96}
    assert due(painted, engine.snapshot, 3) == {}


def test_a_touch_waits_for_its_answer(engine: Desk, painted: Painted) -> None:
    touched(painted, KIND, "siren", engine.snapshot, until=4)
    assert due(painted, engine.snapshot, 1) == {}
    configure(engine, KIND, "siren")
    assert due(painted, engine.snapshot, 2) == {}
    configure(engine, KIND, "relu")
    assert due(painted, engine.snapshot, 3) == {KIND: "relu"}, "answered: others paint it now"


def test_the_truth_comes_back_when_there_is_no_answer(engine: Desk, painted: Painted) -> None:
    touched(painted, KIND, "siren", engine.snapshot, until=4)
    assert due(painted, engine.snapshot, 3.9) == {}
    assert due(painted, engine.snapshot, 4) == {KIND: "relu"}


def test_a_refusal_is_an_answer(engine: Desk, painted: Painted) -> None:
    engine.say("an older refusal", "warning")
    touched(painted, WIDTH, 1e9, engine.snapshot, until=4)
    engine.say("something else happened")
    assert due(painted, engine.snapshot, 1) == {}
    engine.say("field.width cannot be that.", "warning")
    assert due(painted, engine.snapshot, 1) == {WIDTH: Config().field.width}


def test_a_confirmation_that_is_declined_ends_the_wait(engine: Desk, painted: Painted) -> None:
    touched(painted, KIND, "siren", engine.snapshot, until=float("inf"))
    assert due(painted, engine.snapshot, 1e6) == {}
    wait_no_longer(painted, 0)
    assert due(painted, engine.snapshot, 1) == {KIND: "relu"}


def test_it_may_be_copied_and_pickled(engine: Desk, painted: Painted) -> None:
    touched(painted, KIND, "siren", engine.snapshot, until=4)
    assert pickle.loads(pickle.dumps(painted)) == copy.deepcopy(painted) == painted
    assert len(pickle.dumps(painted)) < 2 * len(to_yaml(Config()))


def test_a_checkbox_is_no_number() -> None:
    assert not same(True, 1) and not same(0, False) and same(True, True) and same(1, 1.0)

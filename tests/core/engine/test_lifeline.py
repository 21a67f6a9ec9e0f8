"""Whatever happens on the engine's thread, it goes on, and says what happened."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.engine import Engine
from core.engine.commands import Pause, Play, Save, Step
from core.engine.lifeline import MOST
from core.engine.run_folder.saver import Saver
from core.engine.work import Work
from core.observing import observers
from core.observing.validation import Validator
from tests.conftest import small_options
from tests.core.engine.test_engine import said, until
from tests.patience import PATIENCE


def failing(error: BaseException, times: int = 1) -> Callable[..., Any]:
    """A function that raises so often, then answers False."""
    left = [error] * times

    def fail(*args: Any, **named: Any) -> bool:
        if left:
            raise left.pop()
        return False

    return fail


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_what_would_end_a_thread_ends_training_alone(
    engine: Engine, kind: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    until(engine, lambda s: s.phase == "ready")
    monkeypatch.setattr("core.training.learners.field_learner.training_step", failing(kind("boom")))
    engine.submit(Play())
    stopped = until(engine, lambda s: s.failure is not None)
    assert not stopped.playing and f"{kind.__name__}: boom" in (stopped.failure or "")
    monkeypatch.undo()
    engine.submit(Step(2))
    assert until(engine, lambda s: s.step == 2).failure is None


def test_what_cannot_be_published_is_said_instead(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.submit(Step(2))
    before = until(engine, lambda s: s.step == 2 and not s.playing)
    with monkeypatch.context() as patch:
        patch.setattr("core.engine.engine.facts_of", failing(OverflowError("too large"), 1000))
        engine.submit(Play())
        stopped = until(engine, lambda s: s.failure is not None)
    assert "too large" in (stopped.failure or "") and not stopped.playing
    assert stopped.learned is before.learned, "the last that could be told"
    engine.submit(Step(2))
    after = until(engine, lambda s: s.step >= 4 and s.failure is None and not s.playing)
    assert after.version > stopped.version


def test_a_number_of_epochs_beyond_all_numbers_is_refused(engine: Engine) -> None:
    until(engine, lambda s: s.phase == "ready")
    engine.submit(Play(epochs=int(1e308)))
    refused = until(engine, lambda s: "epochs cannot be trained" in said(s))
    assert not refused.playing and refused.failure is None
    engine.submit(Step(1))
    until(engine, lambda s: s.step == 1)


def test_who_watches_fails_alone(
    photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Validator, "wanted", failing(ValueError("blind"), 1000))
    options = small_options(data__photos=str(photo_folder))
    engine = Engine(tmp_path / "run", options, observers=observers)
    engine.start()
    try:
        engine.submit(Step(3))
        seen = until(engine, lambda s: s.step == 3 and any("blind" in n.text for n in s.notices))
        assert seen.failure is None
    finally:
        assert engine.stop() == ""


def test_a_dead_engine_goes_on_from_the_newest_state_and_says_so(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.submit(Step(3))
    until(engine, lambda s: s.step == 3 and not s.playing)
    engine.submit(Save())
    until(engine, lambda s: "saved" in said(s))
    engine.submit(Step(2))
    until(engine, lambda s: s.step == 5 and not s.playing)
    monkeypatch.setattr(Saver, "due", failing(MemoryError("out of it")))
    revived = until(engine, lambda s: s.failure is not None)
    assert "MemoryError: out of it" in (revived.failure or "")
    assert "went on from step 3" in (revived.failure or "") and revived.step == 3
    monkeypatch.undo()
    engine.submit(Play())
    until(engine, lambda s: s.step > 5 and s.failure is None)
    engine.submit(Pause())
    until(engine, lambda s: not s.playing)


def test_an_engine_that_fails_for_ever_gives_up_and_frees_its_run(
    photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = small_options(data__photos=str(photo_folder))
    engine = Engine(tmp_path / "run", options)
    monkeypatch.setattr(Saver, "due", failing(RuntimeError("always"), 1000))
    revivals = []
    monkeypatch.setattr(Work, "open_again", lambda work: revivals.append(1))
    others = set(threading.enumerate())
    engine.start()
    last = until(engine, lambda s: "start the studio again" in (s.failure or ""))
    for thread in set(threading.enumerate()) - others:
        if thread.name == "engine":
            thread.join(PATIENCE)
            assert not thread.is_alive()
    assert len(revivals) == MOST and "always" in (last.failure or "")
    monkeypatch.undo()
    again = Engine(tmp_path / "run", options)
    again.start()
    until(again, lambda s: s.phase == "ready")
    again.stop()

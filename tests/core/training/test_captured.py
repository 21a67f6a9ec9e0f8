"""What is recorded of steps: when, for how long, and what becomes of it where recording fails."""

import contextlib
import copy
import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from core.training import captured
from core.training.captured import WARM, Captured

CPU, NUMBERS = torch.device("cpu"), [torch.arange(3.0)]


class Counting:
    """Records by counting."""

    def __init__(self) -> None:
        self.recorded = self.played = 0

    def aside(self) -> contextlib.AbstractContextManager[object]:
        """Nothing is beside anything."""
        return contextlib.nullcontext()

    def record(self, act: Callable[[], Any]) -> tuple[Any, Callable[[], None]]:
        """What it is, and nothing to do again."""
        self.recorded += 1
        return act(), self.play

    def play(self) -> None:
        """Once more."""
        self.played += 1


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counting]:
    one = Counting()
    monkeypatch.setattr(captured, "recorder_of", lambda device: one)
    monkeypatch.setattr(Captured, "refused", False)
    Captured.drain_messages()  # of learners before
    yield one
    Captured.drain_messages()


def test_parts_are_made_before_they_are_recorded_and_then_played(recorder: Counting) -> None:
    graphs, weight = Captured(CPU), torch.ones(3)
    for _ in range(WARM + 3):
        (given,) = graphs.at("level", [weight], NUMBERS)
        assert graphs.play("felt", functools.partial(torch.mul, given, weight)).equal(NUMBERS[0])
    assert (recorder.recorded, recorder.played) == (1, 3)
    graphs.play("moved", lambda: None)
    assert recorder.recorded == 1, "another part is made first as well"


def test_numbers_are_handed_in_where_they_stay(recorder: Counting) -> None:
    graphs = Captured(CPU)
    (first,) = graphs.at(0, [], NUMBERS)
    (second,) = graphs.at(0, [], [NUMBERS[0] + 1])
    assert second is first and first.equal(NUMBERS[0] + 1) and first is not NUMBERS[0]


@pytest.mark.parametrize("differs", ["key", "tensor", "count"])
def test_what_else_takes_part_is_compared_thing_by_thing(differs: str, recorder: Counting) -> None:
    """Equal numbers elsewhere are not those that a recording reads."""
    graphs, parts = Captured(CPU), [torch.ones(1), torch.ones(1)]
    for _ in range(WARM + 1):
        graphs.at("level", list(parts), NUMBERS)
        graphs.play("felt", lambda: None)
    key, others = {
        "key": ("next", parts),
        "tensor": ("level", [parts[0], torch.ones(1)]),
        "count": ("level", [*parts, torch.ones(1)]),
    }[differs]
    graphs.at(key, others, NUMBERS)
    graphs.play("felt", lambda: None)
    assert (recorder.recorded, recorder.played) == (1, 1)


def test_a_copy_of_a_learner_has_nothing_recorded(recorder: Counting) -> None:
    graphs = Captured(CPU)
    for _ in range(WARM + 1):
        graphs.at(0, [], NUMBERS)
        graphs.play("felt", lambda: None)
    other = copy.deepcopy(graphs)
    other.at(0, [], NUMBERS)
    other.play("felt", lambda: None)
    assert (recorder.recorded, recorder.played) == (1, 1)


def test_where_recording_fails_it_is_said_once_and_not_tried_again(
    recorder: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(act: Callable[[], Any]) -> tuple[Any, Callable[[], None]]:
        recorder.recorded += 1
        raise RuntimeError("CUDA error: operation not permitted\nmore")

    monkeypatch.setattr(recorder, "record", refuse)
    for graphs in (Captured(CPU), Captured(CPU)):
        for _ in range(WARM + 2):
            graphs.at(0, [], NUMBERS)
            assert graphs.play("felt", lambda: 5) == 5
    assert recorder.recorded == 1
    (said,) = Captured.drain_messages()
    assert said.startswith("Steps could not be recorded as CUDA graphs (CUDA error: operation not")
    assert not Captured.drain_messages()


def test_steps_on_a_cpu_are_made_one_by_one() -> None:
    assert Captured.on(CPU) is None

"""What is left of a stage: nothing until something is known, then a range that holds the truth."""

import pickle

import pytest

from core.engine.monitoring.pace import APART, LEAST_SECONDS, LONGEST, Pace


def walked(pace: Pace, speeds: list[float], gone: float = 0.0, at: float = 0.0) -> float:
    """A step a second, of so much of the stage each; what part is gone in the end."""
    for number, speed in enumerate(speeds, start=1):
        gone += speed
        pace.watch("explore", gone, 1.0, at + number)
    return gone


def test_nothing_is_said_before_something_is_known() -> None:
    pace = Pace()
    assert pace.left is None
    walked(pace, [0.01] * int(LEAST_SECONDS))
    assert pace.left is None
    walked(pace, [0.01] * 2, 0.01 * LEAST_SECONDS, LEAST_SECONDS)
    assert pace.left is not None
    slow = Pace()
    walked(slow, [1e-6] * 60)
    assert slow.left is None, "hardly anything has gone"


def test_an_even_way_has_an_exact_end() -> None:
    pace = Pace()
    gone = walked(pace, [0.01] * 40)
    assert pace.left == pytest.approx(((1 - gone) / 0.01,) * 2)


def test_an_uneven_way_has_a_range_that_holds_the_end() -> None:
    pace, speeds = Pace(), [0.002] * 60 + [0.004] * 220
    walked(pace, speeds[:80])
    assert pace.left is not None
    least, most = pace.left
    assert least <= 200 <= most <= APART * least


def test_a_way_that_stands_still_or_leaps_has_no_end_in_sight() -> None:
    pace = Pace()
    walked(pace, [0.01] * 20 + [0.0] * 20)
    assert pace.left is None
    leaping = Pace()
    walked(leaping, [0.001] * 32 + [0.02] * 8)
    assert leaping.left is None


def test_pauses_do_not_count_and_another_stage_begins_anew() -> None:
    pace = Pace()
    gone = walked(pace, [0.01] * 20)
    gone = walked(pace, [0.01] * 20, gone, at=1000.0)
    assert pace.left == pytest.approx(((1 - gone) / 0.01,) * 2, rel=0.05)
    pace.watch("refine", 0.0, 1.0, 1021.0)
    assert pace.left is None
    walked(pace, [0.01] * 20, at=1021.0)
    pace.watch("explore", 0.05, 1.0, 1042.0)
    assert pace.left is None, "what another hypothesis has done counts anew"
    pace.watch("explore", None, 1.0, 1043.0)
    assert pace.left is None, "a stage without end"


def test_a_long_way_keeps_few_moments() -> None:
    pace = Pace()
    gone = walked(pace, [1e-4] * 5000)
    assert pace.left == pytest.approx(((1 - gone) / 1e-4,) * 2)
    full = Pace()
    walked(full, [1e-4] * LONGEST)
    assert LONGEST <= 400 and len(pickle.dumps(pace)) <= len(pickle.dumps(full))

"""The share between training and views is real."""

import time

import pytest

from core.engine.governor import TRY_AGAIN, Governor


def test_training_gives_a_core_away_only_while_somebody_looks() -> None:
    governor = Governor(cores=4)
    assert governor.workers(0) == 4
    with governor.viewing():
        assert governor.workers(0) == 3
        assert governor.workers(2) == 2
    assert governor.workers(0) == 4
    alone = Governor(cores=1)
    with alone.viewing():
        assert alone.workers(0) == 1


def test_training_steps_aside_where_all_cores_are_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    now, slept = 0.0, list[float]()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "sleep", slept.append)
    governor = Governor(cores=2)
    for governor.lent in (0, 1, 2):
        assert governor.workers(0) == max(1, 2 - governor.lent)
        with governor.training(1):
            now += 0.03
    assert slept == [pytest.approx(0.07)]  # .3 of a core


@pytest.mark.parametrize("faster", [1, 4])
def test_the_number_of_workers_is_measured(faster: int, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    governor, used = Governor(cores=4), []
    for _ in range(3 * TRY_AGAIN):
        used.append(governor.workers(0))
        with governor.training(used[-1]):
            now += 0.1 if used[-1] == faster else 0.2
    assert set(used) == {1, 4}
    assert used.count(faster) > 0.9 * len(used)
    assert used[TRY_AGAIN + 2 :].count(5 - faster) >= 1, "the other gets another chance"


@pytest.mark.parametrize("faster", [1, 2])
def test_turns_of_others_do_not_hide_which_number_of_workers_is_faster(
    faster: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network has one step in three, joint steps of cameras one in four."""
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for first in range(12):
        governor, used = Governor(cores=2), []
        for step in range(first, first + 2 * TRY_AGAIN):
            used.append(governor.workers(0))
            with governor.training(used[-1]):
                now += 0.026 if used[-1] == faster else 0.033
                now += 0.01 * (step % 3 == 0) + 0.15 * (step % 4 == 0)
        assert used.count(faster) > 0.9 * len(used)


def test_a_check_of_cameras_gives_way_to_a_view_that_is_dragged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, slept = 0.0, list[float]()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "sleep", slept.append)
    governor = Governor(cores=2)
    with governor.viewing():  # a still one, or the check itself
        governor.pause_check(0.03)
    assert not slept
    with governor.viewing(moving=True):
        pass
    governor.pause_check(0.03)
    assert slept == [pytest.approx(0.07)]  # .3 of a core
    now += 1.0
    governor.pause_check(0.03)
    assert len(slept) == 1


@pytest.mark.parametrize(("share", "rest"), [(0.1, 0.8), (0.25, 0.5), (0.5, 0.0), (0.9, 0.0)])
def test_views_rest_where_they_were_given_little(
    share: float, rest: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On two cores a view that renders all the time has half of the machine."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    governor = Governor(cores=2)
    governor.share = share
    governor.pause_view(0.02)
    assert not slept  # nobody trains, so nobody is disturbed
    with governor.training(1):
        governor.pause_view(0.02)
    busy_part = 0.02 / (0.02 + sum(slept))
    assert busy_part == pytest.approx(1 - rest)


@pytest.mark.parametrize(("share", "busy_part"), [(0.5, 1.0), (0.75, 0.5), (0.9, 0.2)])
def test_training_rests_where_views_were_given_much(
    share: float, busy_part: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 0.04, 1.0, 1.04])
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    governor = Governor(cores=2)
    governor.share = share
    with governor.training(1):
        pass
    assert not slept
    with governor.viewing(), governor.training(1):
        pass
    assert 0.04 / (0.04 + sum(slept)) == pytest.approx(busy_part, rel=1e-6)

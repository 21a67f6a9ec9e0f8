"""Time goes from the first moment to now, and only cameras go back."""

from types import SimpleNamespace

import numpy as np
import pytest

from core.engine.snapshot import Snapshot
from studio.scene.replay import SECONDS, Replay
from tests.cameras import same
from tests.studio.scene.stand_ins import CAMERAS, Stage, trails

COUNT = 5


@pytest.fixture
def snapshot() -> Snapshot:
    return Stage().publish(trails=trails(COUNT), step=70)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    moment = [100.0]
    clock = SimpleNamespace(monotonic=lambda: moment[0])
    monkeypatch.setattr("studio.scene.replay.time", clock)
    return moment


def test_it_begins_with_now_and_now_is_the_snapshot_itself(snapshot: Snapshot) -> None:
    replay = Replay()
    assert replay.shown(snapshot) is snapshot
    got = replay.at(snapshot)
    assert (got.step, got.part, got.playing, got.moments) == (None, 1.0, False, COUNT)


@pytest.mark.parametrize(("part", "moment"), [(0.0, 0), (0.4, 2), (0.79, 4)])
def test_a_part_of_the_way_shows_that_moments_cameras(
    snapshot: Snapshot, part: float, moment: int
) -> None:
    replay = Replay()
    replay.go_to(part, snapshot)
    shown = replay.shown(snapshot)
    assert shown.step == 10 * moment == replay.at(snapshot).step
    assert shown.learned is not None and snapshot.learned is not None
    places = [camera.position for camera in shown.learned.cameras]
    wanted = [camera.position * moment / (COUNT - 1) for camera in CAMERAS]
    assert np.allclose(places, wanted, atol=1e-6)
    assert shown.trails is not None and len(shown.trails.steps) == moment + 1
    assert shown.learned.scene is snapshot.learned.scene
    assert all(map(same, snapshot.learned.cameras, CAMERAS)), "the truth is left alone"


def test_a_moment_stays_though_the_run_goes_on(snapshot: Snapshot) -> None:
    replay = Replay()
    replay.go_to(0.4, snapshot)
    longer = Stage().publish(trails=trails(50), step=700)
    assert replay.at(longer).step == 20 and replay.at(longer).part == pytest.approx(2 / 50)
    replay.go_to(1.0, longer)
    assert replay.shown(longer) is longer


def test_playing_shows_all_moments_in_order_and_ends_at_now(
    snapshot: Snapshot, now: list[float]
) -> None:
    replay, steps = Replay(), []
    replay.play(snapshot)
    while replay.at(snapshot).playing:
        steps.append(replay.at(snapshot).step)
        now[0] += SECONDS / 40
    assert list(dict.fromkeys(steps)) == [0, 10, 20, 30, 40]
    assert now[0] <= 100 + SECONDS * 1.1
    assert replay.shown(snapshot) is snapshot


def test_playing_can_be_held_and_goes_on_from_there(snapshot: Snapshot, now: list[float]) -> None:
    replay = Replay()
    replay.play(snapshot)
    now[0] += 0.45 * SECONDS
    replay.hold(snapshot)
    now[0] += SECONDS
    held = replay.at(snapshot)
    assert (held.step, held.playing) == (20, False)
    replay.play(snapshot)
    assert replay.at(snapshot).step == 20


def test_without_a_history_there_is_only_now() -> None:
    replay, snapshot = Replay(), Stage().publish(trails=None)
    replay.go_to(0.2, snapshot)
    replay.play(snapshot)
    assert replay.shown(snapshot) is snapshot and replay.at(snapshot).moments == 0

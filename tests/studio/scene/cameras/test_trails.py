"""All trails are one node; it ends where the cameras are."""

from types import SimpleNamespace

import numpy as np
import pytest
import viser

from studio.scene.cameras.frustums import colours_of
from studio.scene.cameras.trails import NAME, Trails, segments
from studio.scene.colours import linear
from studio.scene.coordinates import SCALE
from tests.studio.scene.stand_ins import CAMERAS, Stage, nodes, recorded, trails


def test_segments_lead_from_each_position_to_the_next() -> None:
    made = segments(trails(4).positions)
    assert made.shape == (3 * len(CAMERAS), 2, 3)
    assert np.allclose(made[-1, 1], CAMERAS[-1].position * SCALE)
    assert np.allclose(made[: -len(CAMERAS), 1], made[len(CAMERAS) :, 0])


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which a test may change."""
    time = [100.0]
    monkeypatch.setattr(
        "studio.scene.cameras.trails.time", SimpleNamespace(monotonic=lambda: time[0])
    )
    return time


def test_a_trail_shows_once_a_camera_has_moved(server: viser.ViserServer, now: list[float]) -> None:
    stage, shown = Stage(), Trails(server)
    for count in (None, 0, 1, 1):
        now[0] += 1
        snapshot = stage.publish(trails=None if count is None else trails(count))
        shown.update(snapshot, colours_of(snapshot))
    assert NAME not in nodes(server)
    now[0] += 1
    snapshot = stage.publish(trails=trails(2))
    shown.update(snapshot, colours_of(snapshot))
    handle = nodes(server)[NAME]
    assert handle.points.shape == (len(CAMERAS), 2, 3) and handle.visible
    assert (handle.colors[0, 0] == linear(np.array(colours_of(snapshot)[0], np.uint8))).all()


def test_trails_are_sent_seldom_and_in_the_end(server: viser.ViserServer, now: list[float]) -> None:
    stage, shown = Stage(), Trails(server)
    with recorded(server) as sent:
        for count in range(1, 12):
            now[0] += 0.1
            snapshot = stage.publish(trails=trails(count))
            shown.update(snapshot, colours_of(snapshot))
        updates = [m for m in sent if type(m).__name__ == "SceneNodeUpdateMessage"]
        assert len([m for m in sent if type(m).__name__ == "LineSegmentsMessage"]) == 1
        assert len(updates) <= 2 * 3, "points and colours, every 0.3 of 1.1 seconds"
        now[0] += 0.3
        shown.update(snapshot, colours_of(snapshot))
    handle = nodes(server)[NAME]
    assert np.allclose(handle.points, segments(trails(11).positions))


def test_a_way_is_gone_when_its_camera_has_rested(
    server: viser.ViserServer, now: list[float]
) -> None:
    stage, shown = Stage(), Trails(server)

    def seen(count: int, seconds: float) -> int:
        now[0] += seconds
        snapshot = stage.publish(trails=trails(count))
        shown.update(snapshot, colours_of(snapshot))
        handle = nodes(server).get(NAME)
        return len(handle.points) // len(CAMERAS) if handle and handle.visible else 0

    assert [seen(1, 0), seen(2, 1), seen(3, 1)] == [0, 1, 2]
    assert seen(4, 2.5) == 2, "the first way is older than 3 seconds"
    assert seen(4, 1) == 1
    assert seen(4, 2.5) == 0
    assert seen(2, 1) == 0, "time that goes back begins anew"
    assert seen(3, 1) == 1


def test_trails_can_be_hidden(server: viser.ViserServer, now: list[float]) -> None:
    shown = Trails(server)
    for count, visible in enumerate((True, True, False, True, True), start=1):
        now[0] += 1
        snapshot = Stage(trails=visible).publish(trails=trails(count))
        shown.update(snapshot, colours_of(snapshot))
        handle = nodes(server).get(NAME)
        assert (handle is not None and handle.visible) is (count in (2, 5))

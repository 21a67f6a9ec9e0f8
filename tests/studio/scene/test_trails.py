"""All trails are one node; it ends where the cameras are."""

from types import SimpleNamespace

import numpy as np
import pytest
import viser

from studio.scene.coordinates import SCALE
from studio.scene.frustums import colours_of
from studio.scene.theme import DARK
from studio.scene.trails import NAME, Trails, faded, segments
from tests.studio.scene.stand_ins import CAMERAS, Stage, recorded, trails


def test_segments_lead_from_each_position_to_the_next() -> None:
    made = segments(trails(4).positions)
    assert made.shape == (3 * len(CAMERAS), 2, 3)
    assert np.allclose(made[-1, 1], CAMERAS[-1].position * SCALE)
    assert np.allclose(made[: -len(CAMERAS), 1], made[len(CAMERAS) :, 0])


def test_a_trail_grows_into_its_cameras_colour() -> None:
    colours = np.array([[200, 0, 0], [0, 200, 0]], np.float32)
    made = faded(colours, 5, DARK)
    assert made.shape == (8, 2, 3)
    assert (made[-2:, 1] == colours).all()
    assert abs(int(made[0, 0, 0]) - DARK.ground[0]) < 100


def test_a_trail_shows_once_there_are_two_positions(server: viser.ViserServer) -> None:
    stage, shown = Stage(), Trails(server)
    for made in (None, trails(0), trails(1)):
        snapshot = stage.publish(trails=made)
        shown.update(snapshot, colours_of(snapshot), DARK)
    assert NAME not in server.scene._handle_from_node_name
    snapshot = stage.publish(trails=trails(2))
    shown.update(snapshot, colours_of(snapshot), DARK)
    assert NAME in server.scene._handle_from_node_name


def test_trails_are_sent_seldom_and_in_the_end(
    server: viser.ViserServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("studio.scene.trails.time", clock)
    stage, shown = Stage(), Trails(server)
    with recorded(server) as sent:
        for count in range(2, 12):
            now[0] += 0.1
            snapshot = stage.publish(trails=trails(count))
            shown.update(snapshot, colours_of(snapshot), DARK)
        creations = [m for m in sent if type(m).__name__ == "LineSegmentsMessage"]
        updates = [m for m in sent if type(m).__name__ == "SceneNodeUpdateMessage"]
        assert len(creations) == 1 and len(updates) == 2  # points and colours, once in a second
        now[0] += 1
        shown.update(snapshot, colours_of(snapshot), DARK)
    handle = server.scene._handle_from_node_name[NAME]
    assert np.allclose(handle.points, segments(trails(11).positions))


def test_trails_can_be_hidden(server: viser.ViserServer) -> None:
    shown = Trails(server)
    for visible in (True, False, True):
        snapshot = Stage(trails=visible).publish(trails=trails())
        shown.update(snapshot, colours_of(snapshot), DARK)
        assert server.scene._handle_from_node_name[NAME].visible is visible

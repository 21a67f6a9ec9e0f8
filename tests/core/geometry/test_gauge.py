"""A world of one's choice, in which every camera sees what it saw."""

import dataclasses
import itertools

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.errors import InputError
from core.geometry.alignment import Similarity
from core.geometry.cameras import Camera
from core.geometry.gauge import ORIGINS, UPS, Gauge, into_gauge, spread
from tests.cameras import camera, is_pose, same, scattered


def turned(cameras: list[Camera], *rotation: float) -> list[Camera]:
    world = Similarity(1.5, Rotation.from_rotvec(rotation).as_matrix(), np.array([1.0, 2, 3]))
    return [world.camera(one) for one in cameras]


def seen(one: Camera, point: np.ndarray) -> np.ndarray:
    x, y, z, _ = np.linalg.inv(one.camera_to_world) @ [*point, 1]
    return np.array([one.fx * x / z + one.cx, one.fy * y / z + one.cy])


def test_the_default_changes_nothing():
    cameras = scattered(0, 5)
    world = into_gauge(cameras, Gauge())
    assert all(same(world.camera(one), one) for one in cameras)


@pytest.mark.parametrize(
    ("scale", "up", "origin"), list(itertools.product((0.0, 0.1, 10.0), UPS, ORIGINS))
)
def test_every_world_is_as_chosen_and_no_camera_sees_anything_else(scale, up, origin):
    cameras = turned(scattered(1, 6), 0.4, -0.8, 0.3)
    world = into_gauge(cameras, Gauge(scale, up, origin))
    moved = [world.camera(one) for one in cameras]
    before, after = (np.stack([c.position for c in some]) for some in (cameras, moved))
    assert spread(after) == pytest.approx(scale or spread(before))
    assert world.scale == pytest.approx(spread(after) / spread(before))
    for place, point in (("first", before[0]), ("mean", before.mean(axis=0))):
        if origin == place:
            assert np.allclose(world.points(point), 0)
    if origin == "as-learned":
        assert np.allclose(world.points(np.zeros(3)), 0)
    if up == "as-learned":
        assert np.allclose(world.rotation, np.eye(3))
    else:
        mean = -np.mean([c.camera_to_world[:3, 1] for c in moved], axis=0)
        assert np.allclose(mean / np.linalg.norm(mean), {"y": [0, 1, 0], "z": [0, 0, 1]}[up])
    for one, two in zip(cameras, moved, strict=True):
        assert is_pose(two)
        point = one.position + one.camera_to_world[:3, :3] @ [0.2, 0.1, 3]
        assert np.allclose(seen(two, world.points(point)), seen(one, point))


def test_level_cameras_that_look_ahead_are_turned_as_little_as_possible():
    """As learned they look along +z with up -y: with up z along +y, with up y along -z."""
    cameras = [camera((x, 0, 0)) for x in (0, 1)]
    for up, ahead in (("z", [0, 1, 0]), ("y", [0, 0, -1])):
        rotation = into_gauge(cameras, Gauge(up=up)).rotation
        assert np.allclose(rotation @ [0, 0, 1], ahead) and np.allclose(rotation[:, 0], [1, 0, 0])


def test_cameras_upside_down_are_turned_over():
    world = into_gauge([camera(turn=(0, 0, np.pi))], Gauge(up="z"))
    assert np.allclose(world.rotation @ [0, 1, 0], [0, 0, 1])
    assert np.linalg.det(world.rotation) == pytest.approx(1)


@pytest.mark.parametrize(
    ("gauge", "words"),
    [
        (Gauge(scale=-1.0), "scale -1"),
        (Gauge(scale=float("nan")), "scale nan"),
        (Gauge(scale=float("inf")), "scale inf"),
        (Gauge(up="x"), "as-learned, y, z"),
        (Gauge(origin="last"), "as-learned, first, mean"),
    ],
)
def test_an_impossible_choice_is_refused(gauge, words):
    with pytest.raises(InputError, match=words):
        into_gauge(scattered(2, 3), gauge)


def test_what_the_cameras_do_not_tell_is_refused():
    together = [camera((1, 2, 3), (0, 0, angle)) for angle in (0, np.pi)]
    with pytest.raises(InputError, match="one place"):
        into_gauge(together, Gauge(scale=1.0))
    with pytest.raises(InputError, match="way up"):
        into_gauge(together, Gauge(up="z"))
    alone = dataclasses.replace(camera((1, 2, 3)))
    assert np.allclose(into_gauge([alone], Gauge(origin="mean")).points(alone.position), 0)

"""A camera path by hand: keyframes, their handle, the line, the flight."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import viser
from viser import _messages

from core.errors import InputError
from core.geometry.cameras import Camera
from core.geometry.paths import interpolate
from studio.scene.cameras import keys as keys_module
from studio.scene.cameras.keys import MOST, PER_STRETCH, ROOT, Keys, PathState
from studio.scene.coordinates import SCALE
from tests.cameras import camera, same
from tests.studio.scene.stand_ins import client, nodes, soon

FOUR = [camera((x, 0, 0), (0, 0.1 * x, 0), 40 + 5 * x) for x in range(4)]


@pytest.fixture
def flown() -> list[Camera]:
    return []


@pytest.fixture
def keys(server: viser.ViserServer, flown: list[Camera]) -> Keys:
    return Keys(server, flown.append)


def node(server: viser.ViserServer, name: str) -> viser.SceneNodeHandle | None:
    return nodes(server).get(f"{ROOT}/{name}")


def test_views_become_keyframes_after_the_chosen_one(keys: Keys) -> None:
    assert keys.state == PathState(0, None, False)
    for one in (FOUR[0], FOUR[3]):
        keys.add(one)
    keys.take(keys.cameras, 0)
    keys.add(FOUR[1])
    assert keys.state == PathState(3, 1, False)
    wanted = [FOUR[0], FOUR[1], FOUR[3]]
    assert all(same(*pair) for pair in zip(keys.cameras, wanted, strict=True))
    keys.remove()
    assert keys.state.chosen == 1 and len(keys.cameras) == 2
    keys.remove()
    keys.remove()
    assert keys.state == PathState(0, None, False)
    with pytest.raises(InputError, match="add a view"):
        keys.remove()
    with pytest.raises(InputError, match="at most"):
        keys.take([FOUR[0]] * (MOST + 1))


def test_the_line_is_the_videos_path(keys: Keys, server: viser.ViserServer) -> None:
    keys.add(FOUR[0])
    assert node(server, "line") is None
    for one in FOUR[1:]:
        keys.add(one)
    line = node(server, "line")
    path = interpolate(FOUR, 3 * PER_STRETCH + 1, order="file")
    places = np.stack([one.position for one in path]) * SCALE
    assert np.allclose(line.points[:, 0], places[:-1], atol=1e-5)
    assert np.allclose(line.points[-1, 1], places[-1], atol=1e-5)
    keys.take([])
    assert node(server, "line") is None and node(server, "00") is None


def test_dragging_the_handle_moves_the_keyframe(keys: Keys, server: viser.ViserServer) -> None:
    for one in FOUR[:2]:
        keys.add(one)
    handle = node(server, "handle")
    assert np.allclose(handle.position, FOUR[1].position * SCALE)
    before = node(server, "line").points.copy()
    with client(server) as browser:
        browser.send(
            _messages.TransformControlsUpdateMessage(
                handle.name, tuple(handle.wxyz.tolist()), (0.0, 5.0, 0.0)
            )
        )
        soon(lambda: np.allclose(keys.cameras[1].position, [0, 0.5, 0]))
    assert keys.cameras[1].fx == FOUR[1].fx
    soon(lambda: np.allclose(node(server, "01").position, [0, 5, 0]))

    def redrawn() -> bool:
        line = node(server, "line")
        return line is not None and not np.allclose(line.points, before)

    soon(redrawn)


def test_the_flight_goes_through_all_and_ends(
    keys: Keys, flown: list[Camera], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: 0.3 * next(moments))  # twenty places in six seconds
    monkeypatch.setattr(keys_module, "time", clock)
    monkeypatch.setattr(keys_module, "FRAME", 0.01)
    keys.add(FOUR[0])
    with pytest.raises(InputError, match="two keyframes"):
        keys.preview()
    for one in FOUR[1:]:
        keys.add(one)
    keys.preview()
    soon(lambda: not keys.state.playing)
    assert len(flown) == 20
    assert same(flown[-1], FOUR[3], 1e-6)
    across = [one.position[0] for one in flown]
    assert across == sorted(across)
    assert flown[-1].fx > flown[0].fx, "focal lengths go along"

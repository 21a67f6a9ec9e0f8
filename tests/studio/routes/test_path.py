"""The camera path through its routes: what a person adds is what a file holds, and comes back."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import viser
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.errors import InputError
from core.exporting.jobs import Jobs
from core.exporting.keyframes import read_path
from core.geometry.cameras import Camera
from studio.jobs.exports import Exports
from studio.routes.path import CameraPath
from studio.scene.cameras.keys import Keys
from studio.serving.viser_server import start_viser, stop_viser
from tests.cameras import camera, same
from tests.studio.jobs.test_exports import order
from tests.studio.panel.stand_ins import Desk

VIEWS = [camera((x, 0, 0), (0, 0.1 * x, 0), 40 + x) for x in range(3)]


@pytest.fixture
def server() -> Iterator[viser.ViserServer]:
    started = start_viser()
    yield started
    stop_viser(started)


@pytest.fixture
def seen() -> list[Camera]:
    """What visitors see, one after another; the last one stays."""
    return list(VIEWS)


@pytest.fixture
def keys(server: viser.ViserServer) -> Keys:
    return Keys(server, lambda camera: None)


@pytest.fixture
def client(keys: Keys, seen: list[Camera]) -> TestClient:
    def present() -> Camera:
        if not seen:
            raise InputError("Nobody looks at the scene; open the page first.")
        return seen.pop(0) if len(seen) > 1 else seen[0]

    return TestClient(Starlette(routes=CameraPath(keys, present).routes()))


def test_views_are_added_saved_and_loaded(client: TestClient, keys: Keys, tmp_path: Path) -> None:
    assert client.get("/path.json").status_code == 409
    for number in (1, 2, 3):
        answer = client.post("/path/add").json()
        assert answer == {"keys": number, "chosen": number - 1, "playing": False}
    saved = client.get("/path.json")
    assert "attachment" in saved.headers["Content-Disposition"]
    (tmp_path / "path.json").write_bytes(saved.content)
    followed = read_path(tmp_path / "path.json", VIEWS[0], 3)
    assert np.allclose([one.position for one in followed], [one.position for one in VIEWS])
    assert client.post("/path/clear").json()["keys"] == 0
    assert client.post("/path/load", content=saved.content).json()["keys"] == 3
    assert all(same(*pair, 1e-6) for pair in zip(keys.cameras, VIEWS, strict=True))
    assert client.post("/path/remove").json()["keys"] == 2
    assert client.get("/path").json()["keys"] == 2


def test_what_cannot_be_is_refused_in_one_sentence(
    client: TestClient, seen: list[Camera], keys: Keys
) -> None:
    for body in (b"{", b"[]", b'{"frames": []}', b'{"frames": [{"transform_matrix": "x"}]}'):
        refused = client.post("/path/load", content=body)
        assert refused.status_code == 409 and "The file" in refused.text
        assert "/tmp" not in refused.text
    many = {"frames": [{"transform_matrix": np.eye(4).tolist()}] * 60}
    assert "at most 50" in client.post("/path/load", content=json.dumps(many)).text
    assert client.post("/path/load", content=b" " * 300_000).status_code == 413
    assert client.post("/path/preview").status_code == 409
    assert client.post("/path/burn").status_code == 404
    seen.clear()
    assert "Nobody looks" in client.post("/path/add").text
    assert keys.cameras == []


def test_a_video_follows_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "run")
    jobs = Jobs()

    class Two:
        cameras = desk.snapshot.learned.cameras[:2]

    try:
        done = Exports(desk, jobs, Two()).own_path(order(frames=4.0)).wait(60)
        assert (done.state, done.result.name) == ("done", "keyframes-rgb-1.mp4")
        assert (done.result.parent / "path-1.json").exists()
        none = Exports(desk, jobs).own_path(order()).wait(60)
        assert none.state == "failed" and "add views" in none.message
    finally:
        jobs.stop()

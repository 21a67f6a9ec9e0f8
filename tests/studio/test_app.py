"""The whole studio starts as one, answers at one port, and leaves nothing behind."""

import socket
import threading
import time
from pathlib import Path

import httpx
import pytest

from studio.app import Studio
from studio.serving.server import STOP_SECONDS
from tests.patience import PATIENCE
from tests.studio.panel.stand_ins import Desk


def test_one_port_for_everything_and_none_afterwards(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    studio = Studio(Desk(tmp_path / "run"), "127.0.0.1", 0)
    studio.start()
    try:
        with httpx.Client(
            base_url=studio.url, headers=studio.headers, follow_redirects=True
        ) as browser:
            assert "nerfmm studio" in browser.get("/").text
            assert browser.get("/viser").status_code == 200
            assert browser.get("/status").json()["photos"] == 3
            assert browser.get("/panel/page.js").status_code == 200
            assert browser.get("/status", headers={"Host": "evil.example"}).status_code == 403
            stranger = {"Origin": "http://evil.example"}
            assert browser.post("/reset-view", headers=stranger).status_code == 403
            with browser.stream("GET", "/events") as stream:
                assert next(stream.iter_lines()) == "event: status"
                began = time.monotonic()
                studio.stop()
                assert time.monotonic() - began < STOP_SECONDS, "an open stream holds nobody up"
    finally:
        studio.stop()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", studio.port)) != 0
    for thread in set(threading.enumerate()) - before:
        thread.join(0 if thread.daemon else PATIENCE)
    left = {t.name for t in set(threading.enumerate()) - before if not t.daemon}
    assert not left


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_it_asks_for_its_token(tmp_path: Path, host: str) -> None:
    studio = Studio(Desk(tmp_path / "run"), host, 0)
    studio.start()
    try:
        assert httpx.get(f"{studio.url}status").status_code == 403
        assert httpx.get(f"{studio.url}status", headers=studio.headers).status_code == 200
        with httpx.Client(follow_redirects=True) as browser:
            assert browser.get(studio.entrance).status_code == 200
            assert browser.get(f"{studio.url}status").status_code == 200
    finally:
        studio.stop()


def test_it_asks_for_none_where_none_is_wanted(tmp_path: Path) -> None:
    studio = Studio(Desk(tmp_path / "run"), port=0, with_token=False)
    studio.start()
    try:
        assert studio.entrance == studio.url
        assert httpx.get(f"{studio.url}status").status_code == 200
    finally:
        studio.stop()


def test_the_next_free_port_is_found(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        studio = Studio(Desk(tmp_path / "run"), "127.0.0.1", taken.getsockname()[1])
        studio.stop()
    assert studio.port != taken

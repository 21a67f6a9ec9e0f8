"""viser behind the studio's port: every test talks to a real viser through a real socket."""

import asyncio
import dataclasses
import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import numpy as np
import pytest
import viser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from viser import _messages
from viser.infra import Message
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from studio.security.policy import hashes, inline_scripts
from studio.serving.proxy import viser_routes
from studio.serving.server import Server
from studio.serving.viser_server import start_viser, stop_viser
from tests.patience import PATIENCE

PAGE = (Path(viser.__file__).parent / "client" / "build" / "index.html").read_bytes()
TURN = (1.0, 0.0, 0.0, 0.0)
VERSION = f"viser-v{viser.__version__}"
CAMERA = _messages.ViewerCameraMessage(
    (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, -3.0), 1.0, 0.1, 100.0, 90, 160, (0.0,) * 3, (0.0, -1.0, 0.0)
)


@dataclass(frozen=True)
class Studio:
    server: Server
    viser: viser.ViserServer

    def connect(
        self, path: str = "viser", subprotocols: tuple[str, ...] = (VERSION,)
    ) -> ClientConnection:
        return connect(
            self.server.url.replace("http", "ws") + path,
            subprotocols=subprotocols or None,
            max_size=None,
            compression=None,
            proxy=None,
        )

    def tasks(self) -> tuple[int, int]:
        """How many asyncio tasks the web server and viser have."""
        web = int(httpx.get(f"{self.server.url}tasks", trust_env=False).text)
        return web, len(asyncio.all_tasks(self.viser._event_loop))


async def count_tasks(request: Request) -> Response:
    return PlainTextResponse(str(len(asyncio.all_tasks())))


@pytest.fixture
def studio() -> Iterator[Studio]:
    scene = start_viser()
    server = Server(port=0)
    routes = [*viser_routes(scene.get_port()), Route("/tasks", count_tasks)]
    server.start(Starlette(routes=routes))
    yield Studio(server, scene)
    server.stop()
    stop_viser(scene)


def encode(message: Message) -> bytes:
    """A message as viser's own page sends it."""
    return msgspec.msgpack.encode({"type": type(message).__name__, **dataclasses.asdict(message)})


def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Ask again and again, at most ``seconds`` long, and return the last answer."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    return condition()


@pytest.mark.parametrize("query", ["", "?darkMode&fov=1"])
def test_the_address_without_the_slash_leads_to_the_page(studio: Studio, query: str) -> None:
    answer = httpx.get(f"{studio.server.url}viser{query}", trust_env=False)
    assert answer.is_redirect
    assert answer.headers["location"] == "viser/"  # relative, and without what the page would obey


def test_the_page_is_visers_own_behind_one_script(studio: Studio) -> None:
    answer = httpx.get(f"{studio.server.url}viser/", trust_env=False)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    ours, *visers = inline_scripts(answer.content)
    assert visers == inline_scripts(PAGE)
    assert answer.content.replace(b"<script>" + ours + b"</script>", b"") == PAGE
    assert hashes([ours]) in answer.headers["content-security-policy"]


def test_a_proxy_for_the_outer_world_is_left_alone(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert httpx.get(f"{studio.server.url}viser/", trust_env=False).status_code == 200
    with studio.connect() as client:
        assert client.recv(timeout=PATIENCE)


@pytest.mark.parametrize("path", ["viser", "viser/"])
def test_messages_pass_both_ways_with_the_subprotocol(studio: Studio, path: str) -> None:
    clicked = threading.Event()
    connected = threading.Event()
    studio.viser.on_client_connect(lambda _: connected.set())
    button = studio.viser.gui.add_button("click")
    button.on_click(lambda _: clicked.set())
    with studio.connect(path) as client:
        assert client.subprotocol == VERSION
        assert isinstance(client.recv(timeout=PATIENCE), bytes)
        client.send(encode(CAMERA))
        assert connected.wait(PATIENCE)
        client.send(encode(_messages.GuiUpdateMessage(button._impl.uuid, {"value": True})))
        assert clicked.wait(PATIENCE)


def test_messages_of_several_megabytes_pass_both_ways(studio: Studio) -> None:
    text = studio.viser.gui.add_text("text", "")
    long = "x" * 3_000_000
    points = np.random.default_rng(0).random((300_000, 3), np.float32)
    with studio.connect() as client:
        client.send(encode(CAMERA))
        client.send(encode(_messages.GuiUpdateMessage(text._impl.uuid, {"value": long})))
        assert until(lambda: text.value == long)
        studio.viser.scene.add_point_cloud("/points", points, (0, 0, 0), precision="float32")
        while points.tobytes() not in client.recv(timeout=PATIENCE):
            pass


def read_to_the_end(client: ClientConnection) -> None:
    """Whatever comes, until the other side closes."""
    while True:
        client.recv(timeout=PATIENCE)


def test_a_drag_to_nowhere_ends_with_its_sender_and_the_scene_stays(studio: Studio) -> None:
    controls = studio.viser.scene.add_transform_controls("/virtual")
    with studio.connect() as good, studio.connect() as evil:
        for client in (good, evil):
            client.send(encode(CAMERA))
        assert until(lambda: len(studio.viser.get_clients()) == 2)
        nowhere = _messages.TransformControlsUpdateMessage("/virtual", TURN, (math.nan, 0.0, 0.0))
        evil.send(encode(nowhere))
        assert until(lambda: len(studio.viser.get_clients()) == 1)
        with pytest.raises(ConnectionClosed) as closed:
            read_to_the_end(evil)
        assert closed.value.rcvd.code == 1007
        good.send(encode(dataclasses.replace(nowhere, position=(0.0, 0.0, 5.0))))
        assert until(lambda: controls.position[2] == 5.0)


@pytest.mark.parametrize(
    ("offered", "named"), [(("viser-v0.0.1",), "0.0.1"), ((), "unknown"), (("chat",), "unknown")]
)
def test_a_page_of_another_version_is_told_why(
    studio: Studio, offered: tuple[str, ...], named: str
) -> None:
    with studio.connect(subprotocols=offered) as client, pytest.raises(ConnectionClosed) as closed:
        client.recv(timeout=PATIENCE)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1002
    assert f"Client: {named}" in closed.value.rcvd.reason


def test_when_viser_hangs_up_the_browser_hears_it(studio: Studio) -> None:
    with studio.connect() as client:
        client.recv(timeout=PATIENCE)
        studio.viser._websock_server.disconnect_all_clients()
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                client.recv(timeout=PATIENCE)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000


def test_without_viser_the_page_says_what_to_do(studio: Studio) -> None:
    stop_viser(studio.viser)
    answer = httpx.get(f"{studio.server.url}viser/", trust_env=False)
    assert answer.status_code == 503
    assert "restart" in answer.text
    with pytest.raises(InvalidStatus):
        studio.connect()


def test_fifty_reconnects_leave_nothing_behind(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    def visit(number: int) -> None:
        with studio.connect() as client:
            client.send(encode(CAMERA))
            client.recv(timeout=PATIENCE)
            if number % 2:  # as when a laptop is shut: the socket ends without a word
                client.socket.shutdown(2)

    def gone() -> bool:
        return not studio.viser._websock_server._live_connections

    visit(0)
    visit(1)
    assert until(gone)
    tasks, threads = studio.tasks(), threading.active_count()
    for number in range(50):
        visit(number)
    assert until(gone)
    assert until(lambda: studio.tasks() == tasks), (studio.tasks(), tasks)
    assert until(lambda: threading.active_count() == threads)
    assert studio.viser.get_clients() == {}
    assert caplog.records == []

"""The web server's life: it claims a port, answers when `start` returns, and leaves nothing."""

import asyncio
import contextlib
import http.client
import logging
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from core.errors import InputError
from studio.serving.server import PORTS_TRIED, STOP_SECONDS, Server
from tests.patience import PATIENCE


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


async def events(request: Request) -> StreamingResponse:
    async def forever() -> AsyncIterator[str]:
        yield "data: first\n\n"
        await asyncio.Event().wait()

    return StreamingResponse(forever(), media_type="text/event-stream")


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.send_bytes(await socket.receive_bytes())


def site() -> Starlette:
    return Starlette(
        routes=[Route("/", hello), Route("/events", events), WebSocketRoute("/echo", echo)]
    )


def claim(port: int) -> socket.socket:
    """Take a port the way another program would; raises OSError when it is not free."""
    taken = socket.socket()
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
    except OSError:
        taken.close()
        raise
    return taken


def test_it_answers_as_soon_as_start_returns() -> None:
    server = Server(port=0)
    server.start(site())
    try:
        assert server.url == f"http://127.0.0.1:{server.port}/"
        assert httpx.get(server.url, trust_env=False).text == "hello"
    finally:
        server.stop()


def test_a_busy_port_yields_the_next_free_one() -> None:
    first = Server(port=0)
    second = Server(port=first.port)
    try:
        assert first.port < second.port < first.port + PORTS_TRIED
    finally:
        first.stop()
        second.stop()


def test_two_servers_never_share_a_port_even_before_they_start() -> None:
    wanted = Server(port=0)
    wanted.stop()
    servers = [Server(port=wanted.port) for _ in range(5)]
    try:
        assert len({server.port for server in servers}) == 5
    finally:
        for server in servers:
            server.stop()


def test_the_port_is_free_after_stop_even_if_it_never_started() -> None:
    server = Server(port=0)
    with pytest.raises(OSError, match="in use"):
        claim(server.port)
    server.stop()
    claim(server.port).close()


@pytest.mark.parametrize(
    ("host", "port", "culprit"),
    [
        ("127.0.0.1", 65536, "--port 65536"),
        ("127.0.0.1", -1, "--port -1"),
        ("192.0.2.1", 0, "--host 192.0.2.1"),
        ("not a host", 0, "--host not a host"),
        ("a" * 64, 0, "--host aaa"),
    ],
)
def test_an_impossible_address_is_named(host: str, port: int, culprit: str) -> None:
    with pytest.raises(InputError, match=culprit):
        Server(host, port)


def test_it_says_so_when_every_port_is_taken() -> None:
    last = claim(65535)
    try:
        with pytest.raises(InputError, match="--port 65535: every port"):
            Server(port=65535)
    finally:
        last.close()


def test_stop_cuts_open_streams_and_frees_the_port(caplog: pytest.LogCaptureFixture) -> None:
    before = set(threading.enumerate())
    server = Server(port=0)
    server.start(site())
    listener = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    listener.request("GET", "/events")
    stream = listener.getresponse()
    assert stream.readline() == b"data: first\n"
    with connect(f"ws://127.0.0.1:{server.port}/echo", proxy=None) as open_socket:
        open_socket.send(b"\x00\xff")
        assert open_socket.recv() == b"\x00\xff"
        asked = time.monotonic()
        server.stop()
        assert time.monotonic() - asked < STOP_SECONDS, "an open stream holds nobody up"
        with pytest.raises(ConnectionClosed):
            open_socket.recv(timeout=PATIENCE)
    listener.close()
    claim(server.port).close()
    assert set(threading.enumerate()) == before
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_stop_may_be_repeated() -> None:
    server = Server(port=0)
    server.start(site())
    server.stop()
    server.stop()


def test_signals_stay_with_the_main_thread() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    server = Server(port=0)
    server.start(site())
    try:
        assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before
    finally:
        server.stop()
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before


def test_an_application_that_cannot_start_is_a_loud_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @contextlib.asynccontextmanager
    async def broken(app: Starlette) -> AsyncIterator[None]:
        raise ZeroDivisionError("the engine is missing")
        yield

    server = Server(port=0)
    with pytest.raises(RuntimeError, match="did not start"):
        server.start(Starlette(lifespan=broken))
    assert "the engine is missing" in caplog.text
    claim(server.port).close()

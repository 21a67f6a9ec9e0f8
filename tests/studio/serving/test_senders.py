"""Who owes the rest of a request has to go; who is answered, or sends what it said, stays."""

import contextlib
import os
import socket
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from websockets.frames import OP_BINARY, OP_CONT, OP_PING, OP_TEXT, Frame

from studio.serving import senders
from studio.serving.server import Server
from tests.patience import PATIENCE
from tests.studio.serving.test_server import echo, events

HEAD = b"POST /length HTTP/1.1\r\nHost: x\r\n"
UPGRADE = (
    b"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


async def length(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{len(await request.body())} bytes")


@pytest.fixture
def server() -> Iterator[Server]:
    routes = [Route("/length", length, methods=["POST"]), Route("/events", events)]
    server = Server(port=0)
    server.start(Starlette(routes=[*routes, WebSocketRoute("/echo", echo)]))
    yield server
    server.stop()


@contextlib.contextmanager
def sending(server: Server, content: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as sender:
        sender.sendall(content)
        yield sender


def dropped(sender: socket.socket) -> bool:
    """Waits until the connection ends; whatever was said before is read."""
    with contextlib.suppress(ConnectionError):
        while sender.recv(65536):
            pass
    return True


def told(sender: socket.socket) -> bytes:
    """The answer of `length`, however many pieces it comes in."""
    said = b""
    while not said.endswith(b" bytes"):
        piece = sender.recv(65536)
        assert piece, said
        said += piece
    return said


@pytest.mark.parametrize(
    "content",
    [
        b"",
        HEAD,
        HEAD + b"Content-Length: 9\r\n\r\n123",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n",
        b"GET /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
    ],
)
def test_who_owes_the_rest_of_a_request_goes(
    server: Server, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(senders, "LOOK_SECONDS", 0.1)
    with sending(server, content) as sender:
        assert dropped(sender)


def test_who_is_answered_or_sends_on_stays(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "LOOK_SECONDS", 0.1)
    with sending(server, b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n") as listener:
        monkeypatch.setattr(senders, "LEAST_BYTES", 1)
        upload = os.urandom(4_000_000)
        with sending(server, HEAD + b"Content-Length: 4000000\r\n\r\n") as sender:
            for begin in range(0, len(upload), 40_000):
                sender.sendall(upload[begin : begin + 40_000])
                listener.settimeout(0.01)  # paces the upload over more than one look
                with contextlib.suppress(TimeoutError):
                    assert listener.recv(1000), "who listens is dropped"
            assert told(sender).endswith(b"\n4000000 bytes")


def test_of_too_many_the_one_that_has_owed_for_longest_goes(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(senders, "MOST_OWING", 3)
    with contextlib.ExitStack() as stack:
        *first, _, _, last = [stack.enter_context(sending(server, HEAD)) for _ in range(40)]
        assert all(map(dropped, first))
        last.sendall(b"Content-Length: 2\r\n\r\n12")
        assert told(last).endswith(b"\n2 bytes")


@pytest.mark.parametrize(
    "flood",
    [200_000 * Frame(OP_PING, b"x" * 125).serialize(mask=True),
     Frame(OP_BINARY, b"", fin=False).serialize(mask=True)
     + 5000 * Frame(OP_CONT, b"", fin=False).serialize(mask=True)],
)  # fmt: skip
def test_who_floods_a_websocket_goes(server: Server, flood: bytes) -> None:
    with sending(server, UPGRADE) as sender, contextlib.suppress(ConnectionError):
        assert sender.recv(65536).startswith(b"HTTP/1.1 101")
        sender.sendall(flood)
        assert dropped(sender)


@pytest.mark.parametrize(
    "frames",
    [[Frame(OP_TEXT, b"\xff")], [Frame(OP_TEXT, b"\xe2", fin=False), Frame(OP_CONT, b"\x28")]],
)
def test_text_that_is_none_ends_a_websocket_and_no_log_tells_of_it(
    server: Server, frames: list[Frame], caplog: pytest.LogCaptureFixture
) -> None:
    content = b"".join(frame.serialize(mask=True) for frame in frames)
    with sending(server, UPGRADE) as sender:
        assert sender.recv(65536).startswith(b"HTTP/1.1 101")
        sender.sendall(content)
        assert sender.recv(65536)[2:4] == (1007).to_bytes(2)
        assert dropped(sender)
    assert not caplog.records

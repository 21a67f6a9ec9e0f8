"""The 3D scene's server, shut to everyone but the studio's own proxy.

viser listens on every network interface, checks nothing about who connects, and lets any client
open a public tunnel or fill the memory with uploads. Here it is bound to this computer at a port
nobody needs to know, demands a secret that only ``studio.serving.proxy`` sends, and has those
messages taken away. A page on another site can reach the port, but cannot add a header to a
WebSocket.

This leans on viser's inside, so viser is pinned and the tests speak to a real one.
"""

import contextlib
import logging
import secrets
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import rich
import viser
import websockets.asyncio.server
from viser import _messages
from viser.infra import WebsockMessageHandler
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

PING_TIMEOUT_SECONDS = 90.0  # a long call that holds the interpreter must not drop live clients

_SECRET_HEADER = "X-Studio-Secret"
_SECRET = secrets.token_urlsafe(32)
PROXY_HEADERS = {_SECRET_HEADER: _SECRET}
"""What the proxy adds to its requests to viser. Never sent anywhere else."""

_REFUSED_MESSAGES = (
    _messages.ShareUrlRequest,  # a client could open a public tunnel
    _messages.ShareUrlDisconnect,
    _messages.FileTransferStartUpload,  # without any limit of size; photos come through the panel
    _messages.FileTransferPart,
)

ProcessRequest = Callable[[ServerConnection, Request], Response | None]

_log = logging.getLogger(__name__)
_log.addFilter(lambda record: record.getMessage() != "opening handshake failed")  # a stray probe


def start_viser() -> viser.ViserServer:
    """Start the one viser server of this process, on 127.0.0.1 and a port the system picks.

    Clients reach it through ``studio.serving.proxy`` only. Calls of ``gui.configure_theme``
    must repeat ``show_logo=False, show_share_button=False``, which viser otherwise turns on again.

    Raises:
        RuntimeError: this viser opens its port in a way the guard does not see.
    """
    with _quiet(), _demanding_the_secret() as guarded:
        server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
        if not guarded:
            server.stop()
            raise RuntimeError(f"viser {viser.__version__} cannot be guarded; install 1.1.1")
    _refuse_messages(server._websock_server)
    server._websock_server.on_client_connect(_refuse_messages)  # runs after viser's own callbacks
    server.gui.configure_theme(show_logo=False, show_share_button=False)
    return server


def stop_viser(server: viser.ViserServer) -> None:
    """Stop the server, its threads and its connections."""
    with _quiet():
        server.stop()


@contextlib.contextmanager
def _demanding_the_secret() -> Iterator[list[int]]:
    """While this lasts, a websockets server that is opened demands the secret of every request.

    viser offers no hook of its own, so the function it opens its port with is wrapped meanwhile.
    Yields a list that holds one port number for each server opened so.
    """
    serve = websockets.asyncio.server.serve
    opened: list[int] = []

    def guarded_serve(
        handler: Any, host: str, port: int, *, process_request: ProcessRequest, **options: Any
    ) -> websockets.asyncio.server.serve:
        def check(connection: ServerConnection, request: Request) -> Response | None:
            offered = request.headers.get_all(_SECRET_HEADER)
            if len(offered) != 1 or not secrets.compare_digest(
                offered[0].encode(errors="surrogateescape"), _SECRET.encode()
            ):
                return connection.respond(
                    HTTPStatus.FORBIDDEN, "Open the studio's own address instead.\n"
                )
            return process_request(connection, request)

        opened.append(port)
        options |= {"ping_timeout": PING_TIMEOUT_SECONDS, "logger": _log}
        return serve(handler, host, port, process_request=check, **options)

    websockets.asyncio.server.serve = guarded_serve  # type: ignore[misc, assignment]
    try:
        yield opened
    finally:
        websockets.asyncio.server.serve = serve  # type: ignore[misc]


def _refuse_messages(handler: WebsockMessageHandler) -> None:
    """Make ``handler`` (the server, or one client's connection) deaf to the refused messages."""
    for message in _REFUSED_MESSAGES:
        handler._incoming_handlers.pop(message, None)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep viser from printing an address that nobody should open."""
    console = rich.get_console()
    was_quiet = console.quiet
    console.quiet = True
    try:
        yield
    finally:
        console.quiet = was_quiet

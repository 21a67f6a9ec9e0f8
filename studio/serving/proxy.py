"""Puts viser behind the studio's own port, under ``/viser``.

viser's page derives its WebSocket's address from its own: ``http://host/viser/`` opens
``ws://host/viser``, without the slash. So the page lives at ``/viser/`` and sockets are taken at
both. The subprotocol carries viser's version; viser closes a connection without it.
"""

import asyncio
import contextlib
from dataclasses import dataclass

import httpx
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from studio.security.policy import POLICY
from studio.serving.frames import sound
from studio.serving.viser_page import studio_page, viser_policy
from studio.serving.viser_server import PROXY_HEADERS

_UNAVAILABLE = "The 3D view is not running: restart the studio."
_CLOSE_UNSOUND = 1007  # "inconsistent with the type of the message"
_CLOSE_UNAVAILABLE = 1013  # "try again later"
# Codes that only note how a connection ended and may not be sent: without a code, without a word.
_SAID_INSTEAD = {1005: 1000, 1006: 1011}


def viser_routes(port: int) -> list[BaseRoute]:
    """The routes that stand for the viser server at 127.0.0.1:``port``.

    Add them before anything is mounted at ``/``.
    """
    proxy = _Proxy(port)
    return [
        Route("/viser", _redirect_to_page),
        WebSocketRoute("/viser", proxy.socket),
        Route("/viser/", proxy.page),
        WebSocketRoute("/viser/", proxy.socket),
    ]


async def _redirect_to_page(request: Request) -> Response:
    """Add the slash, relative to wherever the studio is mounted, and drop any query."""
    return RedirectResponse("viser/")


@dataclass(frozen=True)
class _Proxy:
    port: int  # viser's, on 127.0.0.1

    async def page(self, request: Request) -> Response:
        """viser's page: one file that holds all it needs.

        It never has a query, for it would obey one: `?websocket=` names another server to hear.
        """
        if request.url.query:
            return RedirectResponse("./")
        try:
            # trust_env: a proxy for the outer world must not be asked for a port of this computer.
            async with httpx.AsyncClient(trust_env=False, verify=False) as client:
                answer = await client.get(f"http://127.0.0.1:{self.port}/", headers=PROXY_HEADERS)
        except httpx.HTTPError:
            return PlainTextResponse(_UNAVAILABLE, 503)
        policy = {POLICY: viser_policy(request.headers["host"])}
        return HTMLResponse(studio_page(answer.content), answer.status_code, policy)

    async def socket(self, browser: WebSocket) -> None:
        """Connect one browser with viser until either of them leaves."""
        subprotocols = [
            Subprotocol(name)
            for name in browser.scope["subprotocols"]
            if name.startswith("viser-v")
        ]
        try:
            viser = await connect(
                f"ws://127.0.0.1:{self.port}/",
                subprotocols=subprotocols or None,
                additional_headers=PROXY_HEADERS,
                compression=None,
                proxy=None,
                max_size=None,
                max_queue=4,  # a slow browser must slow viser down, which then skips stale pictures
                ping_interval=None,  # viser pings
                close_timeout=1,
            )
        except (OSError, TimeoutError, InvalidHandshake):
            await browser.close(_CLOSE_UNAVAILABLE)
            return
        async with viser:
            await browser.accept(subprotocol=viser.subprotocol)
            await _relay(browser, viser)
            await _tell_why(browser, viser)


async def _relay(browser: WebSocket, viser: ClientConnection) -> None:
    """Pass messages both ways; return when either side has closed."""
    async with asyncio.TaskGroup() as group:
        upward = group.create_task(_browser_to_viser(browser, viser))
        downward = group.create_task(_viser_to_browser(viser, browser))
        upward.add_done_callback(lambda _: downward.cancel())
        downward.add_done_callback(lambda _: upward.cancel())


async def _browser_to_viser(browser: WebSocket, viser: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        while (message := await browser.receive())["type"] != "websocket.disconnect":
            data = message.get("bytes")
            frame = message["text"] if data is None else data
            if not sound(frame):
                await browser.close(_CLOSE_UNSOUND, "The studio does not know this message.")
                return
            await viser.send(frame)


async def _viser_to_browser(viser: ClientConnection, browser: WebSocket) -> None:
    # RuntimeError: uvicorn is closing this socket itself, after a broken frame or a lost ping.
    with contextlib.suppress(ConnectionClosed, WebSocketDisconnect, RuntimeError):
        while True:
            message = await viser.recv()
            if isinstance(message, bytes):
                await browser.send_bytes(message)
            else:
                await browser.send_text(message)


async def _tell_why(browser: WebSocket, viser: ClientConnection) -> None:
    """Close the browser's side as viser closed its own. Nothing to tell if the browser left."""
    if viser.close_code is None:
        return
    code = _SAID_INSTEAD.get(viser.close_code, viser.close_code)
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # it has left at the same time
        await browser.close(code, viser.close_reason)

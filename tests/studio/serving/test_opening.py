"""How the person's browser is opened: no token where other accounts could read it."""

import stat
import webbrowser
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from studio.cli import main
from studio.security.door import new_token
from studio.serving.opening import open_browser
from tests.browser import chromium


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What browsers were started with, as every account of the machine can see."""
    seen: list[str] = []
    monkeypatch.setattr(webbrowser, "open", seen.append)
    return seen


def test_the_browser_is_told_of_a_file_that_its_owner_alone_reads(opened: list[str]) -> None:
    token = new_token()
    open_browser(f"http://127.0.0.1:1/?token={token}")
    (address,) = opened
    assert token not in address
    file = Path(url2pathname(urlsplit(address).path))
    assert token in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.browser
def test_the_file_leads_on(opened: list[str]) -> None:
    open_browser("http://studio.example/?token=a&b=%22")
    with chromium() as browser:
        page = browser.new_page()
        page.route("http://studio.example/**", lambda route: route.fulfill(body="here"))
        page.goto(opened[0])
        page.wait_for_url("http://studio.example/?token=a&b=%22")


def test_no_token_is_refused_where_others_can_connect(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["studio", "--no-token", "--host", "0.0.0.0"]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "--no-token" in sentence and "--host 0.0.0.0" in sentence

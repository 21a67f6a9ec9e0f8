"""A real browser for the tests: Debian's Chromium, driven by playwright."""

import contextlib
import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.patience import PATIENCE

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
expect.set_options(timeout=1000 * PATIENCE)  # of whoever asks for a browser

REMEDY = "this test needs Chromium: apt-get install chromium, or put one on the PATH"


@contextlib.contextmanager
def chromium(*more_arguments: str) -> Iterator[Browser]:
    """A headless browser. Where there is none the test is skipped, and fails on CI."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail(REMEDY)
        pytest.skip(REMEDY)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=[*ARGUMENTS, *more_arguments]
        )
        yield browser
        browser.close()

"""Opens the person's browser at an address that holds the token.

Every account of a machine can read the command lines of the others' programs (``ps``), so the
browser gets the name of a file instead, which only its owner may read and which leads on. Jupyter
does the same.
"""

import html
import os
import threading
import webbrowser
from pathlib import Path

from studio.security.private import private_folder

TEXT_BROWSERS = ("www-browser", "links", "elinks", "lynx", "w3m")
_FILE = "open.html"
_PAGE = """<!doctype html>
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={address}">
<title>nerfmm studio</title>
<p><a href="{address}">Open the studio</a></p>
"""


def open_browser(address: str) -> None:
    """Let the person's browser go to `address`; one for text would only take the terminal."""
    file = private_folder() / _FILE
    page = _PAGE.format(address=html.escape(address))
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:
        stream.write(page)
    try:
        browser = webbrowser.get()
    except webbrowser.Error:  # there is none
        return
    if Path(getattr(browser, "name", "")).name not in TEXT_BROWSERS:
        # Some commands return when their window is closed.
        threading.Thread(target=browser.open, args=(file.as_uri(),), daemon=True).start()

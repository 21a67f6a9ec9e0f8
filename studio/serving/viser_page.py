"""viser's own page as the studio serves it, and what it may load: its Content-Security-Policy.

One script runs before viser's own, see `viser.js`: without it the page breaks its policy at
each load.
"""

import functools
import re
from pathlib import Path

import numpy as np
import viser
import zstandard

from studio.security.policy import hashes, inline_scripts, page_policy

_BASE88 = bytes(c for c in range(0x21, 0x7F) if c not in b"\"&<>'`")
_FIRST = (Path(__file__).parent / "viser.js").read_bytes()
_HEAD = b"<head>"
_PACKED = re.compile(rb'<script data-p="([^"]+)" data-ss="(\d+)" data-cs="(\d+)">')


def viser_policy(host: str) -> str:
    """The policy for a browser that asked for the page as `host`.

    Beyond scripts of these exact texts it needs: WebAssembly, with which it decompresses itself and
    its messages; a worker that it makes of a text of its own (blob:) and that holds the connection;
    pictures that came through the connection (blob:, data:); styles that its widgets make as they
    go. Not every browser counts a WebSocket to this server as 'self'. What it does not get: `eval`,
    which viser offers to whoever it is connected with.
    """
    return page_policy(
        script_src=f"'wasm-unsafe-eval' {hashes(_scripts())}",
        style_src="'self' 'unsafe-inline'",
        connect_src=f"'self' ws://{host} wss://{host} data: blob:",
        worker_src="blob: data:",
        img_src="'self' data: blob:",
        font_src="data:",
    )


def studio_page(page: bytes) -> bytes:
    """viser's page with the studio's script in front."""
    before, head, after = page.partition(_HEAD)
    return b"".join((before, head, b"<script>", _FIRST, b"</script>", after))


@functools.cache
def _scripts() -> tuple[bytes, ...]:
    """The scripts of the page: the studio's, the loader that stands in viser's, what that unpacks.

    Both are in `index.html`: the application as zstd in base 88, style before script
    (viser/client/vite-plugin-compress-html.mts).
    """
    page = (Path(viser.__file__).parent / "client" / "build" / "index.html").read_bytes()
    packed = _PACKED.search(page)
    if packed is None:
        raise RuntimeError(f"viser {viser.__version__} has another page; install 1.1.1")
    text, style, script = packed[1], int(packed[2]), int(packed[3])
    both = zstandard.ZstdDecompressor().decompress(_from_base88(text), style + script)
    return (_FIRST, *inline_scripts(page), both[style : style + script])


def _from_base88(text: bytes) -> bytes:
    """Bytes from five characters for each four, and k + 1 characters for k that remain."""
    digits = np.zeros(256, np.uint64)
    digits[list(_BASE88)] = np.arange(len(_BASE88))
    left = len(text) % 5
    whole = digits[np.frombuffer(text, np.uint8, len(text) - left)].reshape(-1, 5)
    words = whole @ (np.uint64(88) ** np.arange(5, dtype=np.uint64)[::-1])
    rest = 0
    for character in text[len(text) - left :]:
        rest = rest * 88 + int(digits[character])
    return words.astype(">u4").tobytes() + rest.to_bytes(max(left - 1, 0), "big")

"""What browsers are told with every answer: whose pages may use it, and what a page may load.

A Content-Security-Policy stands on every answer. One that is no page gets `NOTHING`: opened in a
tab of its own it runs nothing, and shows itself if it is a picture or a video. A page names what it
needs, see `page_policy`; `studio.serving.viser_page` and `studio.panel.mounting` say what viser and
Gradio need beyond that, and why.
"""

import base64
import hashlib
import re
from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

POLICY = "Content-Security-Policy"
NOTHING = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_SCRIPT = re.compile(rb"<script[^>]*>(.*?)</script>", re.DOTALL)


def page_policy(**sources: str) -> str:
    """The policy of a page that may load only what is named.

    Args:
        sources: what each directive allows, ``script_src="'self'"``; over these: nothing is loaded,
            the page's base, forms and frames stay with this server.
    """
    usual = {
        "default_src": "'none'",
        "base_uri": "'self'",
        "form_action": "'self'",
        "frame_ancestors": "'self'",
    }
    return "; ".join(
        f"{name.replace('_', '-')} {allowed}" for name, allowed in (usual | sources).items()
    )


def inline_scripts(page: bytes) -> list[bytes]:
    """The texts of the scripts that stand in an HTML page."""
    return [text for text in _SCRIPT.findall(page) if text]


def hashes(texts: Iterable[bytes]) -> str:
    """How a policy names the scripts or styles of exactly these texts."""
    digests = (base64.b64encode(hashlib.sha256(text).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)


def with_security_headers(send: Send) -> Send:
    """``send`` that tells browsers to keep an answer to this origin's own pages."""

    async def send_guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [
                (name, value)
                for name, value in message.get("headers", [])
                if not name.lower().startswith(b"access-control-")  # Gradio adds some
            ]
            headers = MutableHeaders(raw=kept)
            headers.update(_HEADERS)
            headers.setdefault(POLICY, NOTHING)
            message = {**message, "headers": kept}
        await send(message)

    return send_guarded

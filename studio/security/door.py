"""The token: who has it, how a browser trades it for a cookie, and what is shown without it.

As in Jupyter, the token stands in the address that the studio prints. A browser that opens it gets
a cookie instead, which scripts cannot read and other sites cannot send; a tool sends the token
itself, ``Authorization: Bearer TOKEN``.
"""

import re
import secrets
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import Scope

from studio.security.policy import POLICY, hashes, page_policy

MIN_TOKEN_LENGTH = 22  # 128 bits in base 64

_PAGES = Path(__file__).parent / "pages"
_STYLE = re.compile(rb"<style>(.+?)</style>", re.DOTALL)
_NO_TOKEN = (
    "This studio asks for its token: open the whole address it printed when it started, or send "
    "the header Authorization: Bearer TOKEN."
)


def new_token() -> str:
    """A fresh token of 256 random bits, safe in an address and in a cookie."""
    return secrets.token_urlsafe(32)


class Door:
    """Lets in who has the token; everybody where there is none.

    Args:
        token: of at least 128 bits, see `new_token`; None opens to everybody.
        root: the path under which a proxy shows the studio, without a slash at the end.
        port: the server's own. All ports of a host share their cookies, so it is in the name.

    Raises:
        ValueError: a token under 128 bits.
    """

    def __init__(self, token: str | None, port: int, root: str = "") -> None:
        if token is not None and len(token) < MIN_TOKEN_LENGTH:
            raise ValueError(f"a token needs at least {MIN_TOKEN_LENGTH} characters")
        self._token, self._root = token, f"{root}/"
        self._cookie = f"studio_token_{port}"

    def opens(self, scope: Scope) -> bool:
        """Whether a request carries the token, as a cookie or as a bearer."""
        if self._token is None:
            return True
        kind, _, bearer = Headers(scope=scope).get("authorization", "").partition(" ")
        cookie = HTTPConnection(scope).cookies.get(self._cookie)
        return self._is(cookie) or (kind.lower() == "bearer" and self._is(bearer))

    def answer(self, scope: Scope, from_elsewhere: bool) -> Response | None:
        """What is answered here to an HTTP request; None lets it in.

        Args:
            from_elsewhere: it follows a link on another site, to the studio's first page. As such a
                link carries no cookie it gets an empty page that opens the studio anew; nothing of
                the link, not even its query, goes further than this.
        """
        entering = scope["path"] == "/" and scope["method"] in ("GET", "HEAD")
        offered = HTTPConnection(scope).query_params.get("token")
        if entering and self._is(offered):
            welcome = self._to_the_studio(scope)
            welcome.set_cookie(self._cookie, offered or "", httponly=True, samesite="strict")
            return welcome
        if from_elsewhere:
            return _page("doorstep.html", 200, self._root)
        if not self.opens(scope):
            return _closed(scope, self._root)
        # Neither an old token nor anything that Gradio's page would obey stays in the address.
        return self._to_the_studio(scope) if entering and scope["query_string"] else None

    def _to_the_studio(self, scope: Scope) -> Response:
        """To its first page, from there: Jupyter's proxy adds to whatever begins with a slash."""
        home = "./" if scope.get("raw_path", b"/") else self._root
        return RedirectResponse(home, 303, headers={"Cache-Control": "no-store"})

    def _is(self, offered: str | None) -> bool:
        if self._token is None or offered is None:
            return False
        return secrets.compare_digest(offered.encode(), self._token.encode())


def _closed(scope: Scope, root: str) -> Response:
    """The answer to who has no token: for a person a page that says where to find it."""
    if scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", ""):
        return _page("closed.html", 403, root)
    return PlainTextResponse(_NO_TOKEN, 403)


def _page(name: str, status: int, root: str) -> Response:
    """A page of the folder beside this file, which loads nothing and runs nothing."""
    content = (_PAGES / name).read_bytes().replace(b'"/"', f'"{root}"'.encode())
    policy = page_policy(style_src=hashes(_STYLE.findall(content)))
    return HTMLResponse(content, status, {POLICY: policy, "Cache-Control": "no-store"})

"""Who may talk to the studio: one check in front of every HTTP request and every WebSocket.

A server on this computer can be reached by every web page that the person's browser has open. Three
kinds of page must not get through, and none of them is stopped by binding to 127.0.0.1:

* one that sends requests here from another site: its ``Origin`` or ``Sec-Fetch-Site`` differs;
* one whose own host name was re-pointed to 127.0.0.1 (DNS rebinding): its ``Host`` is not ours;
* one that opens a WebSocket here, which no browser forbids by itself: its ``Origin`` differs.

See SECURITY.md for what is promised. Built after Jupyter's ``check_host`` and ``check_origin``.
"""

import ipaddress
import secrets
import socket
from collections.abc import Iterator

from starlette.datastructures import URL, Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DEFAULT_MAX_UPLOAD_BYTES = 2 * 1024**3
MIN_TOKEN_LENGTH = 22  # 128 bits in base 64

_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_HTTP_SCHEMES = {"ws": "http", "wss": "https"}
_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

_WRONG_HOST = (
    "The studio does not answer to this address: open the one it printed when it started "
    "(through ssh, forward the same port number)."
)
_WRONG_ORIGIN = "Requests from other pages are refused: use the studio in its own tab."
_NO_TOKEN = "This studio asks for its token: open the whole address it printed when it started."
_TOO_LARGE = "This upload is larger than the studio accepts: send fewer or smaller files."


def is_loopback(host: str) -> bool:
    """Whether a server bound to ``host`` (address or name) is reachable from this computer only.

    A name other than ``localhost`` counts as reachable from outside, whatever it resolves to.
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def url_host(host: str) -> str:
    """``host`` as it stands in an address: IPv6 in brackets, everything in lower case."""
    return f"[{host.lower()}]" if ":" in host else host.lower()


def new_token() -> str:
    """A fresh token of 256 random bits, safe in an address and in a cookie."""
    return secrets.token_urlsafe(32)


def allowed_hosts(host: str, port: int) -> frozenset[str]:
    """The values of the ``Host`` header under which a server bound to ``host:port`` may be asked.

    The loopback names always; for any other bind also ``host`` itself and this machine's own names
    and addresses. Browsers leave port 80 out, so for it the bare names are allowed too.
    """
    names = {*_LOOPBACK_NAMES, url_host(host)}
    if not is_loopback(host):
        names.update(url_host(name) for name in _machine_names())
    hosts = {f"{name}:{port}" for name in names}
    return frozenset(hosts | names if port == 80 else hosts)


def _machine_names() -> Iterator[str]:
    """This machine's host names and the addresses by which others reach it."""
    name = socket.gethostname()
    yield from (name, f"{name}.local")
    try:
        for *_, address in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM):
            yield str(address[0])
    except socket.gaierror:
        pass  # a machine that does not know its own name is still reached by its addresses
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((elsewhere, 9))  # UDP: picks a route and sends nothing
                yield str(probe.getsockname()[0])
        except OSError:
            pass  # no route of this family


class Guard:
    """ASGI middleware that lets a request through only if it can come from the person.

    Put it outermost, around the finished application, so that nothing runs before it.

    Args:
        app: the application behind it.
        host: the address the server is bound to.
        port: the port the server is bound to.
        token: demanded once as ``?token=...`` and then as a cookie; needed unless ``host`` is a
            loopback address, see ``new_token``.
        max_upload_bytes: the largest request body, declared or streamed.

    Raises:
        ValueError: no token, or one under 128 bits, for a bind that other machines can reach.
    """

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        port: int,
        token: str | None = None,
        max_upload_bytes: int = DEFAULT_MAX_UPLOAD_BYTES,
    ) -> None:
        if token is None and not is_loopback(host):
            raise ValueError(f"a server bound to {host} needs a token")
        if token is not None and len(token) < MIN_TOKEN_LENGTH:
            raise ValueError(f"a token needs at least {MIN_TOKEN_LENGTH} characters")
        self._app = app
        self._hosts = allowed_hosts(host, port)
        self._token = token
        self._cookie = f"studio_token_{port}"  # cookies are shared by all ports of a host
        self._max_upload_bytes = max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        match scope["type"]:
            case "http":
                await self._http(scope, receive, _with_security_headers(send))
            case "websocket":
                if self._refusal(scope) is not None or not self._has_cookie(scope):
                    await send({"type": "websocket.close", "code": 1008, "reason": ""})
                else:
                    await self._app(scope, receive, send)
            case _:
                await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._answer(scope)
        if answer is not None:
            await answer(scope, receive, send)
            return
        body = _CappedBody(receive, send, self._max_upload_bytes)
        try:
            await self._app(scope, body.receive, body.send)
        except Exception:
            if not body.cut_off:  # else it is only the disconnect that the application was told of
                raise
        if body.cut_off and not body.answered:
            await PlainTextResponse(_TOO_LARGE, 413)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response | None:
        """What the guard itself answers to an HTTP request, or None to let it through."""
        refusal = self._refusal(scope)
        if refusal is not None:
            return PlainTextResponse(refusal, 403)
        if self._offers_token(scope):
            return self._welcome(scope)
        if not self._has_cookie(scope):
            return PlainTextResponse(_NO_TOKEN, 403)
        lengths = Headers(scope=scope).getlist("content-length")
        if any(int(n) > self._max_upload_bytes for n in lengths if n.isdecimal()):
            return PlainTextResponse(_TOO_LARGE, 413)
        return None

    def _refusal(self, scope: Scope) -> str | None:
        """Why the sender of this request is not believed to be the person, or None."""
        headers = Headers(scope=scope)
        hosts = [host.lower() for host in headers.getlist("host")]
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return _WRONG_HOST
        scheme = _HTTP_SCHEMES.get(scope["scheme"], scope["scheme"])
        origins = headers.getlist("origin")
        if origins not in ([], [f"{scheme}://{hosts[0]}"]):
            return _WRONG_ORIGIN
        # Without an Origin this is a page's own GET, or a tool outside any browser: every browser
        # sends Origin with WebSockets and with anything but GET and HEAD, and most add this header.
        sites = headers.getlist("sec-fetch-site")
        if sites in ([], ["same-origin"], ["none"]) or _is_followed_link(scope, headers, sites):
            return None
        return _WRONG_ORIGIN

    def _has_cookie(self, scope: Scope) -> bool:
        return self._token is None or self._matches(HTTPConnection(scope).cookies.get(self._cookie))

    def _offers_token(self, scope: Scope) -> bool:
        asked = HTTPConnection(scope).query_params.get("token")
        return scope["method"] == "GET" and self._matches(asked)

    def _matches(self, offered: str | None) -> bool:
        if self._token is None or offered is None:
            return False
        return secrets.compare_digest(offered.encode(), self._token.encode())

    def _welcome(self, scope: Scope) -> Response:
        """Trade the token in the address for a cookie: no history or bookmark keeps it."""
        address = str(URL(scope=scope).remove_query_params("token"))
        response = RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})
        response.set_cookie(self._cookie, self._token or "", httponly=True, samesite="strict")
        return response


def _is_followed_link(scope: Scope, headers: Headers, sites: list[str]) -> bool:
    """Whether a person followed a link from another site: a whole tab navigates here by GET."""
    return (
        sites in (["cross-site"], ["same-site"])
        and scope["type"] == "http"
        and scope["method"] in ("GET", "HEAD")
        and headers.getlist("sec-fetch-mode") == ["navigate"]
        and headers.getlist("sec-fetch-dest") == ["document"]
    )


def _with_security_headers(send: Send) -> Send:
    """``send`` that tells browsers to keep the answer to this origin's own pages."""

    async def send_guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [
                (name, value)
                for name, value in message.get("headers", [])
                if not name.lower().startswith(b"access-control-")  # Gradio adds some
            ]
            headers = MutableHeaders(raw=kept)
            headers.update(_SECURITY_HEADERS)
            headers.append("Content-Security-Policy", "frame-ancestors 'self'")
            message = {**message, "headers": kept}
        await send(message)

    return send_guarded


class _CappedBody:
    """One request's body, counted as it streams in.

    Past the cap the application sees a disconnect (``cut_off``), and what it still sends is
    dropped unless it had begun to answer (``answered``).
    """

    def __init__(self, receive: Receive, send: Send, max_bytes: int) -> None:
        self._receive = receive
        self._send = send
        self._left = max_bytes
        self.cut_off = False
        self.answered = False

    async def receive(self) -> Message:
        """The next message for the application."""
        if self.cut_off:
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                self.cut_off = True
                return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        """Pass the application's message on."""
        if self.cut_off and not self.answered:
            return
        self.answered = True
        await self._send(message)

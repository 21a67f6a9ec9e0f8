"""Who may talk to the studio: one check in front of every HTTP request and every WebSocket.

A server on this computer can be reached by every web page that the person's browser has open, and
by every other account of the computer. Binding to 127.0.0.1 stops neither of them:

* a page that sends requests here from another site: its ``Origin`` or ``Sec-Fetch-Site`` differs;
* one whose own host name was re-pointed to 127.0.0.1 (DNS rebinding): its ``Host`` is not ours;
* one that opens a WebSocket here, which no browser forbids by itself: its ``Origin`` differs;
* a program of another account: it has no token (`studio.security.door`).

See SECURITY.md for what is promised. Built after Jupyter's ``check_host`` and ``check_origin``.
"""

import math
import shutil
import tempfile
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.security.door import Door
from studio.security.hosts import Ways, allowed_hosts, is_loopback
from studio.security.policy import with_security_headers

NO_WAYS = Ways()
DEFAULT_MAX_UPLOAD_BYTES = 2 * 1024**3
FLOOR_BYTES = 1024**3  # of the disk, which no upload may take: what is learned is saved there too
LONGEST_PATH = 4096  # letters; Python makes no number of more digits than 4300
ALWAYS_BYTES = 2**20  # that are taken all the same: what buttons send

_HTTP_SCHEMES = {"ws": "http", "wss": "https"}
_WRONG_HOST = (
    "The studio does not answer to this address: open the one it printed when it started "
    "(through ssh, forward the same port number), or start it with --allow-host and this one."
)
_WRONG_ORIGIN = "Requests from other pages are refused: use the studio in its own tab."
_NO_ROOM = "There is no room for this upload: make room on the studio's disk, or send less."
_TOO_LONG = "This address is longer than any page of the studio has: open the first page."
_TOO_LARGE = "This upload is larger than the studio accepts: send fewer or smaller files."


class Guard:
    """ASGI middleware that lets a request through only if it can come from the person.

    Put it outermost, around the finished application, so that nothing runs before it.

    Args:
        app: the application behind it.
        host: the address the server is bound to.
        port: the port the server is bound to.
        token: what `studio.security.door.Door` demands; None lets in everybody on this computer.
        max_upload_bytes: the largest request body, declared or streamed.
        ways: further names, and the path under which a proxy shows the studio.

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
        ways: Ways = NO_WAYS,
    ) -> None:
        if token is None and (ways.hosts or not is_loopback(host)):
            raise ValueError(f"a server bound to {host} needs a token")
        self._app = app
        self._ways = ways
        self._hosts = allowed_hosts(host, port)
        self._door = Door(token, port, ways.root)
        self._max_upload_bytes = max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        scope = _below(self._ways.root, scope)
        match scope["type"]:
            case "http":
                await self._http(scope, receive, with_security_headers(send))
            case "websocket":
                if self._refusal(scope) is not None or not self._door.opens(scope):
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
        body = _CappedBody(receive, send, self._most(scope))
        try:
            await self._app(scope, body.receive, body.send)
        except Exception:
            if not body.cut_off:  # else it is only the disconnect that the application was told of
                raise
        if body.cut_off and not body.answered:
            await PlainTextResponse(_TOO_LARGE, 413)(scope, receive, send)

    def _most(self, scope: Scope) -> float:
        """Bytes that a body may have: where none are declared, no more than there is room for."""
        most: float = self._max_upload_bytes
        if Headers(scope=scope).get("transfer-encoding"):
            most = min(most, max(ALWAYS_BYTES, _free() - FLOOR_BYTES))
        return most

    def _answer(self, scope: Scope) -> Response | None:
        """What the guard itself answers to an HTTP request, or None to let it through."""
        from_elsewhere = _is_link_to_the_studio(scope)
        refusal = self._refusal(scope, from_elsewhere)
        if refusal is not None:
            return PlainTextResponse(refusal, 403)
        answer = self._door.answer(scope, from_elsewhere)
        if answer is not None:
            return answer
        if len(scope["path"]) > LONGEST_PATH:
            return PlainTextResponse(_TOO_LONG, 414)
        lengths = Headers(scope=scope).getlist("content-length")
        declared = max((int(n) for n in lengths if n.isdecimal()), default=0)
        if declared > self._max_upload_bytes:
            return PlainTextResponse(_TOO_LARGE, 413)
        if declared > ALWAYS_BYTES and declared + FLOOR_BYTES > _free():
            return PlainTextResponse(_NO_ROOM, 507)
        return None

    def _refusal(self, scope: Scope, from_elsewhere: bool = False) -> str | None:
        """Why the sender of this request is not believed to be the person, or None."""
        headers = Headers(scope=scope)
        hosts = [host.lower() for host in headers.getlist("host")]
        named = len(hosts) == 1 and hosts[0] in self._ways.hosts
        if len(hosts) != 1 or not (named or hosts[0] in self._hosts):
            return _WRONG_HOST
        # A proxy under a name may speak TLS with browsers, and plainly with this server.
        own = _HTTP_SCHEMES.get(scope["scheme"], scope["scheme"])
        schemes = {own, "https"} if named else {own}
        origins = headers.getlist("origin")
        if origins and origins not in [[f"{scheme}://{hosts[0]}"] for scheme in schemes]:
            return _WRONG_ORIGIN
        # Without an Origin this is a page's own GET, or a tool outside any browser: every browser
        # sends Origin with WebSockets and with anything but GET and HEAD, and most add this header.
        sites = headers.getlist("sec-fetch-site")
        if from_elsewhere or sites in ([], ["same-origin"], ["none"]):
            return None
        return _WRONG_ORIGIN


def _free() -> float:
    """Bytes where uploads go; without end where a drive does not tell."""
    try:
        return shutil.disk_usage(tempfile.gettempdir()).free
    except OSError:
        return math.inf


def _below(root: str, scope: Scope) -> Scope:
    """The scope as it is below the root path, which some proxies leave in front and some do not."""
    path = scope.get("path", "")
    if not root or not (path == root or path.startswith(f"{root}/")):
        return scope
    below = path[len(root) :]  # nothing, where the address ends without its slash
    return {**scope, "path": below or "/", "raw_path": quote(below).encode()}


def _is_link_to_the_studio(scope: Scope) -> bool:
    """Whether a person followed a link on another site to `/`: a whole tab navigates there by GET.

    Links lead to no other page: some obey their query, and all of them trust who opened them.
    """
    headers = Headers(scope=scope)
    return (
        scope["path"] == "/"
        and scope["method"] in ("GET", "HEAD")
        and headers.getlist("sec-fetch-site") in (["cross-site"], ["same-site"])
        and headers.getlist("sec-fetch-mode") == ["navigate"]
        and headers.getlist("sec-fetch-dest") == ["document"]
    )


class _CappedBody:
    """One request's body, counted as it streams in.

    Past the cap the application sees a disconnect (``cut_off``), and what it still sends is
    dropped unless it had begun to answer (``answered``).
    """

    def __init__(self, receive: Receive, send: Send, max_bytes: float) -> None:
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

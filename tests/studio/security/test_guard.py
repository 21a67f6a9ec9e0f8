"""The guard in front of everything: names, token, size of uploads, what browsers are told."""

import asyncio
import http.client
import shutil
from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message
from starlette.websockets import WebSocket

from core.errors import InputError
from studio.security.door import new_token
from studio.security.guard import FLOOR_BYTES, LONGEST_PATH, Guard
from studio.security.hosts import Ways, allowed_hosts, is_loopback, reachable, url_host
from studio.serving.server import Server
from tests.patience import PATIENCE

CAP = 10_000
TOKEN = new_token()


class Site:
    """A tiny application that remembers what reached it."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.cut_off = 0
        routes = [Route("/{path:path}", self.echo, methods=["GET", "POST"])]
        self.app = Starlette(routes=[WebSocketRoute("/socket", self.socket), *routes])

    async def echo(self, request: Request) -> Response:
        self.reached.append(request.url.path)
        try:
            size = len(await request.body())
        except ClientDisconnect:
            self.cut_off += 1
            raise
        cors = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true"}
        return PlainTextResponse(str(size), headers=cors)

    async def socket(self, socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def local(site: Site) -> Iterator[Server]:
    server = Server(port=0)
    server.start(Guard(site.app, "127.0.0.1", server.port, max_upload_bytes=CAP))
    site.reached.clear()  # of the question by which the server finds out that it is up
    yield server
    server.stop()


@pytest.fixture
def exposed(site: Site) -> Iterator[Server]:
    """Guarded like a server that others can reach, though it listens on loopback."""
    server = Server(port=0)
    server.start(Guard(site.app, "0.0.0.0", server.port, token=TOKEN))
    yield server
    server.stop()


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_only_loopback_addresses_count_as_local(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def test_a_server_answers_to_its_own_names_only() -> None:
    assert allowed_hosts("127.0.0.1", 81) == {"127.0.0.1:81", "localhost:81", "[::1]:81"}
    assert allowed_hosts("::1", 80) >= {"[::1]", "localhost", "127.0.0.1:80"}
    assert "192.168.7.7:81" in allowed_hosts("192.168.7.7", 81)
    assert url_host("FE80::1") == "[fe80::1]"


def test_a_server_that_others_reach_knows_the_name_of_its_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "Studio-PC")
    assert allowed_hosts("0.0.0.0", 81) >= {"studio-pc:81", "studio-pc.local:81", "localhost:81"}


@pytest.mark.parametrize("token", [None, "", "short", "x" * 21])
def test_no_server_is_exposed_without_a_token_of_128_bits(site: Site, token: str | None) -> None:
    with pytest.raises(ValueError, match="token"):
        Guard(site.app, "0.0.0.0", 7860, token=token)


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 43


def test_the_token_is_traded_for_a_cookie(site: Site, exposed: Server) -> None:
    with httpx.Client(base_url=exposed.url, trust_env=False) as client:
        assert client.get("/").status_code == 403
        assert client.get(f"/deep/page?token={TOKEN}").status_code == 403
        welcome = client.get(f"/?a=1&token={TOKEN}&b=2")
        assert (welcome.status_code, welcome.headers["location"]) == (303, "./")
        cookie = welcome.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert site.reached == []
        assert client.get("/").status_code == 200
        assert client.post("/", content=b"x").text == "1"
        assert client.get("/?token=of-yesterday").headers["location"] == "./"


def test_two_studios_on_two_ports_do_not_clash(site: Site, exposed: Server) -> None:
    """Browsers share the cookies of all ports of a host."""
    other, theirs = Server(port=0), new_token()
    other.start(Guard(site.app, "127.0.0.1", other.port, token=theirs))
    try:
        with httpx.Client(trust_env=False, follow_redirects=True) as browser:
            assert browser.get(f"{exposed.url}?token={TOKEN}").status_code == 200
            assert browser.get(f"{other.url}?token={theirs}").status_code == 200
            assert browser.get(exposed.url).status_code == 200
            assert browser.get(other.url).status_code == 200
    finally:
        other.stop()


def test_without_the_token_a_person_is_told_where_it_is_and_a_tool_too(exposed: Server) -> None:
    page = httpx.get(exposed.url, headers={"Accept": "text/html"}, trust_env=False)
    assert page.status_code == 403
    assert "?token=" in page.text and "terminal" in page.text
    assert TOKEN not in page.text
    assert "script" not in page.headers["content-security-policy"]
    assert "Authorization: Bearer" in httpx.get(f"{exposed.url}status", trust_env=False).text


def test_the_token_opens_nothing_for_a_foreign_host(site: Site, exposed: Server) -> None:
    hostile = {"Host": f"evil.example:{exposed.port}"}
    answer = httpx.get(f"{exposed.url}?token={TOKEN}", headers=hostile, trust_env=False)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert site.reached == []


def test_a_websocket_needs_the_cookie(exposed: Server) -> None:
    cookie = f"studio_token_{exposed.port}={TOKEN}"
    assert _handshake(exposed, {}) == 403
    assert _handshake(exposed, {"Cookie": cookie[:-1]}) == 403
    assert _handshake(exposed, {"Cookie": cookie}) == 101


def test_ten_thousand_wrong_tokens_open_nothing(site: Site) -> None:
    guard = Guard(site.app, "0.0.0.0", 7860, token=TOKEN)
    wrong = [
        TOKEN[:-1],
        TOKEN + "x",
        TOKEN.swapcase(),
        "",
        "ä",
        *(new_token() for _ in range(9995)),
    ]

    async def statuses() -> set[int]:
        found = set()
        for number, token in enumerate(wrong):
            offer = f"token={token}" if number % 2 else f"studio_token_7860={token}"
            found.add(await _status(guard, offer, as_query=bool(number % 2)))
        return found

    assert len(wrong) == 10_000
    assert asyncio.run(statuses()) == {403}
    assert site.reached == []


def test_browsers_are_told_to_keep_answers_to_this_origin(local: Server) -> None:
    own = {"Origin": local.url.rstrip("/")}
    for headers, status in ((own, 200), ({"Origin": "http://evil.example"}, 403)):
        answer = httpx.get(local.url, headers=headers, trust_env=False)
        assert answer.status_code == status
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; ")
        assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_up_to_the_cap_arrives_and_one_byte_more_does_not(
    site: Site, local: Server, chunked: bool
) -> None:
    def upload(size: int) -> httpx.Response:
        pieces = [b"x" * 1000] * (size // 1000) + [b"x" * (size % 1000)]
        content = iter(pieces) if chunked else b"".join(pieces)
        return httpx.post(local.url, content=content, trust_env=False)

    assert upload(CAP).text == str(CAP)
    refused = upload(CAP + 1)
    assert refused.status_code == 413
    assert "larger" in refused.text
    assert site.cut_off == int(chunked)
    assert len(site.reached) == 1 + int(chunked)


def test_an_upload_leaves_room_on_the_disk(
    site: Site, local: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.security.guard.ALWAYS_BYTES", 10)
    usage = shutil.disk_usage("/")
    for free, status in ((FLOOR_BYTES + CAP, 200), (FLOOR_BYTES + CAP - 1, 507)):
        monkeypatch.setattr(shutil, "disk_usage", lambda place, n=free: usage._replace(free=n))
        answer = httpx.post(local.url, content=b"x" * CAP, trust_env=False)
        assert answer.status_code == status
    assert "make room" in answer.text
    assert httpx.post(local.url, content=b"x", trust_env=False).status_code == 200
    pieces = iter([b"x" * 10, b"x" * (CAP - 10)])  # whose sum nobody has declared
    assert httpx.post(local.url, content=pieces, trust_env=False).status_code == 413


def test_an_address_longer_than_any_is_refused(local: Server) -> None:
    """Routes make numbers of what stands in them, and Python of no more than so many digits."""
    for digits, status in ((LONGEST_PATH - 1, 200), (LONGEST_PATH, 414)):
        assert httpx.get(f"{local.url}{'9' * digits}", trust_env=False).status_code == status


def test_a_refusal_is_one_plain_sentence_without_an_echo(local: Server) -> None:
    hostile = {"Host": "<script>alert(1)</script>.example"}
    answer = httpx.get(local.url, headers=hostile, trust_env=False)
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.count("\n") == 0
    assert "script" not in answer.text


def _handshake(server: Server, headers: dict[str, str]) -> int:
    """The status that answers a WebSocket's opening."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    opening = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    connection.request("GET", "/socket", headers={**opening, **headers})
    status = connection.getresponse().status
    connection.close()
    return status


async def _status(guard: Guard, offer: str, as_query: bool) -> int:
    """The status of one request that goes straight into the guard, without a socket."""
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = [(b"host", b"127.0.0.1:7860")]
    cookie = [] if as_query else [(b"cookie", offer.encode("latin-1"))]
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "query_string": offer.encode() if as_query else b"",
        "headers": headers + cookie,
    }
    await guard(scope, receive, send)
    return statuses[0]


@pytest.fixture
def named(site: Site) -> Iterator[Server]:
    """Behind a proxy that speaks TLS and shows it below a path, and a forwarded port."""
    server, ways = Server(port=0), Ways.of(["Studio.example", "localhost:8080"], "/my/studio/")
    server.start(Guard(site.app, "127.0.0.1", server.port, TOKEN, ways=ways))
    site.reached.clear()
    yield server
    server.stop()


def asked(server: Server, path: str, **headers: str) -> httpx.Response:
    """What a browser that has the token is answered."""
    own = {name.replace("_", "-"): value for name, value in headers.items()}
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    return httpx.get(server.url.rstrip("/") + path, headers=bearer | own, trust_env=False)


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("studio.example", None, 200), ("studio.example", "https://studio.example", 200),
        ("studio.example", "http://studio.example", 200),
        ("localhost:8080", "http://localhost:8080", 200),
        ("studio.example", "https://evil.example", 403), ("studio.example", "null", 403),
        ("studio.example", "https://studio.example:81", 403), ("studio.example:81", None, 403),
        ("evil.example", "https://evil.example", 403), ("studio.example.evil.example", None, 403),
        ("localhost:8081", None, 403), ("studio.example", "https://localhost:8080", 403),
    ],
)  # fmt: skip
def test_names_that_are_allowed_are_answered_and_no_others(
    named: Server, host: str, origin: str | None, status: int
) -> None:
    origins = {} if origin is None else {"Origin": origin}
    assert asked(named, "/x", Host=host, **origins).status_code == status


def test_names_of_its_own_speak_no_tls(named: Server) -> None:
    own = f"127.0.0.1:{named.port}"
    assert asked(named, "/x", Host=own, Origin=f"http://{own}").status_code == 200
    assert asked(named, "/x", Host=own, Origin=f"https://{own}").status_code == 403


def test_a_path_in_front_may_be_left_there_or_not(named: Server, site: Site) -> None:
    for path in ("/my/studio/a/b", "/a/b", "/my/studio", "/my/studios"):
        asked(named, path)
    assert site.reached == ["/a/b", "/a/b", "/", "/my/studios"]
    for path, home in (("", "./"), ("my/studio/", "./"), ("my/studio", "/my/studio/")):
        entered = httpx.get(f"{named.url}{path}?token={TOKEN}", trust_env=False)
        assert (entered.status_code, entered.headers["location"]) == (303, home)
    closed = httpx.get(f"{named.url}my/studio/", headers={"Accept": "text/html"}, trust_env=False)
    assert closed.status_code == 403 and 'action="/my/studio/"' in closed.text
    assert 'href="/"' not in closed.text


@pytest.mark.parametrize(
    ("host", "root"),
    [("http://a.example", ""), ("a b", ""), ("a:b", ""), ("", ""), ("*", ""), ("a/x", ""),
     ("a", "studio"), ("a", "/a b"), ("a", "https://a/")],
)  # fmt: skip
def test_what_is_no_name_or_path_is_refused(host: str, root: str) -> None:
    with pytest.raises(InputError, match=r"--(allow-host|root-path) "):
        Ways.of([host], root)


def test_a_named_server_is_never_without_a_token(site: Site) -> None:
    with pytest.raises(ValueError, match="token"):
        Guard(site.app, "127.0.0.1", 7860, ways=Ways.of(["a.example"], ""))


def test_the_addresses_that_others_reach_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "Studio-PC")
    everywhere = reachable("0.0.0.0", 81)
    assert everywhere[0] == "http://127.0.0.1:81/" and "http://studio-pc:81/" in everywhere
    assert reachable("127.0.0.1", 81) == ["http://127.0.0.1:81/"]

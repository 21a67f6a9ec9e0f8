"""The guard in front of everything: names, token, size of uploads, what browsers are told."""

import asyncio
import http.client
from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message
from starlette.websockets import WebSocket

from studio.door import new_token
from studio.hosts import allowed_hosts, is_loopback, url_host
from studio.security import Guard
from studio.server import Server

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
        assert (welcome.status_code, welcome.headers["location"]) == (303, "/")
        cookie = welcome.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert site.reached == []
        assert client.get("/").status_code == 200
        assert client.post("/", content=b"x").text == "1"
        assert client.get("/?token=of-yesterday").headers["location"] == "/"


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


def test_a_refusal_is_one_plain_sentence_without_an_echo(local: Server) -> None:
    hostile = {"Host": "<script>alert(1)</script>.example"}
    answer = httpx.get(local.url, headers=hostile, trust_env=False)
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.count("\n") == 0
    assert "script" not in answer.text


def _handshake(server: Server, headers: dict[str, str]) -> int:
    """The status that answers a WebSocket's opening."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
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

"""The whole server against senders that are not the person: other sites, names and accounts."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.studio.security.guarded import TOKEN, Headers, Studio, guarded

FETCH = "Sec-Fetch-Site"
FRAME: Headers = [
    (FETCH, "cross-site"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Dest", "iframe"),
]
LINK: Headers = [*FRAME[:2], ("Sec-Fetch-Dest", "document")]


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with guarded() as running:
        yield running


OWN = "127.0.0.1:{port}"
ROUTES = [
    "GET /",
    "GET /status",
    "GET /viser",
    "GET /viser/",
    "POST /",
    "POST /gradio_api/run/predict",
    "POST /gradio_api/upload",
    "WS /viser",
    "WS /viser/",
]


def sent(host: str = OWN, origin: str | None = None, *more: tuple[str, str]) -> Headers:
    return [("Host", host), *([] if origin is None else [("Origin", origin)]), *more]


HOSTILE: dict[str, Headers] = {
    "rebound name": sent("evil.example:{port}", "http://evil.example:{port}"),
    "rebound name, no origin": sent("evil.example:{port}"),
    "rebound name, port 80": sent("evil.example", "http://evil.example"),
    "host is a suffix": sent("127.0.0.1.evil.example:{port}"),
    "host is a prefix": sent("evil127.0.0.1:{port}"),
    "host without port": sent("127.0.0.1"),
    "host with other port": sent("127.0.0.1:1", "http://127.0.0.1:1"),
    "host with longer port": sent("127.0.0.1:{port}0"),
    "host with a dot": sent("localhost.:{port}", "http://localhost.:{port}"),
    "host with a user": sent("127.0.0.1:{port}@evil.example"),
    "host is the wildcard": sent("0.0.0.0:{port}", "http://0.0.0.0:{port}"),
    "host abbreviated": sent("127.1:{port}", "http://127.1:{port}"),
    "host as a number": sent("2130706433:{port}", "http://2130706433:{port}"),
    "host as IPv6 of IPv4": sent("[::ffff:127.0.0.1]:{port}", "http://[::ffff:127.0.0.1]:{port}"),
    "IPv6 with other port": sent("[::1]:1", "http://[::1]:1"),
    "host empty": sent(""),
    "host missing": [],
    "two hosts": [("Host", OWN), ("Host", "evil.example")],
    "two good hosts": [("Host", OWN), ("Host", OWN)],
    "forwarded for a good host": sent(
        "evil.example", None, ("X-Forwarded-Host", OWN), ("Forwarded", f"host={OWN}")
    ),
    "host with a zero before its port": sent("127.0.0.1:0{port}"),
    "hosts in one line": sent(f"{OWN}, evil.example"),
    "host with a scheme": sent(f"http://{OWN}"),
    "host of a resolver of any address": sent("127.0.0.1.nip.io:{port}"),
    "another loopback address": sent("127.0.0.2:{port}", "http://127.0.0.2:{port}"),
    "foreign origin": sent(OWN, "http://evil.example"),
    "origin null": sent(OWN, "null"),
    "origin file": sent(OWN, "file://"),
    "origin of an extension": sent(OWN, "chrome-extension://abcdefghijklmnop"),
    "origin empty": sent(OWN, ""),
    "origin is a prefix": sent(OWN, "http://127.0.0.1:{port}.evil.example"),
    "origin is a suffix": sent(OWN, "http://evil.example/http://127.0.0.1:{port}"),
    "origin with a path": sent(OWN, "http://127.0.0.1:{port}/"),
    "origin with a user": sent(OWN, "http://evil@127.0.0.1:{port}"),
    "origin with other port": sent(OWN, "http://127.0.0.1:1"),
    "origin without port": sent(OWN, "http://127.0.0.1"),
    "origin in capitals": sent(OWN, "HTTP://127.0.0.1:{port}"),
    "origin of a blob": sent(OWN, "blob:http://127.0.0.1:{port}"),
    "origin with https": sent(OWN, "https://127.0.0.1:{port}"),
    "origin with ws": sent(OWN, "ws://127.0.0.1:{port}"),
    "other loopback name": sent(OWN, "http://localhost:{port}"),
    "IPv6 origin, IPv4 host": sent(OWN, "http://[::1]:{port}"),
    "two origins": sent(OWN, "http://127.0.0.1:{port}", ("Origin", "http://evil.example")),
    "origins in one line": sent(OWN, "http://127.0.0.1:{port}, http://evil.example"),
    "cross-site": sent(OWN, None, (FETCH, "cross-site")),
    "other port of this machine": sent(OWN, None, (FETCH, "same-site")),
    "cross-site, own origin": sent(OWN, "http://127.0.0.1:{port}", (FETCH, "cross-site")),
    "two sites": sent(OWN, None, (FETCH, "same-origin"), (FETCH, "cross-site")),
    "unknown site": sent(OWN, None, (FETCH, "moon")),
    "framed elsewhere": sent(OWN, None, *FRAME),
    "link that carries an origin": sent(OWN, "null", *LINK),
}
PERSON: dict[str, Headers] = {
    "tool": sent(),
    "typed address": sent(OWN, None, (FETCH, "none")),
    "own page": sent(OWN, "http://127.0.0.1:{port}", (FETCH, "same-origin")),
    "own page, old browser": sent(OWN, "http://127.0.0.1:{port}"),
    "by name": sent("localhost:{port}", "http://localhost:{port}", (FETCH, "same-origin")),
    "by IPv6": sent("[::1]:{port}", "http://[::1]:{port}", (FETCH, "same-origin")),
    "in capitals": sent("LOCALHOST:{port}", "http://localhost:{port}"),
}


@pytest.mark.parametrize("sender", HOSTILE)
def test_a_stranger_gets_nothing_and_does_nothing(studio: Studio, sender: str) -> None:
    before = studio.effects()
    answers = {route: studio.ask(route, HOSTILE[sender] + studio.cookie) for route in ROUTES}
    assert set(answers.values()) <= {400, 403}, answers
    assert studio.effects() == before


@pytest.mark.parametrize("sender", [*HOSTILE, *PERSON])
def test_nobody_gets_through_to_visers_own_port(studio: Studio, sender: str) -> None:
    before = studio.effects()
    headers = {**HOSTILE, **PERSON}[sender]
    answers = {route: studio.ask(route, headers) for route in ("GET direct", "WS direct")}
    assert set(answers.values()) <= {400, 403}, answers
    assert studio.effects() == before


@pytest.mark.parametrize("sender", PERSON)
def test_the_person_gets_everything(studio: Studio, sender: str) -> None:
    studio.happened.clear()
    answers = {route: studio.ask(route, PERSON[sender] + studio.cookie) for route in ROUTES}
    other = {"GET /viser": 307, "POST /": 404, "WS /viser": 101, "WS /viser/": 101}
    assert answers == {**dict.fromkeys(ROUTES, 200), **other}
    assert studio.happened == ["status", "gradio"]
    assert studio.effects()[1] == ["evil.sh"]


@pytest.mark.parametrize("sender", PERSON)
def test_without_the_token_nobody_gets_anything(studio: Studio, sender: str) -> None:
    before = studio.effects()
    answers = {route: studio.ask(route, PERSON[sender]) for route in ROUTES}
    assert set(answers.values()) == {403}, answers
    assert studio.effects() == before


def test_a_tool_sends_the_token_itself(studio: Studio) -> None:
    bearer = [("Authorization", f"Bearer {TOKEN}")]
    assert studio.ask("GET /status", sent(OWN, None, *bearer)) == 200
    assert studio.ask("WS /viser", sent(OWN, None, *bearer)) == 101
    wrong = [("Authorization", f"Bearer {TOKEN[:-1]}")]
    assert studio.ask("GET /status", sent(OWN, None, *wrong)) == 403


NOBODY = """
import http.client, sys
for port in sys.argv[1:]:
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
    connection.request("GET", "/status", headers={"Accept": "text/html"})
    print(connection.getresponse().status)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another account")
def test_another_account_of_the_machine_gets_nothing(studio: Studio) -> None:
    """Neither from the studio's port nor from viser's own."""
    studio.happened.clear()
    ports = [str(studio.server.port), str(studio.viser.get_port())]
    done = subprocess.run(
        ["/usr/bin/python3", "-c", NOBODY, *ports],
        user="nobody", cwd="/", env={}, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.split() == ["403", "403"]
    assert studio.happened == []


def test_a_link_on_another_site_leads_to_the_doorstep_and_no_further(studio: Studio) -> None:
    studio.happened.clear()
    link = sent(OWN, None, *LINK) + studio.cookie
    answers = {route: studio.ask(route, link) for route in ROUTES}
    assert answers == {**dict.fromkeys(ROUTES, 403), "GET /": 200}
    assert studio.ask("GET /?deep_link=x&view=api", link) == 200
    assert studio.happened == []

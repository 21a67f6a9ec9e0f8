"""Paths of no browser to whatever takes one: nothing outside a run's exports is read, nothing is
asked of any other computer."""

import asyncio
import random
import socket
import tempfile
from pathlib import Path
from unittest import mock
from urllib.parse import unquote

from starlette.applications import Starlette

from core.errors import InputError
from core.exporting.jobs import Jobs
from core.photos import local_path
from core.runs import home
from studio.panel.names import safe_name
from studio.routes.routes import Routes
from tests.studio.panel.stand_ins import Desk, Window

PATHS, ADDRESSES = 500, 50
SECRET = b"nobody may read this"
STEPS = (
    "..", "../", "..\\", "%2e%2e", "..%2f", "%252e%252e%252f", "....//", "/", "//", "\\", ".", "~",
    "link", "link/secret.txt", "secret.txt", "exports", "video.mp4", "\0", "%00", "C:\\", "etc",
    "passwd", "proc/self/root", "file://", "‥", "%c0%ae%c0%ae", " ", "\n", "..;", "x" * 300,
)  # fmt: skip
SCHEMES = ("http", "https", "ftp", "gopher", "rtsp", "hls+http", "concat", "s3", "smb", "ws")
HOSTS = ("127.0.0.1:9", "localhost:9", "169.254.169.254", "[::1]:9", "studio.example")


def run(part: int) -> str:
    """Make them up."""
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        exports = path / "run" / home.EXPORTS
        exports.mkdir(parents=True)
        (path / "secret.txt").write_bytes(SECRET)
        (path / "run" / "secret.txt").write_bytes(SECRET)
        (exports / ".hidden.txt").write_bytes(SECRET)
        (exports / "video.mp4").write_bytes(b"a video")
        (exports / "link").symlink_to(path)
        told = Routes(Desk(path / "run"), Window(), Jobs())
        app = Starlette(routes=told.routes())
        names = [
            "".join(rng.choice(STEPS) for _ in range(rng.randrange(1, 6)))
            for _ in range(PATHS // part)
        ]
        asyncio.run(_ask(app, names))
        for name in names:
            safe = safe_name(name)
            assert Path(exports / safe).parent == exports and safe != "..", f"{name!r} as {safe!r}"
    with mock.patch.object(socket.socket, "connect", _refused):
        for _ in range(ADDRESSES // part):
            address = f"{rng.choice(SCHEMES)}://{rng.choice(HOSTS)}/{rng.random()}"
            try:
                local_path(address)
            except InputError as error:
                assert "nothing is fetched" in str(error), error
            else:
                raise AssertionError(f"{address} is taken")
    return f"{3 * (PATHS // part)} paths: none escapes; {ADDRESSES // part} addresses: none asked"


async def _ask(app: Starlette, names: list[str]) -> None:
    """Ask for files in ways that should lead there."""
    for name in names:
        for path in (name, unquote(name), f"{name}/secret.txt"):
            assert SECRET not in await _answer(app, path), f"{path!r} is read"
    assert await _answer(app, "video.mp4") == b"a video"


async def _answer(app: Starlette, path: str) -> bytes:
    """The body for a path, as it is: clients would tidy it."""
    parts: list[bytes] = []

    async def send(message: dict) -> None:
        parts.append(message.get("body", b""))

    async def receive() -> dict:
        await asyncio.Event().wait()  # nothing comes from who has asked
        return {}

    whole = f"/files/{path}"
    scope = {
        "type": "http", "method": "GET", "path": whole, "raw_path": whole.encode(errors="replace"),
        "query_string": b"", "headers": [], "http_version": "1.1", "scheme": "http",
    }  # fmt: skip
    await app(scope, receive, send)
    return b"".join(parts)


def _refused(*asked: object) -> None:
    raise AssertionError(f"a connection to {asked[1:]}")

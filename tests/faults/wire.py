"""Requests and WebSocket frames that are none, byte by byte, and how a studio ends them."""

import contextlib
import random
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import viser

from studio.serving.frames import sound
from tests.faults.doors import Door
from tests.faults.frames import made_up
from tests.patience import PATIENCE

REQUESTS, NOISE = 500, 100  # damaged ones
MEGABYTE, PINGS, PIECES = 2**20, 30_000, 50_000
MASK = bytes(4)  # what is sent stays as it is
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def spoken(door: Door, line: str, *headers: str) -> bytes:
    """The head of a request by who may ask."""
    host = urlsplit(door.url).netloc
    known = (f"{name}: {value}" for name, value in door.headers.items())
    lines = (f"{line} HTTP/1.1", f"Host: {host}", f"Origin: http://{host}", *known, *headers)
    return "".join(f"{one}\r\n" for one in (*lines, "")).encode("latin-1")


def connection(door: Door, patience: float = PATIENCE) -> socket.socket:
    """A bare connection."""
    address = urlsplit(door.url)
    return socket.create_connection((address.hostname, address.port), patience)


def asked(door: Door, content: bytes) -> int:
    """Send a request, and no more: the status that answers, 0 where nothing comes."""
    with connection(door) as sender:
        with contextlib.suppress(OSError):  # it may be refused before all is sent
            sender.sendall(content)
            sender.shutdown(socket.SHUT_WR)
        first = heard(sender).split(b"\r\n", 1)[0].split()
    return int(first[1]) if len(first) > 1 else 0


def heard(sender: socket.socket) -> bytes:
    """All that comes until the other side ends; TimeoutError where it does not."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while piece := sender.recv(65536):
            said += piece
    return said


def entered(door: Door) -> socket.socket:
    """A connection to the scene, whose handshake is done."""
    sender = connection(door)
    sender.sendall(
        spoken(
            door, "GET /viser", "Connection: Upgrade", "Upgrade: websocket",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            f"Sec-WebSocket-Protocol: viser-v{viser.__version__}",
        )
    )  # fmt: skip
    said = b""
    while b"\r\n\r\n" not in said:
        piece = sender.recv(1024)
        assert piece, said
        said += piece
    assert said.startswith(b"HTTP/1.1 101"), said
    return sender


def frame(
    opcode: int, content: bytes = b"", *, last: bool = True, reserved: int = 0, length: int = -1
) -> bytes:
    """A frame of a browser (RFC 6455, section 5.2), or one that says another length."""
    size = len(content) if length < 0 else length
    first = (128 if last else 0) | reserved << 4 | opcode
    if size < 126:
        head = bytes([first, 128 | size])
    elif size < 2**16:
        head = bytes([first, 128 | 126]) + size.to_bytes(2)
    else:
        head = bytes([first, 128 | 127]) + size.to_bytes(8)
    return head + MASK + content


FAREWELL = frame(CLOSE, (1000).to_bytes(2))


def broken_frames(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """What ends a connection, each by itself."""
    yield "2^63 - 1 bytes", frame(BINARY, length=2**63 - 1)
    yield "2^64 - 1 bytes", frame(BINARY, length=2**64 - 1)
    yield "51 MB", frame(BINARY, length=51 * MEGABYTE)
    piece = frame(0, bytes(MEGABYTE), last=False)
    yield "51 pieces of 1 MB", frame(BINARY, b"", last=False) + 51 * piece
    for opcode in (*range(3, 8), *range(11, 16)):
        yield f"opcode {opcode}", frame(opcode, b"x")
    for reserved in (1, 2, 4, 7):
        yield f"reserved bits {reserved}", frame(BINARY, b"x", reserved=reserved)
    yield "unmasked", bytes([128 | BINARY, 1]) + b"x"
    yield "no beginning", frame(0, b"x")
    yield "a beginning within another", 2 * frame(BINARY, b"x", last=False)
    for opcode in (CLOSE, PING, PONG):
        yield f"part of a {opcode}", frame(opcode, b"xx", last=False)
        yield f"a {opcode} of 126 bytes", frame(opcode, b"x" * 126)
    yield "text that is none", frame(TEXT, b"\xff\xfe\xc0")
    yield "half a letter in each of two", frame(TEXT, b"\xe2", last=False) + frame(0, b"\x28")
    for content in (b"", b"\x03", b"\0\0", (999).to_bytes(2), (1005).to_bytes(2), b"\x03\xe8\xff"):
        yield f"a close of {content!r}", frame(CLOSE, content)
    for number in range(NOISE):
        kind = rng.randrange(16) | rng.randrange(16) << 4
        noise = rng.randbytes(rng.randrange(200))
        yield f"noise {number}", bytes([kind | 8, 127]) + noise + bytes(8)  # unmasked, whatever


def strange_messages(rng: random.Random) -> Iterator[bytes]:
    """Whole frames of what no browser sends."""
    told = [frame(TEXT, b'{"type": "GuiUpdateMessage"}'), frame(BINARY)]
    made = (made_up(rng) for _ in range(NOISE))
    told += [frame(BINARY, message) for message in made if not sound(message)]
    yield from told


def floods(part: int) -> Iterator[bytes]:
    """Frames within the rules, more than anybody sends: pings, pongs, pieces of nothing."""
    yield PINGS // part * frame(PING, b"x" * 125)
    yield PINGS // part * frame(PONG, b"x" * 125)
    yield frame(BINARY, last=False) + PIECES // part * frame(0, last=False)


def broken_requests(door: Door, rng: random.Random, part: int) -> Iterator[tuple[str, bytes]]:
    """Heads and bodies against the rules (RFC 9112), and damaged ones."""
    sound = spoken(door, "GET /status")
    call = spoken(door, "POST /gradio_api/run/predict", "Content-Type: application/json")
    for header in (
        "Content-Length: -1", "Content-Length: 1e3", f"Content-Length: {'9' * 5000}",
        "Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: gzip", "Expect: 200-ok",
        "Connection: Upgrade\r\nUpgrade: websocket", "Connection: Upgrade\r\nUpgrade: h2c",
        "Range: bytes=9-1", "Content-Type: multipart/form-data", "Accept-Encoding: \x01",
        "Cookie: " + "a=b; " * 5000, "X-Long: " + "x" * 100_000, "X: y\r\n" * 5000,
        "X\0: y", "X : y", ": y", " folded", "Host: another",
    ):  # fmt: skip
        yield header[:60], call[:-2] + header.encode() + b"\r\n\r\n" + b"{}"
    for line in (
        b"", b"\r\n" * 500, b"GET\r\n\r\n", b"GET / HTTP/0.9\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0" * 1000, b"GET /\xff\xfe HTTP/1.1\r\n\r\n",
        b"GET /%00%ff%zz HTTP/1.1\r\nHost: x\r\n\r\n", b"G" * 100_000,
    ):  # fmt: skip
        yield repr(line[:40]), line
    for size in (b"-5", b"zz", b"f" * 40, b"5;" + b"x" * 50_000, b""):
        chunks = (
            call[:-2] + b"Transfer-Encoding: chunked\r\n\r\n" + size + b"\r\nhello\r\n0\r\n\r\n"
        )
        yield f"a chunk of {size[:20]!r}", chunks
    yield "1000 in one", 1000 * sound
    for number in range(REQUESTS // part):
        damaged = bytearray(rng.choice((sound, call)) + b"{}")
        for _ in range(rng.randrange(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        yield f"damage {number}", bytes(damaged[: rng.randrange(20, len(damaged) + 1)])

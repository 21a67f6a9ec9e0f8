"""Who sends badly: heads and bodies that never end, connections without a word, requests and
frames against all rules.

Meanwhile the studio answers others and trains, and afterwards nothing of it is left.
"""

import collections
import contextlib
import random
import resource
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
from websockets.sync.client import ClientConnection

from studio.benchmarks.live import Visitor
from tests.faults import wire
from tests.faults.doors import Door, reading, small_words, taken
from tests.journeys.running import Running, studio
from tests.patience import PATIENCE

FILES = 1024  # that a process may open on most systems
EACH, SECONDS = 400, 30.0  # slow senders of each kind,
AGAIN = 10.0  # seconds until one who was dropped comes again
ANSWER, REST = 1.0, 0.1  # seconds that 99 of 100 wait at most beside them, and between two
LOST = 20.0  # seconds after which no answer comes any more
ALONE = 3.0  # seconds in which nobody sends badly
UNKNOWN = b"does not know this message"  # stands in the farewell of the scene
BYTES, FEW = 64e6, 8  # that may stay; of threads and open files


Act = Callable[[Door, int], str]


def run(part: int) -> str:
    """One act after another, at one studio that trains and saves."""
    words = small_words(64, training__autosave_seconds=5)
    with tempfile.TemporaryDirectory() as folder, _files(FILES):
        place = str(Path(folder) / "run")
        with studio("--port", "0", "--run", place, "--no-restart", *words) as running, _files():
            running.until(lambda s: s["step"] > 0)
            before = taken(running.process.pid)
            with reading(running) as visitor:
                acts = (_nobody, _slow, _broken, _framed)
                told = [_beside(running, visitor, act, part) for act in acts]
            _nothing_stays(running, before)
            running.end()
    assert not [line for line in running.said if "Traceback" in line], running.said
    (_, alone), *beside = told
    words = [f"{said}: others answered within {wait:.2f} s" for said, wait in beside]
    assert max(wait for _, wait in beside) <= alone + ANSWER, words
    return "; ".join((*words, f"{alone:.2f} s alone"))


@contextlib.contextmanager
def _files(count: int = -1) -> Iterator[None]:
    """So many may be opened, here and by whom is begun meanwhile; all there are unless told."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = before[1] if count < 0 else min(count, before[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def _beside(running: Running, visitor: ClientConnection, act: Act, part: int) -> tuple[str, float]:
    """What an act says, while one drags, who may not be dropped, and somebody new asks again and
    again; and how long that one waits."""
    door, step, told = Door.of(running), running.status()["step"], list[str | AssertionError]()

    def doing() -> None:
        try:
            told.append(act(door, part))
        except (AssertionError, OSError) as error:
            told.append(AssertionError(f"{act.__name__}: {error!r}"))

    actor, waits = threading.Thread(target=doing, daemon=True), list[float]()
    actor.start()
    while actor.is_alive():
        waits.append(_answered(door))
        Visitor.stand(visitor, time.monotonic())
        actor.join(REST)
    if isinstance(told[0], AssertionError):
        raise told[0]
    running.until(lambda s: s["step"] > step)
    return told[0], float(np.percentile(waits, 99))


def _answered(door: Door) -> float:
    """Seconds until somebody who was not there before is answered."""
    began = time.monotonic()
    try:
        answer = httpx.get(f"{door.url}status", headers=door.headers, timeout=LOST, trust_env=False)
    except httpx.TransportError as error:
        raise AssertionError(f"nobody else is answered: {error!r}") from None
    assert answer.is_success, f"somebody else is told {answer.status_code}"
    return time.monotonic() - began


def _nobody(door: Door, part: int) -> str:
    """For comparison: what a machine does besides is no fault of the studio."""
    time.sleep(ALONE)
    return "alone"


def _nothing_stays(running: Running, before: tuple[int, int, int]) -> None:
    end = time.monotonic() + PATIENCE
    while any(n > b + FEW for n, b in zip(_now(running)[1:], before[1:], strict=True)):
        assert time.monotonic() < end, f"threads and files: {before[1:]} became {_now(running)[1:]}"
        time.sleep(0.5)
    more = _now(running)[0] - before[0]
    assert more <= BYTES, f"{more / 1e6:.0f} MB stay"
    facts = running.status()
    assert not facts["failure"], facts["failure"]


def _now(running: Running) -> tuple[int, int, int]:
    return taken(running.process.pid)


def _slow(door: Door, part: int) -> str:
    """Kinds of senders who never come to an end, a byte a second each."""
    call = "POST /gradio_api/run/predict"
    kinds = {
        "nothing": b"",
        "half a head": b"GET / HTTP/1.1\r\nHost: ",
        "half a body": wire.spoken(door, call, "Content-Length: 1000000"),
        "half a chunk": wire.spoken(door, call, "Transfer-Encoding: chunked") + b"fffff\r\n",
        "a body of a stranger": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n",
        "a second head": wire.spoken(door, "GET /status") + b"GET /status HT",
    }
    count = max(4, EACH // part)
    senders = [_Sender(door, kind) for kind in kinds.values() for _ in range(count)]
    end = time.monotonic() + SECONDS / min(part, 2)
    while (now := time.monotonic()) < end:
        for sender in senders:
            sender.go_on()
        time.sleep(max(0.0, now + 1 - time.monotonic()))
    for sender in senders:
        sender.end()
    return f"{count} slow senders of {len(kinds)} kinds, dropped {sum(s.drops for s in senders)} x"


class _Sender:
    """One who begins, sends a byte at a time, and begins again where it was dropped."""

    def __init__(self, door: Door, beginning: bytes) -> None:
        self._door, self._beginning, self.drops = door, beginning, 0
        self._socket: socket.socket | None = None
        self._comes = 0.0

    def go_on(self) -> None:
        """Never waits, whatever the studio does."""
        try:
            if self._socket is None and time.monotonic() < self._comes:
                return
            if self._socket is None:
                self._socket = wire.connection(self._door, 0.5)
                self._socket.setblocking(False)
                self._socket.send(self._beginning)
            elif self._beginning:
                self._socket.send(b"1")
            else:
                self._socket.recv(1)
                raise ConnectionResetError
        except BlockingIOError:
            pass
        except OSError:
            self.drops += self._socket is not None
            self._comes = time.monotonic() + AGAIN
            self.end()

    def end(self) -> None:
        """Go, for now."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _broken(door: Door, part: int) -> str:
    """Requests against the rules end, and none of them in a bug."""
    answers = collections.Counter[int]()
    for name, content in wire.broken_requests(door, random.Random(0), part):
        status = wire.asked(door, content)
        assert status < 500, f"{name} is answered {status}"
        answers[status] += 1
    return f"{answers.total()} broken requests ({len(answers)} kinds of answers)"


def _framed(door: Door, part: int) -> str:
    """Frames against the rules end their connection; floods cost no memory."""
    frames = list(wire.broken_frames(random.Random(0)))
    for _, content in frames:
        with wire.entered(door) as sender, contextlib.suppress(ConnectionError):
            sender.sendall(content)
            wire.heard(sender)
    messages = list(wire.strange_messages(random.Random(0)))
    for message in messages:
        with wire.entered(door) as sender:
            sender.sendall(message)
            said = b""
            while UNKNOWN not in said:
                piece = sender.recv(65536)
                assert piece, f"{message!r} ends in silence"
                said = said[-len(UNKNOWN) :] + piece
            sender.sendall(wire.FAREWELL)
    for content in wire.floods(part):
        with wire.entered(door) as sender, contextlib.suppress(OSError):
            sender.settimeout(PATIENCE / 10)
            sender.sendall(content)  # and reads nothing
    return f"{len(frames)} broken frames, {len(messages)} strange messages, 3 floods"

"""Many browsers at one studio: one reads slowly, thirty-two look at once while it trains, and they
come again and again and leave in the middle of a picture."""

import contextlib
import socket
import tempfile
import time
from pathlib import Path

import numpy as np

from studio.benchmarks.live import Visitor, connected
from tests.faults.doors import Door, press, reading, small_words, taken
from tests.faults.held import held, telling
from tests.journeys.running import Running, studio
from tests.patience import PATIENCE

AGAIN, USED, LOOKS = 400, 100, 7  # reconnects, those before, and looks at what the others leave
EACH = 10e3  # bytes that each may leave
LEAVE = 200
SLOW_SECONDS, TURNS, SLOW_BYTES, SLOW_SHARE = 18.0, 3, 64e6, 0.8
MANY, MANY_SECONDS, PING = 32, 20.0, 1.0


def run(part: int) -> str:
    """All four, one after another, at one studio; the last two once training has ended."""
    words = small_words(64)
    with tempfile.TemporaryDirectory() as folder, telling():
        path = Path(folder) / "run"
        with studio("--port", "0", "--run", str(path), "--no-restart", *words) as running:
            running.until(lambda s: s["step"] > 0)
            told = [act(running, part) for act in (_slow, _many)]
            press(running, "action-pause")  # training's own memory is no visitor's
            running.until(lambda s: not s["playing"])
            told += [act(running, part) for act in (_again, _leave)]
            running.end()
    assert not [line for line in running.said if "Traceback" in line], running.said
    return "; ".join(told)


def _again(running: Running, part: int) -> str:
    """Come, look, see something, go: what is left after the first hundred, who fill what stays."""
    count = (AGAIN - USED) // (LOOKS - 1) // part
    _visits(running, USED // part)
    looks = [held(running)]
    for _ in range(1, LOOKS):
        _visits(running, count)
        looks.append(held(running))
    each = float(np.polyfit(count * np.arange(LOOKS), looks, 1)[0])
    assert part > 1 or each <= EACH, f"each of {AGAIN} reconnects leaves {each / 1e3:.1f} KB"
    return f"{AGAIN // part} reconnects: {each / 1e3:+.1f} KB each"


def _visits(running: Running, times: int) -> None:
    """So many, one after another; nobody is there afterwards."""
    for number in range(times):
        _visit(running, number)
    _rested(running)


def _visit(running: Running, number: int) -> None:
    with connected(Door.of(running)) as connection:
        Visitor.stand(connection, number)
        connection.recv(timeout=PATIENCE)


def _leave(running: Running, part: int) -> str:
    """Go without a word while a picture is made."""
    _, threads, _ = _rested(running)
    for number in range(LEAVE // part):
        with connected(Door.of(running)) as connection:
            Visitor.stand(connection, number)
            connection.socket.shutdown(socket.SHUT_RDWR)
    _, after, _ = _rested(running)
    assert after <= threads + 2, f"{threads} threads became {after}"
    assert running.status()["view"]["failure"] is None, running.status()["view"]["failure"]
    return f"{LEAVE // part} leave: no thread stays"


def _slow(running: Running, part: int) -> str:
    """One reads nothing while another drags."""
    alone, beside, more, spell = 0, 0, 0, SLOW_SECONDS / 2 / TURNS / part
    for _ in range(TURNS):  # as other programs may take more of the machine now and then
        alone += _pictures(running, spell)
        before = taken(running.process.pid)[0]
        with connected(Door.of(running)) as asleep:
            Visitor.stand(asleep, 0)
            beside += _pictures(running, spell)
            more = max(more, taken(running.process.pid)[0] - before)
    assert more <= SLOW_BYTES, f"who reads nothing costs {more / 1e6:.0f} MB"
    assert part > 1 or beside >= SLOW_SHARE * alone, f"{alone} pictures became {beside}"
    return f"beside who reads nothing: {beside} of {alone} pictures, {more / 1e6:+.0f} MB"


def _many(running: Running, part: int) -> str:
    """Thirty-two look while training goes on."""
    step, count = running.status()["step"], max(2, MANY // part)
    with contextlib.ExitStack() as stack:
        visitors = [stack.enter_context(reading(running)) for _ in range(count)]
        end, waits = time.monotonic() + MANY_SECONDS / part, list[float]()
        while time.monotonic() < end:
            for number, visitor in enumerate(visitors):
                Visitor.stand(visitor, number + time.monotonic())
            began = time.monotonic()
            assert visitors[0].ping().wait(PATIENCE), "a ping is not answered"
            waits.append(time.monotonic() - began)
            time.sleep(0.2)
    worst = float(np.percentile(waits, 99))
    assert worst <= PING, f"99 % of pings within {worst:.1f} s"
    gone = running.status()["step"] - step
    assert gone > 0, "training stands still"
    return f"{count} at once: none dropped, pings within {worst:.2f} s, {gone} steps"


def _pictures(running: Running, seconds: float) -> int:
    """How many pictures one gets who drags."""
    with connected(Door.of(running)) as connection:
        visitor, end = Visitor(connection), time.monotonic() + seconds
        while time.monotonic() < end:
            visitor.look(time.monotonic())
            time.sleep(1 / 30)
        return len(visitor.pictures)


def _rested(running: Running) -> tuple[int, int, int]:
    """Memory, threads and files once nobody is there."""
    running.until(lambda s: s["view"]["clients"] == 0)
    time.sleep(1.0)  # the time that threads of who has gone are given
    return taken(running.process.pid)

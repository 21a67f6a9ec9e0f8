"""How the studio feels, in numbers: the real servers, and a visitor who drags without a browser."""

import contextlib
import dataclasses
import math
import resource
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx
import msgspec
import numpy as np
import viser
import zstandard
from viser import _messages
from websockets.sync.client import ClientConnection, connect

from core.engine import Engine
from core.engine.commands import Play
from studio.app import Studio

WIDTH, HEIGHT = 960, 640  # of the visitor's window
HAND = 1 / 30  # seconds between two positions of a dragging hand
STILL = 1.0  # seconds a visitor looks before jumping elsewhere
MOVED = 0.01  # world units: a tenth of how far cameras move in the end
PATIENCE = 120.0


@dataclasses.dataclass(frozen=True)
class Figures:
    """What was measured. Times are wall clock: compare only within one run."""

    seconds_to_moving_cameras: float  # from the page's first answer
    first_picture_ms: float  # median, from a jump of the camera to a picture of the new pose
    pictures_per_second: float  # received while dragging
    idle_steps_per_second: float
    dragging_steps_per_second: float
    training_share_while_dragging: float  # the ratio of the two
    longest_silence_ms: float  # the slowest answer of the event loop during all of this
    peak_memory_mb: float


class Visitor:
    """A browser's side of viser's protocol: moves a camera, notes when pictures come."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.pictures: list[float] = []  # moments at which backgrounds arrived
        threading.Thread(target=self._read, daemon=True).start()

    def look(self, angle: float) -> None:
        """Stand behind the cameras, `angle` radians along a small circle, and look ahead."""
        position = (0.4 * math.cos(angle), 0.4 * math.sin(angle), -1.0)
        target = (0.0, 0.0, 15.0)
        message = _messages.ViewerCameraMessage(
            (1.0, 0.0, 0.0, 0.0), position, 1.0, 0.1, 500.0, HEIGHT, WIDTH, target, (0.0, -1.0, 0.0)
        )
        content = {"type": type(message).__name__, **dataclasses.asdict(message)}
        self._connection.send(msgspec.msgpack.encode(content))

    def _read(self) -> None:
        with contextlib.suppress(Exception):  # the connection's end ends the thread
            for frame in self._connection:
                length = int.from_bytes(frame[8:16], "little")
                text = zstandard.ZstdDecompressor().decompress(frame[16 : 16 + length])
                kinds = [m["type"] for m in msgspec.msgpack.decode(text)["messages"]]
                if "BackgroundImageMessage" in kinds:
                    self.pictures.append(time.monotonic())


@contextlib.contextmanager
def visiting(url: str) -> Iterator[Visitor]:
    """A visitor who came through the studio's front door."""
    address = urlsplit(url)
    with connect(
        f"ws://{address.netloc}/viser",
        origin=f"http://{address.netloc}",
        subprotocols=[f"viser-v{viser.__version__}"],
        max_size=None,
        proxy=None,
    ) as connection:
        yield Visitor(connection)


class Pulse:
    """Asks for the status all the time, and remembers the slowest answer."""

    def __init__(self, url: str) -> None:
        self._url, self._end, self.longest = f"{url}status", threading.Event(), 0.0
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        with httpx.Client(timeout=PATIENCE, trust_env=False) as client:
            while not self._end.wait(0.1):
                began = time.monotonic()
                client.get(self._url)
                self.longest = max(self.longest, time.monotonic() - began)

    def stop(self) -> float:
        """The longest silence in seconds."""
        self._end.set()
        self._thread.join()
        return self.longest


def measure(engine: Engine, seconds: float, say: Callable[[str], None]) -> Figures:
    """Run a studio on a fresh engine and visit it.

    Args:
        engine: not yet started; left stopped.
        seconds: how long each of training alone and training under a drag is watched.
        say: told what is being measured.
    """
    engine.start()
    studio = Studio(engine, port=0)
    studio.start()
    try:
        with visiting(studio.url) as visitor:
            engine.submit(Play())
            pulse = Pulse(studio.url)
            say("waiting for the cameras to move")
            moving = _until_moved(engine)
            say("training alone")
            idle = _speed(engine, seconds, lambda: time.sleep(HAND))
            say("dragging")
            before, began = len(visitor.pictures), time.monotonic()
            dragging = _speed(engine, seconds, lambda: _drag(visitor))
            rate = (len(visitor.pictures) - before) / (time.monotonic() - began)
            say("jumping")
            first = [_jump(studio.url, visitor, turn) for turn in range(8)]
            silence = pulse.stop()
    finally:
        engine.stop()
        studio.stop()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    share = dragging / idle
    middle = statistics.median(first)
    return Figures(moving, middle, rate, idle, dragging, share, 1000 * silence, peak)


def _until_moved(engine: Engine) -> float:
    """Seconds from now until some camera is visibly elsewhere."""
    began = time.monotonic()
    snapshot = engine.snapshot
    while True:
        if snapshot.learned is not None:
            positions = np.stack([camera.position for camera in snapshot.learned.cameras])
            if np.abs(positions).max() > MOVED:
                return time.monotonic() - began
        if snapshot.failure or time.monotonic() - began > PATIENCE:
            raise RuntimeError(snapshot.failure or "no camera moved")
        snapshot = engine.wait(snapshot.version, timeout=1.0)


def _speed(engine: Engine, seconds: float, meanwhile: Callable[[], None]) -> float:
    """Training steps per second while something goes on."""
    first, began = engine.snapshot.step, time.monotonic()
    while time.monotonic() - began < seconds:
        meanwhile()
    return (engine.snapshot.step - first) / (time.monotonic() - began)


def _drag(visitor: Visitor) -> None:
    visitor.look(time.monotonic())
    time.sleep(HAND)


def _jump(url: str, visitor: Visitor, turn: int) -> float:
    """Milliseconds from a jump after a rest to its first picture, as the server counts them."""
    time.sleep(STILL)
    before = len(visitor.pictures)
    visitor.look(2.4 * turn)
    end = time.monotonic() + PATIENCE
    while len(visitor.pictures) == before:
        if time.monotonic() > end:
            raise RuntimeError("no picture came")
        time.sleep(0.005)
    return float(httpx.get(f"{url}status", trust_env=False).json()["view"]["first_picture_ms"])

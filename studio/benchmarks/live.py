"""How the studio feels, in numbers: the real servers, and a visitor who drags without a browser."""

import contextlib
import dataclasses
import math
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol
from urllib.parse import urlsplit

import httpx
import msgspec
import numpy as np
import viser
import zstandard
from viser import _messages
from websockets.sync.client import connect
from websockets.sync.connection import Connection
from websockets.typing import Origin, Subprotocol

from core.engine import Engine, Snapshot
from core.engine.commands import Play
from core.system import peak_memory
from studio.app import Studio

WIDTH, HEIGHT = 960, 640  # of the visitor's window
HAND = 1 / 120  # seconds between two positions of a dragging hand: pictures set the pace
STILL = 1.0  # seconds a visitor looks before jumping elsewhere
MOVED = 0.01  # world units: a tenth of how far cameras move in the end
PATIENCE = 120.0
SPELLS = 4  # of training alone, and as many under a drag


@dataclasses.dataclass(frozen=True)
class LiveFigures:
    """What was measured. Times are wall clock: compare only within one run."""

    seconds_to_moving_cameras: float  # from the page's first answer
    first_picture_ms: float  # median, from a jump of the camera to a picture of the new pose
    pictures_per_second: float  # received while dragging, longer side 252 pixels
    idle_steps_per_second: float  # with joint steps and the check of cameras beside, if they are
    dragging_steps_per_second: float
    training_share_while_dragging: float  # median ratio of the two, in neighbouring spells
    longest_silence_ms: float  # the slowest answer of the event loop during all of this
    peak_memory_mb: float


class Visitor:
    """A browser's side of viser's protocol: moves a camera, notes when pictures come."""

    def __init__(self, connection: Connection, size: tuple[int, int] = (WIDTH, HEIGHT)) -> None:
        """Args: `size` of its window."""
        self._connection, self._size = connection, size
        self.pictures: list[float] = []  # moments at which backgrounds arrived
        threading.Thread(target=self._read, daemon=True).start()

    def look(self, angle: float) -> None:
        """See `stand`."""
        self.stand(self._connection, angle, self._size)

    @staticmethod
    def stand(
        connection: Connection, angle: float, size: tuple[int, int] = (WIDTH, HEIGHT)
    ) -> None:
        """Stand behind the cameras, `angle` radians along a small circle, and look ahead."""
        position = (0.4 * math.cos(angle), 0.4 * math.sin(angle), -1.0)
        target = (0.0, 0.0, 15.0)
        width, height = size
        message = _messages.ViewerCameraMessage(
            (1.0, 0.0, 0.0, 0.0), position, 1.0, 0.1, 500.0, height, width, target, (0.0, -1.0, 0.0)
        )
        content = {"type": type(message).__name__, **dataclasses.asdict(message)}
        connection.send(msgspec.msgpack.encode(content))

    def _read(self) -> None:
        with contextlib.suppress(Exception):  # the connection's end ends the thread
            for frame in self._connection:
                assert isinstance(frame, bytes), "viser sends no text"
                length = int.from_bytes(frame[8:16], "little")
                text = zstandard.ZstdDecompressor().decompress(frame[16 : 16 + length])
                kinds = [m["type"] for m in msgspec.msgpack.decode(text)["messages"]]
                if "BackgroundImageMessage" in kinds:
                    self.pictures.append(time.monotonic())


class Door(Protocol):
    """Where visitors come in, and what they show there."""

    @property
    def url(self) -> str:
        """The address of everything, ends in a slash."""
        ...

    @property
    def headers(self) -> dict[str, str]:
        """What is sent with each request."""
        ...


@contextlib.contextmanager
def visiting(studio: Door, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Iterator[Visitor]:
    """A visitor who came through the studio's front door, with a window of that size."""
    with connected(studio) as connection:
        yield Visitor(connection, size)


def connected(studio: Door) -> Connection:
    """A connection to the scene, to be closed."""
    address = urlsplit(studio.url)
    return connect(
        f"ws://{address.netloc}/viser",
        origin=Origin(f"http://{address.netloc}"),
        subprotocols=[Subprotocol(f"viser-v{viser.__version__}")],
        additional_headers=studio.headers,
        max_size=None,
        proxy=None,
    )


def asking(studio: Studio) -> httpx.Client:
    """Asks a studio as a tool does."""
    return httpx.Client(
        base_url=studio.url, headers=studio.headers, timeout=PATIENCE, trust_env=False
    )


class Pulse:
    """Asks for the status all the time, and remembers the slowest answer."""

    def __init__(self, studio: Studio) -> None:
        self._studio, self._end, self.longest = studio, threading.Event(), 0.0
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        with asking(self._studio) as client:
            while not self._end.wait(0.1):
                began = time.monotonic()
                client.get("status")
                self.longest = max(self.longest, time.monotonic() - began)

    def stop(self) -> float:
        """The longest silence in seconds."""
        self._end.set()
        self._thread.join()
        return self.longest


def measure_live(engine: Engine, seconds: float, say: Callable[[str], None]) -> LiveFigures:
    """Run a studio on a fresh engine and visit it.

    Training alone and under a drag are watched in turns, as steps grow longer while planes sharpen.

    Args:
        engine: not yet started; left stopped.
        seconds: how long training is watched, half of it under a drag.
        say: told what is being measured.
    """
    engine.start()
    studio = Studio(engine, port=0)
    studio.start()
    try:
        with visiting(studio) as visitor:
            engine.submit(Play())
            pulse = Pulse(studio)
            say("waiting for the cameras")
            moving = _until_moved(engine)
            _until(engine, lambda snapshot: snapshot.stage == "explore")
            say("training alone and dragging, in turns")
            spell = seconds / (2 * SPELLS)
            pictures, idle, dragging = 0, [], []
            for _ in range(SPELLS):
                idle.append(_speed(engine, spell, lambda: time.sleep(HAND)))
                before = len(visitor.pictures)
                dragging.append(_speed(engine, spell, lambda: _drag(visitor)))
                pictures += len(visitor.pictures) - before
            say("jumping")
            first = [_jump(studio, visitor, turn) for turn in range(8)]
            silence = pulse.stop()
    finally:
        engine.stop()
        studio.stop()
    return LiveFigures(
        seconds_to_moving_cameras=moving,
        first_picture_ms=statistics.median(first),
        pictures_per_second=pictures / (seconds / 2),
        idle_steps_per_second=statistics.median(idle),
        dragging_steps_per_second=statistics.median(dragging),
        training_share_while_dragging=statistics.median(
            busy / max(alone, 1e-6) for busy, alone in zip(dragging, idle, strict=True)
        ),
        longest_silence_ms=1000 * silence,
        peak_memory_mb=peak_memory() / 2**20,
    )


def _until(engine: Engine, holds: Callable[[Snapshot], bool]) -> None:
    """Wait until a snapshot satisfies something."""
    snapshot, began = engine.snapshot, time.monotonic()
    while not holds(snapshot):
        if snapshot.failure or time.monotonic() - began > PATIENCE:
            raise RuntimeError(snapshot.failure or "it took too long")
        snapshot = engine.wait(snapshot.version, timeout=1.0)


def _until_moved(engine: Engine) -> float:
    """Seconds from now until some camera is visibly elsewhere."""
    began = time.monotonic()
    _until(engine, _moved)
    return time.monotonic() - began


def _moved(snapshot: Snapshot) -> bool:
    if snapshot.learned is None:
        return False
    return max(np.abs(camera.position).max() for camera in snapshot.learned.cameras) > MOVED


def _speed(engine: Engine, seconds: float, meanwhile: Callable[[], None]) -> float:
    """Training steps per second while something goes on."""
    first, began = engine.snapshot.step, time.monotonic()
    while time.monotonic() - began < seconds:
        meanwhile()
    return (engine.snapshot.step - first) / (time.monotonic() - began)


def _drag(visitor: Visitor) -> None:
    visitor.look(time.monotonic())
    time.sleep(HAND)


def _jump(studio: Studio, visitor: Visitor, turn: int) -> float:
    """Milliseconds from a jump after a rest to its first picture, as the server counts them."""
    time.sleep(STILL)
    before = len(visitor.pictures)
    visitor.look(2.4 * turn)
    end = time.monotonic() + PATIENCE
    while len(visitor.pictures) == before:
        if time.monotonic() > end:
            raise RuntimeError("no picture came")
        time.sleep(0.005)
    with asking(studio) as client:
        return float(client.get("status").json()["view"]["first_picture_ms"])

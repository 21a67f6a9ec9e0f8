"""Cameras from matched features, found by pycolmap in a process of its own that may end any time.

The caller never waits: `start` returns at once, `Matching.state` is the newest that is known, and
`Matching.kill` ends it. The process has the lowest priority, one thread, bounded memory and time,
and ends when this one does. One set of photos gives the same bits every time.
"""

import functools
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from core.errors import InputError
from core.geometry.cameras import Camera
from core.search.features.found import FeatureModel, Features
from core.search.features.messages import Message, Order, next_message

ROOT = Path(__file__).parents[3]
PATIENCE = 5.0  # seconds
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Bounds:
    """What the process may take before it is ended."""

    memory: int = 3_000_000_000  # bytes of addresses, libraries included
    seconds: float = 600.0  # of wall clock
    cpu_seconds: int = 600
    niceness: int = 19


@dataclass(frozen=True)
class Errand:
    """What a process is started for.

    Attributes:
        module: that is run; `core.search.features.matching` says how it is spoken with.
        failed: a sentence for who waits, with a gap for the reason.
        bounds: what it may take.
    """

    module: str
    failed: str
    bounds: Bounds


MATCHING = Errand(
    "core.search.features.matching",
    "Features were not matched to the end, as {}; cameras are looked for from pixels alone.",
    Bounds(),
)


@dataclass(frozen=True, eq=False)
class State:
    """What is known at one moment; never changes.

    Attributes:
        ended: nothing more will come.
        progress: how far it is, in words: "34 of 190 pairs compared".
        features: pairs, and models where there are some yet; None before pairs are known.
        failure: one sentence where it ended before its time; what was found by then stays.
    """

    ended: bool = False
    progress: str = ""
    features: Features | None = None
    failure: str = ""


def _after(message: Message, state: State) -> State:
    """What is known after a message, which does not speak of everything."""
    features = state.features if message.features is None else message.features
    return replace(state, progress=message.progress or state.progress, features=features)


def available() -> bool:
    """Whether pycolmap is installed here."""
    return importlib.util.find_spec("pycolmap") is not None


def start(
    photos: Sequence[np.ndarray], *, clip: bool = False, seed: int = 0, bounds: Bounds | None = None
) -> "Matching":
    """Begin to match photos.

    Args:
        photos: N pictures (H, W, 3) uint8, of one shape (one camera took them) or of several (each
            has its own). About 1,000 pixels on the longer side serve best; results hold at every
            size.
        clip: whether they are frames of one clip, in their order.
        seed: of all that is drawn.
        bounds: what it may take.
    """
    errand = MATCHING if bounds is None else replace(MATCHING, bounds=bounds)
    return Matching(list(photos), clip, seed, errand)


def cameras_of(model: FeatureModel, sizes: Sequence[tuple[int, int]]) -> dict[int, Camera]:
    """The placed photos' cameras by their numbers, for pictures of N sizes (width, height)."""
    cameras = {}
    for photo, pose, lens in zip(model.photos, model.camera_to_world, model.lenses, strict=True):
        width, height = sizes[photo]
        fx, fy, cx, cy, k1 = (float(number) for number in lens)
        focal, centre = (fx * width, fy * height), (cx * width, cy * height)
        cameras[int(photo)] = Camera(pose, *focal, *centre, width, height, k1)
    return cameras


class Matching:
    """A process that is looking for cameras. Any thread may ask."""

    def __init__(self, photos: list[np.ndarray], clip: bool, seed: int, errand: Errand) -> None:
        self._state = State(progress=f"0 of {len(photos)} photos looked at")
        self._writing = threading.Lock()
        self._errand, bounds = errand, errand.bounds
        self._over = False  # the last is told, or nobody wants more
        sizes = [list(photo.shape[:2]) for photo in photos]
        within = (bounds.memory, bounds.cpu_seconds, bounds.niceness)
        self._process = subprocess.Popen(
            [sys.executable, "-m", errand.module],
            cwd=ROOT,
            env=os.environ | ONE_THREAD,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._timer = threading.Timer(bounds.seconds, self._end_late)
        self._listener = threading.Thread(target=self._listen, name=errand.module)
        feeder = threading.Thread(
            target=self._feed, args=(photos, Order(sizes, clip, seed, *within))
        )
        for thread in (self._timer, self._listener, feeder):
            thread.daemon = True
            thread.start()

    @property
    def state(self) -> State:
        """The newest that is known."""
        return self._state

    @property
    def process_id(self) -> int:
        """Of the process, for whoever watches what it takes."""
        return self._process.pid

    def kill(self) -> None:
        """End it now; what was found stays. Returns at once."""
        self._over = True
        self._process.kill()

    def wait(self, seconds: float | None = None) -> State:
        """The state when it has ended, or after so many seconds; for those with nothing to do."""
        self._listener.join(seconds)
        return self._state

    def _end_late(self) -> None:
        self._fail(f"it took longer than {self._errand.bounds.seconds:g} seconds")
        self._process.kill()

    def _fail(self, reason: str) -> None:
        """The first reason counts."""
        if not self._over:
            self._over = True
            failure = self._errand.failed.format(reason)
            self._tell(lambda state: replace(state, failure=failure))

    def _tell(self, newer: Callable[[State], State]) -> None:
        with self._writing:
            self._state = newer(self._state)

    def _feed(self, photos: list[np.ndarray], order: Order) -> None:
        """Send the photos as grey levels. The pipe stays open: it tells that we live."""
        pipe = self._process.stdin
        assert pipe is not None, "it was asked for"
        try:
            pipe.write(json.dumps(asdict(order)).encode() + b"\n")
            for photo in photos:
                pipe.write(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).tobytes())
            pipe.flush()
        except OSError:
            pass  # it has ended, which the listener tells

    def _listen(self) -> None:
        """Take messages until the process ends, and see why it did."""
        pipe = self._process.stdout
        assert pipe is not None, "it was asked for"
        try:
            while (message := next_message(pipe)) is not None:
                if message.failure:
                    self._fail(message.failure)
                self._tell(functools.partial(_after, message))
                self._over |= message.last
        except (ValueError, KeyError, TypeError, InputError) as error:
            self._fail(f"its messages cannot be read ({error})")
            self._process.kill()
        self._fail(self._reason(self._ended()))
        self._timer.cancel()
        self._tell(lambda state: replace(state, ended=True))

    def _ended(self) -> int:
        """Its exit status; it has said all, and gets a moment to end by itself."""
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _reason(self, code: int) -> str:
        if code == -signal.SIGXCPU:
            return f"it took more than {self._errand.bounds.cpu_seconds} seconds of a core"
        ending = signal.Signals(-code).name if code < 0 else f"code {code}"
        return f"its process ended with {ending}, as for want of memory"

"""Four threads that ask for everything at once: each is heard within seconds, one trainer steps at
a time, and what is published holds together."""

import random
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import cv2

from core.engine import Engine, Snapshot
from core.engine.commands import (
    Command,
    Configure,
    Pause,
    Play,
    Refine,
    Restart,
    Save,
    Step,
    Sweep,
    Undo,
)
from core.errors import InputError
from core.exporting.cameras import write_cameras
from core.runs import checkpoint
from core.training.trainer import Trainer
from tests.conftest import shifted_photos, small_options

THREADS, ASKS = 4, 500
HEARD = 5.0  # seconds until an ask is heard
OPTIONS = (
    {"cameras.rotation": "quaternion"}, {"cameras.rotation": "axis-angle"}, {"training.rays": 32},
    {"field.kind": "siren"}, {"field.kind": "relu"}, {"field.kind": "planes"},
    {"cameras.focal": "exp"}, {"data.disabled": "0.png"}, {"data.disabled": ""},
    {"training.rays": -1}, {"no.option": 1}, {"data.long_side": 16},
)  # fmt: skip
KINDS: tuple[Callable[[random.Random], Command], ...] = (
    lambda chance: Play(), lambda chance: Play(steps=chance.randrange(5)), lambda chance: Pause(),
    lambda chance: Step(chance.randrange(3)), lambda chance: Refine(), lambda chance: Restart(),
    lambda chance: Undo(), lambda chance: Save(), lambda chance: Sweep(),
    lambda chance: Configure(chance.choice(OPTIONS)),
)  # fmt: skip


def run(part: int) -> str:
    """Ask, from all threads."""
    longest, wrong = [0.0], list[str]()
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(
        Trainer, "train_step", _alone(Trainer.train_step, wrong)
    ):  # fmt: skip
        path = Path(folder)
        (path / "photos").mkdir()
        for index, pixels in enumerate(shifted_photos()):
            cv2.imwrite(str(path / "photos" / f"{index}.png"), pixels)
        engine = Engine(path / "run", small_options(data__photos=str(path / "photos")))
        engine.start()
        asks = ASKS // part // THREADS
        threads = [
            threading.Thread(target=_ask, args=(engine, seed, asks, path, longest, wrong))
            for seed in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(HEARD * asks)
            assert not thread.is_alive(), "nobody is heard any more"
        assert not wrong, wrong[0]
        assert engine.stop() == ""
        found, complaints = checkpoint.newest(path / "run")
        assert found is not None and not complaints, complaints
    return f"{asks * THREADS} asks of {THREADS} threads, heard within {longest[0]:.1f} s"


def _ask(
    engine: Engine, seed: int, asks: int, path: Path, longest: list[float], wrong: list[str]
) -> None:
    """One after another, each when the one before was heard."""
    rng = random.Random(seed)
    try:
        for number in range(asks):
            before, began = engine.snapshot, time.monotonic()
            command = rng.choice(KINDS)(rng)
            engine.submit(command)
            now = engine.wait(before.version, HEARD)
            longest[0] = max(longest[0], time.monotonic() - began)
            assert now.version > before.version, f"{command} was not heard within {HEARD:.0f} s"
            _check(now)
            if number % 5 == 0 and now.learned is not None:
                _export(now, path / f"{seed}.json")
            time.sleep(rng.uniform(0, 0.02))
    except Exception as error:
        wrong.append(f"thread {seed}, ask {number}: {type(error).__name__}: {error}")


def _export(snapshot: Snapshot, out: Path) -> None:
    """The cameras of a snapshot, while training goes on."""
    assert snapshot.learned is not None
    try:
        write_cameras("transforms", snapshot.learned, out)
    except InputError:
        return  # there are no cameras yet
    out.unlink()


def _check(snapshot: Snapshot) -> None:
    """What holds of every snapshot."""
    assert snapshot.traceback is None, snapshot.traceback
    assert snapshot.step >= 0 and snapshot.epoch >= 0 and snapshot.seconds >= 0
    assert not snapshot.playing or snapshot.phase == "ready"
    if snapshot.learned is not None:
        assert snapshot.photos is not None
        assert len(snapshot.learned.cameras) == len(snapshot.photos.names)
        assert snapshot.learned.shown in snapshot.learners


def _alone(step: Callable, wrong: list[str]) -> Callable:
    """A step that notices another one at the same time."""
    busy = threading.Lock()

    def watched(*arguments: object) -> object:
        if not busy.acquire(blocking=False):
            wrong.append("two trainers step at the same time")
            return step(*arguments)
        try:
            return step(*arguments)
        finally:
            busy.release()

    return watched

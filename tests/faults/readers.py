"""Who looks never waits for training: snapshots are there at once and never change, and the loop
that serves pages turns while it trains, exports and loads photos."""

import asyncio
import tempfile
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from core.engine import Engine, Snapshot
from core.engine.commands import Play, Restart
from core.errors import Cancelled, InputError
from core.exporting.geometry import write_points
from core.exporting.jobs import Watch
from tests.conftest import shifted_photos, small_options

READS, SECONDS = 10_000, 10.0
WAIT = 0.005  # seconds for a snapshot, 99 of 100
LAG, LONGEST = 0.25, 2.0  # seconds by which the loop is late, 99 of 100 and at most


def run(part: int) -> str:
    """Read and serve while all of it goes on."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "photos").mkdir()
        for index, pixels in enumerate(shifted_photos(8, 96, 72)):
            cv2.imwrite(str(path / "photos" / f"{index}.png"), pixels)
        engine = Engine(path / "run", small_options(data__photos=str(path / "photos")))
        engine.start()
        engine.submit(Play())
        while engine.snapshot.step == 0:
            engine.wait(engine.snapshot.version, 1.0)
        try:
            waits = _read(engine, READS // part)
            lags = _served(engine, path, SECONDS / part)
        finally:
            assert engine.stop() == ""
    wait, lag, most = np.percentile(waits, 99), np.percentile(lags, 99), max(lags)
    assert wait <= WAIT, f"99 % of snapshots within {1000 * wait:.1f} ms"
    assert lag <= LAG and most <= LONGEST, f"the loop is {lag:.2f} s late, {most:.2f} s at most"
    return (
        f"{len(waits)} snapshots within {1000 * wait:.2f} ms, none torn; the loop is late by "
        f"{1000 * lag:.0f} ms, {1000 * most:.0f} ms at most"
    )


def _read(engine: Engine, reads: int) -> list[float]:
    """Seconds that each snapshot took to be had; all are whole, and some are kept and looked at."""
    waits, kept = [], list[tuple[Snapshot, torch.Tensor]]()
    for number in range(reads):
        began = time.perf_counter()
        snapshot = engine.snapshot
        waits.append(time.perf_counter() - began)
        assert snapshot.learned is not None and snapshot.photos is not None
        assert snapshot.history is not None and snapshot.history.steps[-1] <= snapshot.step
        if number % (reads // 20) == 0:
            kept.append((snapshot, _numbers(snapshot)))
            time.sleep(0.05)  # for training, to get at what is kept
    for snapshot, numbers in kept:
        assert torch.equal(_numbers(snapshot), numbers), f"the snapshot {snapshot.version} changed"
    return waits


def _numbers(snapshot: Snapshot) -> torch.Tensor:
    """All that its scene is made of, as a copy."""
    assert snapshot.learned is not None
    field = snapshot.learned.scene.field  # type: ignore[attr-defined]
    cameras = np.stack([camera.camera_to_world for camera in snapshot.learned.cameras])
    own = [parameter.detach().flatten().double() for parameter in field.parameters()]
    return torch.cat([*own, torch.from_numpy(cameras).flatten()]).clone()


def _served(engine: Engine, path: Path, seconds: float) -> list[float]:
    """By how much a loop's turns came late."""
    end = threading.Event()
    busy = [
        threading.Thread(target=act, args=(engine, path, end)) for act in (_exports, _begins_again)
    ]
    for thread in busy:
        thread.start()
    lags = asyncio.run(_turns(seconds))
    end.set()
    for thread in busy:
        thread.join()
    return lags


async def _turns(seconds: float) -> list[float]:
    end, lags = time.monotonic() + seconds, []
    while time.monotonic() < end:
        began = time.monotonic()
        await asyncio.sleep(0.02)
        lags.append(time.monotonic() - began - 0.02)
    return lags


def _exports(engine: Engine, path: Path, end: threading.Event) -> None:
    while not end.wait(0.1):
        if (learned := engine.snapshot.learned) is None or not learned.trained:
            continue
        try:
            write_points(learned, path / "points.ply", Watch(cancelled=end.is_set))
        except (InputError, Cancelled):
            continue  # there is no surface yet, or the time is over


def _begins_again(engine: Engine, path: Path, end: threading.Event) -> None:
    while not end.wait(2.0):
        engine.submit(Restart())
        engine.submit(Play())

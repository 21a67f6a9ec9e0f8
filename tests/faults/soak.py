"""A studio that trains while four browsers look, drag, leave and come back does not grow."""

import random
import tempfile
import threading
import time
from pathlib import Path

import httpx
import numpy as np

from studio.benchmarks.live import visiting
from tests.faults.doors import Door, small_words, taken
from tests.journeys.running import Running, studio

MINUTES = 3.0
CLIENTS, STAYS = 4, 10.0  # seconds until each reconnects
WARM = 1 / 3  # of the time, in which everything is used for the first time: at most 5 minutes
SLOPE = 1e6  # bytes a minute
HAND = 0.1  # seconds between two movements of a client


def run(part: int, minutes: float = MINUTES) -> str:
    """Soak, and see how memory, threads and open files go."""
    words = small_words(96)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "run"
        with studio("--port", "0", "--run", str(place), "--no-restart", *words) as running:
            running.until(lambda s: s["step"] > 0)
            told = _soak(running, 60 * minutes / part)
            failed = running.status()["failure"]
            running.end()
    assert not failed, failed
    assert not [line for line in running.said if "Traceback" in line], running.said
    return told


def _soak(running: Running, seconds: float) -> str:
    end = threading.Event()
    visitors = [
        threading.Thread(target=_visit, args=(running, number, end)) for number in range(CLIENTS)
    ]
    for visitor in visitors:
        visitor.start()
    began, samples = time.monotonic(), list[tuple[float, int, int, int]]()
    while (now := time.monotonic() - began) < seconds:
        samples.append((now, *taken(running.process.pid)))
        end.wait(1.0)
    end.set()
    for visitor in visitors:
        visitor.join()
    seen = np.array([sample for sample in samples if sample[0] > min(300.0, WARM * seconds)])
    slope = float(np.polyfit(seen[:, 0], seen[:, 1], 1)[0]) * 60
    first, last = np.array_split(seen, 2)
    for name, column in (("threads", 2), ("open files", 3)):
        most = first[:, column].max(), last[:, column].max()
        assert most[1] <= most[0] + 4, f"{name} grow: {most}"
    total = seen[-1, 1] / 1e6
    told = f"{slope / 1e6:+.2f} MB a minute over {seconds / 60:.1f} minutes, {total:.0f} MB"
    assert slope <= SLOPE, told
    return told


def _visit(running: Running, number: int, end: threading.Event) -> None:
    """One browser: the page, the scene, a drag, and all over again."""
    chance = random.Random(number)
    door = Door.of(running)
    while not end.is_set():
        with httpx.Client(base_url=running.url, headers=door.headers, trust_env=False) as browser:
            for path in ("", "config", "viser/", "status", "thumbnail/0.jpg"):
                browser.get(path)
            with visiting(door) as visitor, browser.stream("GET", "events") as events:
                lines = events.iter_lines()
                leaves = time.monotonic() + STAYS * chance.uniform(0.8, 1.2)
                while time.monotonic() < leaves and not end.wait(HAND):
                    visitor.look(chance.uniform(0, 6))
                    next(lines)

"""A studio that trains while four browsers look, drag, leave and come back does not grow.

It takes a fifth of a core: training is what each browser asks for, some epochs at a time, and their
windows are small. What is left behind is counted by visits and steps, not by the work of a machine.
"""

import random
import tempfile
import threading
import time
from pathlib import Path

import httpx
import numpy as np

from studio.benchmarks.live import visiting
from tests.faults.doors import Door, press, small_words, taken
from tests.journeys.running import Running, studio
from tests.patience import PATIENCE

MINUTES = 3.0
CLIENTS, STAYS = 4, 10.0  # seconds until each reconnects
EPOCHS = 2  # that each trains when it has come: 20,000 steps in 30 minutes
WARM = 1 / 3  # of the time, in which everything is used for the first time: at most 5 minutes
SLOPE = 1e6  # bytes a minute
HAND = 1.0  # seconds between two movements of a client
WINDOW = (64, 48)  # pixels


def run(part: int, minutes: float = MINUTES) -> str:
    """Soak, and see how memory, threads and open files go."""
    words = small_words(96, explore__quality=64)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        with studio("--port", "0", "--run", str(path), "--no-restart", *words) as running:
            running.until(lambda s: s["step"] > 0)
            press(running, "action-pause")
            told = _soak(running, 60 * minutes / part)
            facts = running.status()
            running.end()
    assert not facts["failure"], facts["failure"]
    assert not [line for line in running.said if "Traceback" in line], running.said
    return f"{told}, {facts['step']:,} steps"


def _soak(running: Running, seconds: float) -> str:
    end = threading.Event()
    visits = [0] * CLIENTS
    visitors = [
        threading.Thread(target=_visits, args=(running, number, end, visits))
        for number in range(CLIENTS)
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
    assert min(visits) > seconds / STAYS / 4, f"the browsers came {visits} times"
    seen = np.array([sample for sample in samples if sample[0] > min(300.0, WARM * seconds)])
    slope = float(np.polyfit(seen[:, 0], seen[:, 1], 1)[0]) * 60
    first, last = np.array_split(seen, 2)
    for name, column in (("threads", 2), ("open files", 3)):
        most = first[:, column].max(), last[:, column].max()
        assert most[1] <= most[0] + 4, f"{name} grow: {most}"
    told = (
        f"{slope / 1e6:+.2f} MB a minute over {seconds / 60:.1f} minutes, "
        f"{seen[0, 1] / 1e6:.0f} to {seen[-1, 1] / 1e6:.0f} MB, {sum(visits)} visits"
    )
    assert slope <= SLOPE, told
    return told


def _visits(running: Running, number: int, end: threading.Event, visits: list[int]) -> None:
    """One browser: the page, the scene, training, a drag, and all over again."""
    rng = random.Random(number)
    door = Door.of(running)
    while not end.is_set():
        press(running, "action-run-epochs", EPOCHS, "epochs")
        with httpx.Client(
            base_url=running.url, headers=door.headers, timeout=PATIENCE, trust_env=False
        ) as browser:
            for path in ("viser/", "status", "thumbnail/0.jpg"):
                browser.get(path)
            with visiting(door, WINDOW) as visitor, browser.stream("GET", "events") as events:
                lines = events.iter_lines()
                leaves = time.monotonic() + STAYS * rng.uniform(0.8, 1.2)
                while time.monotonic() < leaves and not end.wait(HAND):
                    visitor.look(rng.uniform(0, 6))
                    next(lines)
        visits[number] += 1

"""SIGSEGV and SIGKILL to a studio that trains: its parent starts it again, with the same address,
what was trained trains on, little is lost; after five times it gives up and says how to go on."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from studio.cli.parent import MOST
from tests.faults.doors import small_words
from tests.faults.fair import fair
from tests.journeys.running import ROOT, Running, studio
from tests.patience import PATIENCE

BACK = 15.0  # seconds, see `fair`, until the page answers again
AUTOSAVE = 2.0  # seconds between two saved states, in which work may be lost,
SAVING = 2.0  # and what a save and the look at it may take
TRAINED = 10.0  # seconds without a window
SMALL = 32e6  # bytes of memory that a parent may take


def run(part: int) -> str:
    """So many deaths, and the one too many; or a tenth of them and a good end."""
    deaths = max(1, MOST // part)
    waits: list[float] = []
    words = small_words(64, training__autosave_seconds=AUTOSAVE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        with studio("--port", "0", "--run", str(path), *words) as running:
            for number in range(deaths):
                waits.append(_one(running, signal.SIGKILL if number % 2 else signal.SIGSEGV))
            memory = _memory(running.process.pid)
            assert memory < SMALL, f"the parent takes {memory / 1e6:.0f} MB"
            if deaths == MOST:
                _last(running)
            else:
                running.end(signal.SIGTERM)
        _train(Path(folder) / "train", words)
    assert max(waits) < BACK, f"the page was away for {max(waits):.0f} s"
    return (
        f"{deaths} deaths: back within {max(waits):.1f} s, the parent takes {memory / 1e6:.0f} MB"
    )


def _train(path: Path, words: list[str]) -> None:
    """Training without a window survives a death and goes on for what is left of its time."""
    command = [sys.executable, str(ROOT / "launch.py"), "train", "--run", str(path), *words]
    process = subprocess.Popen(
        [*command, "--seconds", str(TRAINED)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    end = time.monotonic() + PATIENCE
    while len(list((path / "checkpoints").glob("*.safetensors"))) < 2:
        assert time.monotonic() < end and process.poll() is None, "it does not train long enough"
        time.sleep(0.05)
    os.kill(_child(process.pid), signal.SIGSEGV)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "started again" in err, err
    trained = json.loads(out)["seconds"]
    assert trained > TRAINED / 2, f"{trained:.0f} of {TRAINED:.0f} s were trained"


def _one(running: Running, number: signal.Signals) -> float:
    """A death while it trains; the seconds until the page answers again."""
    began = running.until(lambda s: s["playing"] and s["step"] > 0)["seconds"]
    before = running.until(lambda s: s["seconds"] > began + 2 * AUTOSAVE)
    child = _child(running.process.pid)
    with fair(running.process.pid) as waited:
        os.kill(child, number)
        back = _again(running, child)
    lost = before["seconds"] - back["seconds"]
    assert lost <= AUTOSAVE + SAVING, f"{lost:.0f} s of training are lost"
    assert back["playing"], "training does not go on"
    assert "was started again" in _page(running), "nothing is said of it on the page"
    return waited()


def _page(running: Running) -> str:
    """What a page is told first."""
    with running.client.stream("GET", "events") as events:
        return next(line for line in events.iter_lines() if line.startswith("data: "))


def _again(running: Running, before: int) -> dict:
    """The status of the studio that follows the one before, once it has the run."""
    end = time.monotonic() + PATIENCE
    while Path(f"/proc/{before}").exists():  # it may answer until it is gone
        assert time.monotonic() < end, "what was killed does not end"
        time.sleep(0.01)
    while True:
        try:
            facts = running.client.get("status").json()
            if facts["phase"] == "ready":
                return facts
        except (httpx.TransportError, ValueError):
            pass
        assert time.monotonic() < end, "the page does not come back"
        assert running.process.poll() is None, "the parent has ended"
        time.sleep(0.05)


def _last(running: Running) -> None:
    """One death too many."""
    os.kill(_child(running.process.pid), signal.SIGSEGV)
    assert running.process.wait(PATIENCE) == 1
    running.line_with("goes on where it was saved last")


def _child(number: int) -> int:
    """The one child of a process."""
    (child,) = Path(f"/proc/{number}/task/{number}/children").read_text().split()
    return int(child)


def _memory(process: int) -> int:
    """Bytes that a process holds by itself."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Private"))

"""Training that torchrun shares among processes, and what an outsider can see of it."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.journeys.running import ROOT
from tests.patience import PATIENCE

TRAIN = (
    *("--", ROOT / "launch.py", "train", "--photos", ROOT / "assets" / "scene" / "images"),
    *("--config", ROOT / "configs" / "tiny.yaml"),
)


@contextlib.contextmanager
def torchrun(*words: str | Path) -> Iterator[subprocess.Popen[str]]:
    """An agent and its processes, which are gone afterwards, whatever happened."""
    agent = subprocess.Popen(
        [sys.executable, "-m", "torch.distributed.run", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    try:
        yield agent
    finally:
        if agent.poll() is None:
            agent.terminate()  # it ends its processes, which a kill would not
            try:
                agent.wait(60)
            except subprocess.TimeoutExpired:
                agent.kill()


def until(true: Callable[[], bool], agent: subprocess.Popen[str]) -> None:
    """Wait for something to become true while an agent runs."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert agent.poll() is None, agent.communicate()
        assert time.monotonic() < end, "still waiting"
        time.sleep(0.05)  # between questions, not instead of an answer


def processes(agent: subprocess.Popen[str]) -> dict[int, int]:
    """The pids of an agent's processes, by rank."""
    found = {}
    for pid in Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split():
        for entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            if entry.startswith(b"RANK="):
                found[int(entry.partition(b"=")[2])] = int(pid)
    return found

"""SIGKILL while a run saves after every step: nothing acknowledged is lost, nothing is corrupt, and
the run ends with the same bits as one that was never killed."""

import os
import random
import signal
import tempfile
import time
from pathlib import Path

from core.runs import checkpoint
from tests.faults.small import digest, opened

KILLS, SEEDS = 102, 3
LONGEST = 0.25  # seconds until a kill


def run(part: int) -> str:
    """The kills, over some seeds."""
    kills = max(SEEDS, KILLS // part)
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(SEEDS):
            _one(Path(folder) / str(seed), seed, kills // SEEDS)
    return f"{kills // SEEDS * SEEDS} kills: 0 corrupt, 0 acknowledged steps lost, the same bits"


def _one(run: Path, seed: int, kills: int) -> None:
    rng = random.Random(seed)
    for _ in range(kills):
        acknowledged = _killed(run, seed, rng.uniform(0, LONGEST))
        found, complaints = checkpoint.newest(run)
        assert not complaints, f"corrupt: {complaints}"
        step = found.facts["step"] if found else 0
        assert step >= acknowledged, f"step {acknowledged} was acknowledged and {step} is there"
    trainer = opened(run, seed)
    trainer.train_step(1)
    checkpoint.save(trainer, run, {})
    left = list((run / "checkpoints").glob(".*"))
    assert not left, f"litter: {left}"
    never = opened(run.with_name(f"{run.name}-whole"), seed)
    while never.step < trainer.step:
        never.train_step(1)
    assert digest(never) == digest(trainer), f"other bits at step {trainer.step}"
    never.close()
    trainer.close()


def _killed(run: Path, seed: int, seconds: float) -> int:
    """The last step that a child said was saved, before it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        trainer = opened(run, seed)
        os.write(writing, b"0\n")
        while True:
            trainer.train_step(1)
            checkpoint.save(trainer, run, {})
            os.write(writing, f"{trainer.step}\n".encode())
    os.close(writing)
    with os.fdopen(reading) as told:
        first = told.readline()  # it has begun
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        lines = (first + told.read()).splitlines()
    return int(lines[-1])

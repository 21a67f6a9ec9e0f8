"""Keeps the scene as it was, every so often: often at first, as then it changes most."""

import contextlib
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from safetensors import SafetensorError

from core.errors import InputError
from core.runs import moments
from core.runs.checkpoint import Checkpoint
from core.training.trainer import Trainer

MEGABYTE = 1e6  # bytes
FIRST, GROWTH = 1.0, 1.25  # seconds of training until the first; times the last until the next


class Moments:
    """The moments of a run's scene. Used by the engine's thread, which never waits for the disk."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="moments")
        self._under_way: Future[None] | None = None
        self._due: float | None = None  # seconds of training; None before any was seen

    def note(self, trainer: Trainer) -> None:
        """There was a step: keep its scene where one is due and the last one is written."""
        most, now = trainer.config.training.moments * MEGABYTE, trainer.seconds
        if self._due is None or now < self._due / GROWTH - FIRST:  # continued, or begun anew
            self._due = now + FIRST
        busy = self._under_way is not None and not self._under_way.done()
        if not most or now < self._due or busy:
            return
        self._due = GROWTH * now + FIRST
        made = moments.taken(trainer, self._run)
        self._under_way = self._writer.submit(self._write, made, most)

    def close(self) -> None:
        """End when what is under way is written."""
        self._writer.shutdown(wait=True)

    def _write(self, made: Checkpoint, most: float) -> None:
        # A full disk and a scene that has come apart are told by whoever saves the run.
        with contextlib.suppress(OSError, SafetensorError, InputError):
            moments.write(made, most)

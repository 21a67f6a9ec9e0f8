"""How far a run had come, noted as it goes on: what a crash takes away can be told afterwards."""

import contextlib
import json
import time
from pathlib import Path

from core.training.trainer import Trainer

SECONDS = 2.0  # between two notes


class Reached:
    """The note in a run's folder. Used by the engine's thread."""

    def __init__(self, run: Path) -> None:
        self._place, self._at = run / "reached.json", -SECONDS
        self._noted = self._read()[0]

    def note(self, trainer: Trainer, last: bool = False) -> None:
        """Write down where the run is; now and then, as it costs a file, and at the end."""
        now = time.monotonic()
        if trainer.step == self._noted or (now - self._at < SECONDS and not last):
            return
        self._noted, self._at = trainer.step, now
        with contextlib.suppress(OSError):  # a full disk is told by whoever saves what matters
            self._place.write_text(json.dumps([trainer.step, trainer.seconds]), encoding="utf-8")

    def lost(self, trainer: Trainer) -> str:
        """What is gone since the state that a run was opened at; nothing after a good end."""
        step, seconds = self._read()
        gone, trained = step - trainer.step, seconds - trainer.seconds
        if step < 0 or gone == 0:
            return ""
        if gone < 0:
            return (
                f"The studio ended without saving, {step:,} steps after a new beginning, which are "
                f"gone: back at step {trainer.step:,}, before it."
            )
        back = f"back at step {trainer.step:,} of {step:,}" if trainer.step else "back at the start"
        return (
            f"The studio ended without saving: {back}. {gone:,} steps, {max(0.0, trained):.0f} s "
            "of training, are gone."
        )

    def _read(self) -> tuple[int, float]:
        """Steps and seconds of training; -1 where they were never written, or were cut off."""
        try:
            step, seconds = json.loads(self._place.read_text(encoding="utf-8"))
            return int(step), float(seconds)
        except (OSError, ValueError, TypeError):
            return -1, 0.0

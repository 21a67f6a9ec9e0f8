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
        self._place, self._noted, self._at = run / "reached.json", -1, -SECONDS

    def note(self, trainer: Trainer) -> None:
        """Write down where the run is; now and then, as it costs a file."""
        now = time.monotonic()
        if trainer.step == self._noted or now - self._at < SECONDS:
            return
        self._noted, self._at = trainer.step, now
        with contextlib.suppress(OSError):  # a full disk is told by whoever saves what matters
            self._place.write_text(json.dumps([trainer.step, trainer.seconds]), encoding="utf-8")

    def lost(self, trainer: Trainer) -> str:
        """What is gone since the state that a run was opened at; nothing after a good end."""
        try:
            step, seconds = json.loads(self._place.read_text(encoding="utf-8"))
            gone, trained = int(step) - trainer.step, float(seconds) - trainer.seconds
        except (OSError, ValueError, TypeError):  # never written, or cut off by the crash
            return ""
        if gone == 0:
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

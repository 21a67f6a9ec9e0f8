"""How far a run had come, noted as it goes on: what a crash takes away can be told afterwards.

And whether it was being trained, and until when, so that a process that follows can go on.
"""

import contextlib
import json
import time
from pathlib import Path

from core.engine.commands.limits import Limits
from core.training.trainer import Trainer

RESTARTED = "The studio ended by {} and was started again. {}"
SECONDS = 2.0  # between two notes


class Reached:
    """The note in a run's folder. Used by the engine's thread."""

    def __init__(self, run: Path, died: str = "") -> None:
        """Args: `died`: of what the process before, where the run is taken up as it was left."""
        self._died = died
        self._path, self._at = run / "reached.json", -SECONDS
        self._noted = self._read()[0]
        self._playing = False

    def note(self, trainer: Trainer, limits: Limits | None, last: bool = False) -> None:
        """Write down where the run is, and its limits while it trains.

        Now and then, as it costs a file; at the end, and where training begins or pauses.
        """
        now, playing = time.monotonic(), limits is not None
        turned = playing is not self._playing
        if not turned and (trainer.step == self._noted or (now - self._at < SECONDS and not last)):
            return
        self._noted, self._at, self._playing = trainer.step, now, playing
        left = None if limits is None else limits.left
        note = json.dumps([trainer.step, trainer.seconds, left])
        with contextlib.suppress(OSError):  # a full disk is told by whoever saves what matters
            self._path.write_text(note, encoding="utf-8")

    def back(self, trainer: Trainer) -> tuple[str, Limits | None]:
        """What is said of a run that was just opened, and the limits of what was under way.

        Without a death before there are none: training waits to be asked for.
        """
        died, self._died = self._died, ""
        if not died:
            return self._lost(trainer), None
        left = self._read()[2]
        said = RESTARTED.format(died, self._lost(trainer) or "Nothing is gone.")
        return said, None if left is None else Limits.resumed(left)

    def _lost(self, trainer: Trainer) -> str:
        """What is gone since the state that a run was opened at; nothing after a good end."""
        step, seconds, _ = self._read()
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

    def _read(self) -> tuple[int, float, list[float | None] | None]:
        """Steps, seconds of training, and limits; -1 where it was never written, or is cut off."""
        try:
            step, seconds, *more = json.loads(self._path.read_text(encoding="utf-8"))
            left = more[0] if more and len(more[0] or ()) == 3 else None
            return int(step), float(seconds), left
        except (OSError, ValueError, TypeError):
            return -1, 0.0, None

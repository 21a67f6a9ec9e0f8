"""Checkpoints are written beside training: what is to be saved is copied, then training goes on."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError

from core.engine.monitoring.history import Recorder
from core.engine.run_folder.moments import Moments
from core.errors import InputError
from core.runs import checkpoint
from core.runs.checkpoint import Checkpoint
from core.runs.soundness import Undoable
from core.runs.sweeping import GIGABYTE, sweep
from core.training.trainer import Trainer

SWEPT = "{} old state{} removed from the disk; what is kept there is bounded by training.disk."
RETRY_SECONDS = 15.0  # at most, after a save that was refused
Point = tuple[int, int, int]


@dataclass
class Saving:
    """A state on its way to the disk."""

    point: Point  # which state it is
    path: Path
    copy: Checkpoint | None  # None once it is on the disk
    most: float  # bytes that all states of the run may take; 0 is no bound
    refusal: str = ""  # the reason why it could not be written
    swept: int = 0  # older states that had to go for it

    def write(self) -> None:
        """Write it; called on the writer's thread."""
        assert self.copy is not None
        try:
            checkpoint.write(self.copy)
            self.copy = None
            self.swept = sweep(self.path.parent.parent, self.most) if self.most else 0
        except (OSError, SafetensorError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            self.refusal = reason or str(error)

    @property
    def there(self) -> bool:
        """Whether it can be gone back to: it waits to be written, or was not swept since."""
        return self.copy is not None or self.path.exists()

    def state(self) -> Checkpoint:
        """The state again: from the disk, or the copy where the disk did not take it.

        Raises:
            InputError: its file is damaged or was removed.
        """
        return self.copy or checkpoint.read(self.path)


class Saver:
    """Saves what it follows: one writer, one file at a time. Used by the engine's thread.

    A refusal belongs to the save that met it: the next one is tried as if nothing had been.

    Attributes:
        moments: of the scene, to be looked back at.
        undo: states that may be gone back to, which are noted in each that is saved.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="saver")
        self.moments = Moments(run)
        self.undo: list[Undoable] = []
        self._under_way: tuple[Saving, Future[None]] | None = None
        self._refused: list[str] = []  # and not told of yet
        self._swept = 0  # states, likewise
        self._retry, self._begun_at = False, time.monotonic()
        self._followed: tuple[int, Trainer, Recorder] | None = None
        self._on_disk: Point | None = None  # the newest state there

    def follow(self, trainer: Trainer, recorder: Recorder) -> None:
        """Save this trainer and its curves from now on."""
        number = self._followed[0] + 1 if self._followed else 0
        self._followed = number, trainer, recorder

    def opened(self) -> None:
        """What is followed was read from the disk as it is."""
        self._on_disk = self._point

    @property
    def unsaved(self) -> bool:
        """Whether there is a state that is not on the disk."""
        return self._on_disk != self._point

    @property
    def _point(self) -> Point | None:
        """Which state this is: which trainer, how often changed, at which step."""
        if self._followed is None:
            return None
        number, trainer, _ = self._followed
        return number, trainer.edits, trainer.step

    def save(self, kept_as: str = "") -> Saving:
        """Begin to save, after the save under way; `kept_as` as in `checkpoint.next_path`."""
        assert self._followed is not None and self._point is not None
        _, trainer, recorder = self._followed
        self.wait()
        self._begun_at = time.monotonic()
        path = checkpoint.next_path(self._run, trainer.step, kept_as)
        copy = checkpoint.taken(trainer, path, recorder.tensors())
        copy.facts["undo"] = [one.model_dump() for one in self.undo]
        saving = Saving(self._point, path, copy, trainer.config.training.disk * GIGABYTE)
        self._under_way = saving, self._writer.submit(saving.write)
        return saving

    def saved(self, name: str) -> Saving:
        """A state that was saved under a name, by an earlier process perhaps."""
        return Saving((-1, 0, 0), checkpoint.folder(self._run) / name, None, 0)

    def save_now(self) -> None:
        """Save, and return when it is on the disk.

        Raises:
            InputError: it could not be written.
        """
        saving = self.save()
        self.wait()
        if saving.refusal:
            raise InputError(self._sentence(saving))

    def due(self, seconds: float) -> bool:
        """Whether so long has passed with something unsaved; sooner after a refusal."""
        pause = min(seconds, RETRY_SECONDS) if self._retry else seconds
        waited = time.monotonic() - self._begun_at
        return waited >= pause and self.unsaved and self._under_way is None

    def wait(self) -> None:
        """Return when nothing is under way any more."""
        if self._under_way is None:
            return
        (saving, writing), self._under_way = self._under_way, None
        writing.result()
        self._swept += saving.swept
        self._retry = bool(saving.refusal)
        if saving.refusal:
            self._refused.append(self._sentence(saving))
        else:
            self._on_disk = saving.point

    @property
    def ended(self) -> bool:
        """Whether a save has ended that was not heard of."""
        untold = bool(self._refused) or self._swept > 0
        return untold or (self._under_way is not None and self._under_way[1].done())

    def refusals(self) -> list[str]:
        """A sentence for each save that was refused; waits for what is under way."""
        self.wait()
        refused, self._refused = self._refused, []
        return refused

    def swept(self) -> list[str]:
        """A sentence where states were removed that was not told yet."""
        count, self._swept = self._swept, 0
        return [SWEPT.format(count, "s were" if count > 1 else " was")] if count else []

    def sweep(self) -> None:
        """Remove all states but the newest, and the newest for Undo."""
        self.wait()
        self._swept += sweep(self._run, 0)

    def close(self) -> str:
        """Save what is unsaved, and end; returns the reason where it could not be saved."""
        try:
            self.wait()
            if not self.unsaved:
                return ""
            saving = self.save()
            self.wait()
            return saving.refusal
        finally:
            self._writer.shutdown(wait=True)
            self.moments.close()

    def _sentence(self, saving: Saving) -> str:
        return (
            f"The run {self._run} could not be saved ({saving.refusal}); make room, it is tried "
            "again and again."
        )

"""The states that Undo goes back to, each with the words that say what it brings back."""

from collections.abc import Sequence

from core.engine.run_folder.saver import Saver, Saving
from core.errors import InputError
from core.runs.checkpoint import Checkpoint
from core.runs.soundness import Undoable
from core.training.trainer import Trainer

LONGEST = 400  # letters of what is brought back


class Earlier:
    """Used by the engine's thread; the newest state is the first to be gone back to."""

    def __init__(self, saver: Saver) -> None:
        self._saver = saver
        self._kept: list[tuple[Saving, str, str]] = []  # with words, and whose cameras came then

    @property
    def words(self) -> str:
        """What Undo would bring back; empty where there is nothing, or where it was swept."""
        there = self._there()
        return there[-1][1] if there else ""

    def _there(self) -> list[tuple[Saving, str, str]]:
        """Those that were not swept from the disk."""
        return [kept for kept in self._kept if kept[0].there]

    def keep(self, trainer: Trainer, change: str, words: str, taken: str = "") -> None:
        """Keep the state before a change, unless nothing was learned yet.

        Args:
            trainer: what the saver follows.
            change: a word for what is about to change, in the name of its file.
            words: what is brought back besides the step.
            taken: the witness whose cameras take the place of these.
        """
        if trainer.step > 0:
            saving = self._saver.save(f"before-{change}-{len(self._kept) + 1}")
            self._kept.append((saving, f"step {trainer.step:,} with {words}"[:LONGEST], taken))
            self._note()

    def restore(self, undo: Sequence[Undoable]) -> None:
        """What a run that is opened again could go back to."""
        self._kept = [(self._saver.saved(one.file), one.words, one.taken) for one in undo]
        self._note()

    def _note(self) -> None:
        self._saver.undo = [
            Undoable(file=saving.path.name, words=words, taken=taken)
            for saving, words, taken in self._kept
        ]

    def newest(self) -> Checkpoint:
        """The state to go back to.

        Raises:
            InputError: there is none, or its file is damaged or was removed.
        """
        self._kept = self._there()
        if not self._kept:
            raise InputError("There is nothing to undo.")
        self._saver.wait()
        return self._kept[-1][0].state()

    def forget(self) -> str:
        """It was gone back to; returns the witness whose cameras were left by that, if any."""
        _, _, taken = self._kept.pop()
        self._note()
        return taken

"""The runs that lie in one folder: what is known of each, and putting them in order.

Names come from anybody: a run is only what a look into the folder itself shows to be there, so no
name leads out of it, and links are no runs.
"""

import contextlib
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from core.errors import InputError
from core.runs import checkpoint, moments
from core.runs.ages import by_age
from core.runs.cameras import is_run

MOST = 200  # runs that are listed, the newest
LONGEST = 80  # letters of a name
NAME = re.compile(r"\w[\w .,()+-]*(?<![ .])")
# What tells of steps that a branch has not made.
LATER = (
    "reached.json",
    "verdicts.jsonl",
    "validation",
    "validation.jsonl",
    "moments",
    "start.safetensors",
)
GONE = ".deleted"  # holds the run that was deleted last


class Shelf:
    """The folder of runs. Any thread may call; whoever has a run open keeps others off it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def runs(self) -> list[Path]:
        """The runs that are there, the last changed first."""
        found = [(path.stat().st_mtime, path) for path in self._runs()]
        return [path for _, path in sorted(found, reverse=True)[:MOST]]

    def find(self, name: str) -> Path:
        """The folder of a run.

        Raises:
            InputError: no run of that name is there.
        """
        for path in self._runs():
            if path.name == name:
                return path
        raise InputError(f"There is no run {name!r} any more; look at the list again.")

    def duplicate(self, name: str) -> Path:
        """A copy under a new name. Saved states never change, so both share them on the disk.

        Raises:
            InputError: no such run, or no room.
        """
        source = self.find(name)
        goal = self._free(f"{name[: LONGEST - 10]}-copy")
        return self._copied(source, goal, list(by_age(checkpoint.folder(source))), ())

    def branch(self, name: str, state: Path) -> Path:
        """A new run that goes on from one state of a run, which stays as it is.

        Raises:
            InputError: no such run or state, or no room.
        """
        source = self.find(name)
        step = re.match(r"\d+-(\d+)", state.name)
        goal = self._free(_branch_of(name, int(step[1]) if step else 0))
        return self._copied(source, goal, [state], LATER)

    def begun(self, name: str, step: int, moment: Path) -> tuple[Path, Path]:
        """A new run without a state, and what it is to start from: the scene of a moment.

        Raises:
            InputError: no such run, the moment is damaged, or no room.
        """
        goal = self._copied(self.find(name), self._free(_branch_of(name, step)), [], LATER)
        try:
            return goal, moments.begun_from(moment, goal)
        except (OSError, InputError) as error:
            shutil.rmtree(goal, ignore_errors=True)
            raise InputError(f"{name} cannot be begun from step {step} ({error}).") from error

    def _copied(
        self, source: Path, goal: Path, states: list[Path], without: tuple[str, ...]
    ) -> Path:
        """A run's folder with some of its states; it appears when it is whole."""
        part = self._folder / f".{uuid.uuid4().hex[:8]}.part"
        try:
            kept = shutil.ignore_patterns("run.lock", "checkpoints", "exports", ".*", *without)
            shutil.copytree(source, part, symlinks=True, ignore=kept)
            checkpoint.folder(part).mkdir()
            for state in states:
                _shared(state, checkpoint.folder(part) / state.name)
            os.rename(part, goal)
        except (OSError, shutil.Error) as error:
            shutil.rmtree(part, ignore_errors=True)
            raise InputError(f"{source.name} could not be copied ({error}); make room.") from error
        return goal

    def rename(self, name: str, wanted: str) -> Path:
        """Give a run another name.

        Raises:
            InputError: no such run, an impossible name, or one that is taken.
        """
        source = self.find(name)
        if not NAME.fullmatch(wanted) or len(wanted) > LONGEST:
            raise InputError(
                f"A run cannot be called {wanted[:LONGEST]!r}; use letters, digits, spaces and "
                "-_.,()+, and begin with a letter or a digit."
            )
        goal = self._folder / wanted
        if os.path.lexists(goal):
            raise InputError(f"There is a {wanted!r} already; choose another name.")
        with _moving(name):
            os.rename(source, goal)
        return goal

    def delete(self, name: str) -> None:
        """Put a run aside; the one deleted before it goes for good.

        Raises:
            InputError: no such run, or it cannot be moved.
        """
        source, gone = self.find(name), self._folder / GONE
        with _moving(name):
            gone.mkdir(exist_ok=True)
            if gone.is_symlink():
                raise InputError(f"{gone} is a link; remove it.")
            before = list(gone.iterdir())
            os.rename(source, gone / f"{uuid.uuid4().hex[:8]}-{name}")
        for one in before:
            shutil.rmtree(one, ignore_errors=True)

    @property
    def deleted(self) -> str:
        """The name of the run that can be brought back; empty where there is none."""
        path = self._deleted()
        return path.name.partition("-")[2] if path else ""

    def restore(self) -> Path:
        """Bring back the run that was deleted last.

        Raises:
            InputError: there is none, or it cannot be moved.
        """
        path = self._deleted()
        if path is None:
            raise InputError("No run was deleted that could be brought back.")
        goal = self._free(self.deleted)
        with _moving(goal.name):
            os.rename(path, goal)
        return goal

    def _deleted(self) -> Path | None:
        gone = self._folder / GONE
        if gone.is_symlink() or not gone.is_dir():
            return None
        return next(iter(sorted(gone.iterdir(), key=lambda path: path.stat().st_mtime)), None)

    def _runs(self) -> Iterator[Path]:
        """Folders of runs; links and hidden ones are none."""
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or not entry.is_dir(follow_symlinks=False):
                    continue
                if is_run(Path(entry.path)):
                    yield Path(entry.path)

    def _free(self, name: str) -> Path:
        """A place of that name, or of that name and a number, where nothing is."""
        goal, number = self._folder / name, 1
        while os.path.lexists(goal):
            number += 1
            goal = self._folder / f"{name}-{number}"
        return goal


def _branch_of(name: str, step: int) -> str:
    return f"{name[: LONGEST - 20]}-from-{step}"


@contextlib.contextmanager
def _moving(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{name} cannot be moved ({error.strerror}); see who owns it.") from error


def _shared(state: Path, goal: Path) -> None:
    """The same file under a second name, or a copy where the disk has no such thing."""
    try:
        os.link(state, goal, follow_symlinks=False)
    except OSError:
        shutil.copy2(state, goal)

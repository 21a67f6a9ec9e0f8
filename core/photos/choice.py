"""Which pictures of a listing are taken, by their numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.photos.local import quoted


@dataclass(frozen=True)
class Choice:
    """From the first to the last, every so many, and of these the first few."""

    first: int = 1  # numbers count from 1
    last: int = 0  # 0 is the end
    every: int = 1
    most: int = 0  # 0 is all

    def of(self, files: Sequence[Path], folder: Path) -> list[Path]:
        """Those that are taken, in the same order.

        Raises:
            InputError: fewer than two are taken of a folder that holds more.
        """
        taken = list(files[self.first - 1 : self.last or None : self.every])
        taken = taken[: self.most or None]
        if len(taken) < 2 <= len(files):
            raise InputError(
                f"Of the {len(files)} photos in {quoted(str(folder))}, data.first {self.first}, "
                f"data.last {self.last}, data.every {self.every} and data.most {self.most} leave "
                f"{len(taken)} and at least 2 are needed; let them take more."
            )
        return taken


EVERYTHING = Choice()

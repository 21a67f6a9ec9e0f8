"""Cameras that a process looks for beside a run: begun, listened to, and kept for the next time."""

import zlib
from collections.abc import Callable
from pathlib import Path

from core.errors import InputError
from core.files import write_atomically
from core.photos import PhotoSet
from core.search.features.found import Features, packed, unpacked
from core.search.features.process import Matching


class Seeker:
    """One process of one kind, for some of the photos. Belongs to one thread.

    Attributes:
        found: what is known so far; None before anything is.
        settled: whether nothing more will come.
        failure: a sentence where it ended before its time.
    """

    def __init__(self, kind: str, photos: PhotoSet, numbers: tuple[int, ...]) -> None:
        """Args: `kind` begins the name of the file that keeps what was found."""
        self.found: Features | None = None
        self.settled, self.failure = False, ""
        self._kind, self._count = kind, len(numbers)
        sparse = photos.pixels[list(numbers), ::61, ::61].tobytes()
        names = repr([photos.names[number] for number in numbers])
        self._sign = f"{zlib.crc32(sparse, zlib.crc32(names.encode())):08x}"
        self._process: Matching | None = None

    @property
    def running(self) -> bool:
        """Whether more may come."""
        return self._process is not None and not self.settled

    @property
    def progress(self) -> str:
        """How far it is, in words."""
        return "" if self._process is None else self._process.state.progress

    def look(self, run: Path, begin: Callable[[], Matching | None]) -> bool:
        """Begin, take what was kept, or hear what is new; returns whether it has just settled.

        Args: `begin` starts the process; with None there never will be one.

        Raises:
            InputError: what was found cannot be kept.
        """
        if self.settled:
            return False
        if self._process is None:
            self._begin(run, begin)
            return self.settled
        state = self._process.state
        if state.features is not None:
            self.found = state.features
        self.settled, self.failure = state.ended, state.failure
        if self.settled and self.found is not None and not self.failure:
            self._keep(run)
        return self.settled

    def end(self) -> None:
        """End it now; what was found stays."""
        self.settled = True
        if self._process is not None:
            self._process.kill()

    def _begin(self, run: Path, begin: Callable[[], Matching | None]) -> None:
        kept = self._kept_at(run)
        if kept.is_file():
            self.found = unpacked(kept.read_bytes(), kept.name, self._count)
            self.settled = True
        else:
            self._process = begin()
            self.settled = self._process is None

    def _kept_at(self, run: Path) -> Path:
        return run / f"{self._kind}-{self._sign}.safetensors"

    def _keep(self, run: Path) -> None:
        assert self.found is not None
        try:
            write_atomically(self._kept_at(run), packed(self.found))
        except OSError as error:
            raise InputError(
                f"What {self._kind} tell of the cameras could not be kept ({error.strerror}); "
                "free some space."
            ) from None

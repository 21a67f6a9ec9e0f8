"""The scene as it was at the moment that the slider of time shows, where the run kept one.

Everything that paints looks through this at the engine: it sees the newest snapshot, or, of an
earlier moment, one with the scene that was kept last before it.
"""

import dataclasses
import logging
import time
from contextlib import suppress
from pathlib import Path

from core.engine.snapshot import Snapshot
from core.errors import InputError
from core.runs import checkpoint, moments
from core.training.learned import Learned
from studio.scene.replay import Replay
from studio.scene.source import Governs, Source

LOOK_SECONDS = 1.0  # between two looks at what is kept

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, eq=False)
class Kept:
    """A moment that was read: its step and what was learned then."""

    run: Path
    step: int
    learned: Learned


class Past:
    """A source for painters. Any thread may ask."""

    def __init__(self, source: Source, replay: Replay) -> None:
        """Args: `replay` says which moment is shown."""
        self._source, self._replay = source, replay
        self._known: tuple[Path, dict[int, Path]] | None = None  # of which run, by step
        self._looked = -LOOK_SECONDS
        self._kept: Kept | None = None  # the moment that is shown, once it was read
        self._unread: Path | None = None  # one that cannot be, and is not tried again
        self._made: tuple[Snapshot, Kept, Snapshot] | None = (
            None  # the newest that was put together
        )

    @property
    def governor(self) -> Governs:
        """See `Source`."""
        return self._source.governor

    @property
    def snapshot(self) -> Snapshot:
        """See `Source`."""
        return self._seen(self._source.snapshot)

    def wait(self, newer_than: int, timeout: float) -> Snapshot:
        """See `Source`."""
        return self._seen(self._source.wait(newer_than, timeout))

    @property
    def step(self) -> int | None:
        """The step of the scene that is shown; None where it is the newest."""
        return self._kept.step if self._kept else None

    def follow(self) -> bool:
        """Read the moment that is to be shown; whether another scene is shown now.

        For one thread, which may wait for the disk.
        """
        snapshot = self._source.snapshot
        step, before = self._replay.at(snapshot).step, self._kept
        wanted = None if step is None else self._at(snapshot.run, step)
        if wanted is None:
            self._kept = None
        elif before is None or (before.run, before.step) != (snapshot.run, wanted[0]):
            self._kept = None
            if wanted[1] != self._unread:
                self._kept = self._read(snapshot.run, *wanted)
        return self._kept is not before

    def _at(self, run: Path, step: int) -> tuple[int, Path] | None:
        """The newest moment at or before a step, by its step."""
        now = time.monotonic()
        if self._known is None or self._known[0] != run or now > self._looked + LOOK_SECONDS:
            self._known, self._looked = (run, moments.moments_of(run)), now
        before = [one for one in self._known[1].items() if one[0] <= step]
        return before[-1] if before else None

    def _read(self, run: Path, step: int, path: Path) -> Kept | None:
        with suppress(InputError):  # removed meanwhile, or cut off: the present scene is shown
            return Kept(run, step, checkpoint.learned(moments.read(path)))
        _log.info("the moment %s cannot be shown", path)
        self._unread = path
        return None

    def _seen(self, newest: Snapshot) -> Snapshot:
        kept, made = self._kept, self._made
        if kept is None or newest.learned is None or newest.run != kept.run:
            return newest
        if made is None or made[0] is not newest or made[1] is not kept:
            then = kept.learned
            learned = dataclasses.replace(
                newest.learned, scene=then.scene, planes=then.planes, shown=then.shown, pair=()
            )
            past = dataclasses.replace(newest, learned=learned, step=kept.step, playing=False)
            made = self._made = newest, kept, past
        return made[2]

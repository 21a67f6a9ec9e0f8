"""What a person asks of the search: another program's cameras judged, some looked for anew."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.depthmaps.photos import on_canvas
from core.engine.searching.audits import RESEEDED, RIVAL, Audits, Offer
from core.engine.snapshot import Snapshot
from core.errors import InputError
from core.geometry.cameras import Camera
from core.runs.starting.given import given_cameras, given_content
from core.search.direct.again import FEWEST, placed_again
from core.search.judging.witnesses import Witness

NOT_FOUND = "No camera was found for {} beside the others; leave such photos out."
NO_BETTER = "The cameras that were found anew for {} fit no better; leave such photos out."


class Asked:
    """Used by the thread that looks on; `reseed` may be called by any."""

    def __init__(self) -> None:
        self._named = ""  # the rival that was read
        self._waiting: tuple[str, ...] = ()  # photos whose cameras are to be looked for
        self._looking: Iterator[dict[int, Camera]] | None = None
        self._for: tuple[str, ...] = ()  # photos
        self._from: dict[int, Camera] = {}  # all cameras as they were
        self._rows: list[int] = []  # photos that are looked at, those without a camera too
        self._heard: Witness | None = None  # of cameras found anew, the last that was decided on

    def reseed(self, photos: tuple[str, ...]) -> None:
        """Have the cameras of photos, by their names, looked for anew."""
        self._waiting = photos

    @property
    def doing(self) -> str:
        """What is being looked for, in words; empty where nothing is."""
        return f"looking for {', '.join(self._for)} anew" if self._looking is not None else ""

    def look(self, snapshot: Snapshot, audits: Audits) -> None:
        """Go on with what was asked; cameras that are found are offered to the audit.

        Raises:
            InputError: what was asked cannot be done.
        """
        self._hear_rival(snapshot, audits)
        self._reseed(snapshot, audits)

    # -- another program's cameras ---------------------------------------------------------------

    def _hear_rival(self, snapshot: Snapshot, audits: Audits) -> None:
        named, photos = snapshot.config.cameras.rival, snapshot.photos
        if named == self._named or photos is None or snapshot.learned is None:
            return
        self._named = named
        audits.withdraw(RIVAL)
        if not named:
            return
        path = Path(named).expanduser()
        by_name = given_cameras(path, photos, snapshot.learned.cameras[0])
        numbers = {name: number for number, name in enumerate(photos.names)}
        cameras = {numbers[name]: camera for name, camera in by_name.items()}
        if len(cameras) < 2:
            raise InputError(f"{path} has the camera of one photo only; give those of more.")
        offer = Offer("given", dict(sorted(cameras.items())), given_content(path))
        audits.offers[RIVAL] = offer

    # -- photos whose cameras are looked for anew ------------------------------------------------

    def _reseed(self, snapshot: Snapshot, audits: Audits) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, ()
            self._begin(snapshot, waiting)
        if self._looking is None:
            return
        found = next(self._looking, None)
        if not found and found is not None:
            return
        self._looking = None
        if found is None:
            raise InputError(NOT_FOUND.format(", ".join(self._for)))
        cameras = self._from | {self._rows[row]: camera for row, camera in found.items()}
        offer = Offer(snapshot.found_by, dict(sorted(cameras.items())), np.zeros((0, 3)))
        audits.offers[RESEEDED] = offer

    def _begin(self, snapshot: Snapshot, names: tuple[str, ...]) -> None:
        assert snapshot.learned is not None and snapshot.photos is not None
        learned, photos = snapshot.learned, snapshot.photos
        self._from = learned.by_index
        wanted = {photos.names.index(name) for name in names if name in photos.names}
        wanted = {number for number in wanted if not learned.held_out[number]}
        if not wanted or len(self._from.keys() - wanted) < FEWEST:
            raise InputError(
                f"{', '.join(names)} cannot be looked for anew: {FEWEST} other photos with cameras "
                "are needed; add photos."
            )
        self._for, self._rows = tuple(names), sorted(self._from.keys() | wanted)
        pictures = on_canvas([photos.picture(number) for number in self._rows])
        cameras = [self._start(learned.cameras, number) for number in self._rows]
        rows = [self._rows.index(number) for number in sorted(wanted)]
        self._looking = placed_again(pictures, cameras, rows, snapshot.config.training.seed)

    def _start(self, cameras: Sequence[Camera], number: int) -> Camera:
        """Where a photo's camera is, or is put while it has none: at the nearest one's place."""
        nearest = min(self._from, key=lambda other: abs(other - number))
        return replace(cameras[number], camera_to_world=cameras[nearest].camera_to_world)

    def better(self, shown: Witness | None, audits: Audits, names: tuple[str, ...]) -> bool:
        """Whether photos that were looked for anew fit better than before, once it is known.

        Raises:
            InputError: they do not.
        """
        found = audits.witnesses.get(RESEEDED)
        if found is None or found is self._heard:
            return False
        self._heard = found
        numbers = [names.index(name) for name in self._for]
        if shown is None or _support(found, numbers) > _support(shown, numbers):
            return True
        raise InputError(NO_BETTER.format(", ".join(self._for)))


def _support(witness: Witness, photos: list[int]) -> float:
    """How much of some photos others confirm, in all."""
    each = dict(zip(witness.cameras, witness.figures.photos, strict=True))
    return sum(each[photo].support for photo in photos if photo in each)

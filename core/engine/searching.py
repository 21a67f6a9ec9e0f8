"""Beside training: matched features as a second way to the cameras, and the audit of each way.

A follower like the others: it looks at snapshots and changes nothing. What it thinks is read by the
engine when it publishes; cameras that it trusts more than those shown it asks the engine to take.
"""

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from core.config import Config
from core.config.paths import changed
from core.depthmaps.cameras import Cameras
from core.depthmaps.photos import on_canvas
from core.engine.commands import Adopt
from core.engine.follower import Follower
from core.engine.governor import Governor
from core.engine.opening import read_photos
from core.engine.snapshot import Snapshot
from core.errors import InputError
from core.files import write_atomically
from core.geometry.cameras import Camera
from core.photos import PhotoSet, is_video
from core.runs import judged
from core.search import features
from core.search.audit import Audit
from core.search.found import Features, packed, unpacked
from core.search.graph import PhotoFact
from core.search.telling import told_of_some
from core.search.witnesses import Opinion, Way, Witness, apart, before_cameras, opinion, preferred
from core.training.build import held_out

LONG_SIDE = 1008  # pixels of photos whose features are matched: more than are trained on
SPELL = 0.2  # seconds of work between two looks at the newest snapshot
MOVED = (0.3, 0.01)  # degrees and part of the spread after which cameras are checked again
SLOWLY = 20.0  # seconds of training before cameras are checked that nothing has searched for
REST = 5.0  # times what a check took, at least, to the next one of the same cameras
MISSING = "pycolmap is not installed here, so cameras are looked for from pixels alone."
NOTHING = "Matched features have placed no camera; cameras are those found from pixels alone."


@dataclass(frozen=True, eq=False)
class _Check:
    """An audit under way, and what it will be a witness of."""

    audit: Audit
    way: Way
    cameras: Mapping[int, Camera]
    points: np.ndarray


class Search(Follower):
    """Keeps `opinion` up to date, and asks for better cameras where it knows some.

    Attributes:
        opinion: of the cameras that are shown. Replaced, never changed.
    """

    EVERY = 0.25  # features come while nothing else does

    def __init__(self, governor: Governor, ask: Callable[[Adopt], None]) -> None:
        """Args: `ask` hands a command to the engine."""
        super().__init__("The search for cameras")
        self.opinion, self._expecting = Opinion(), False
        self._governor, self._ask = governor, ask
        self._forget(None)

    def _forget(self, photos: PhotoSet | None) -> None:
        self._photos, self._trained = photos, ()
        self._matching: features.Matching | None = None
        self._features: Features | None = None
        self._settled = False  # whether nothing more will come from features
        self._facts: tuple[PhotoFact, ...] | None = None  # None while no pairs are known
        self._witnesses: dict[Way, Witness] = {}
        self._check: _Check | None = None
        self._preview: Witness | None = None  # of features, before their rivals were asked
        self._checked_at, self._took = 0.0, 0.0
        self._asked: Way | None = None
        self._asked_at = 0  # version of the snapshot that was the newest then
        self.opinion = Opinion()

    @property
    def expecting(self) -> bool:
        """Whether better cameras may be found yet without more training. Any thread may ask."""
        return self._expecting and self._thread is not None and self._thread.is_alive()

    def show(self, snapshot: Snapshot) -> None:
        """See `Follower`."""
        if self._photos is None and snapshot.photos is not None:
            self._expecting = snapshot.config.cameras.search != "pixels"
        super().show(snapshot)

    def witness(self, way: str) -> Witness:
        """The cameras that were found one way. Any thread may ask.

        Raises:
            InputError: there are none.
        """
        previewed = {} if self._preview is None else {"features": self._preview}
        found = (previewed | {str(known): one for known, one in self._witnesses.items()}).get(way)
        if found is None:
            raise InputError(f"No cameras were found from {way} yet; wait for them.")
        return found

    # -- see Follower ----------------------------------------------------------------------------

    def wanted(self, snapshot: Snapshot) -> bool:
        """See `Follower`."""
        return snapshot.photos is not None

    def look(self, snapshot: Snapshot) -> None:
        """See `Follower`."""
        if snapshot.photos is None or snapshot.learned is None or self.ending:
            return
        aside = held_out(snapshot.config.data.held_out, len(snapshot.photos.names))
        trained = tuple(number for number, out in enumerate(aside) if not out)
        if snapshot.photos is not self._photos or trained != self._trained:
            self.close()
            self._forget(snapshot.photos)
            self._trained = trained
        policy = snapshot.config.cameras.search
        if policy != "pixels" and not self._settled:
            self._match(snapshot)
        if self._facts is None and self._features is not None:
            self._facts = told_of_some(snapshot.photos, trained, self._features.pairs)
        self._examine(snapshot)
        self._decide(snapshot, policy)

    def close(self) -> None:
        """End the matching."""
        if self._matching is not None:
            self._matching.kill()
        self._governor.lent = 0

    # -- features --------------------------------------------------------------------------------

    def _match(self, snapshot: Snapshot) -> None:
        """Start to match, or take what has come."""
        if self._matching is None:
            self._begin(snapshot)
            return
        state = self._matching.state
        if state.features is not None:
            self._features = state.features
        if not state.ended:
            return
        self._settled = True
        if state.failure:
            self._say(state.failure)
        elif self._features is None or not self._features.models:
            self._say(NOTHING)
        if self._features is not None and not state.failure:
            self._keep(snapshot.run)

    def _begin(self, snapshot: Snapshot) -> None:
        kept = self._kept_at(snapshot.run)
        if kept.is_file():
            self._features, self._settled = unpacked(kept.read_bytes(), kept.name), True
            return
        if not features.available():
            self._settled = True
            self._say(MISSING)
            return
        pictures = _large(snapshot.config, snapshot.run, self._photos, self._trained)
        clip = is_video(Path(snapshot.config.data.photos))
        self._matching = features.start(pictures, clip=clip, seed=snapshot.config.training.seed)

    def _kept_at(self, run: Path) -> Path:
        """Where the features of these photos are kept."""
        assert self._photos is not None
        sparse = np.ascontiguousarray(self._photos.pixels[list(self._trained), ::61, ::61])
        names = repr([self._photos.names[number] for number in self._trained])
        return run / f"features-{zlib.crc32(sparse, zlib.crc32(names.encode())):08x}.safetensors"

    def _keep(self, run: Path) -> None:
        assert self._features is not None
        try:
            write_atomically(self._kept_at(run), packed(self._features))
        except OSError as error:
            raise InputError(
                f"What matched features tell could not be kept ({error.strerror}); free some space."
            ) from None

    # -- audits ----------------------------------------------------------------------------------

    def _examine(self, snapshot: Snapshot) -> None:
        """Go on with the check under way, or begin one that is due."""
        if self._check is None:
            self._check = self._due(snapshot)
        if self._check is None:
            return
        began = time.monotonic()
        with self._governor.viewing():
            while not self._check.audit.done and time.monotonic() - began < SPELL:
                chunk = time.monotonic()
                self._check.audit.step()
                self._governor.pause_view(time.monotonic() - chunk)
        self._took += time.monotonic() - began
        figures, check = self._check.audit.figures, self._check
        if check.way == "features" and (preview := check.audit.preview) is not None:
            self._preview = Witness(check.way, check.cameras, check.points, preview)
        if figures is not None:
            witness = Witness(check.way, check.cameras, check.points, figures)
            self._witnesses[check.way] = witness
            self._check, self._checked_at = None, time.monotonic()

    def _due(self, snapshot: Snapshot) -> _Check | None:
        """The next cameras to check: those that features have placed, or those that are shown."""
        shown = snapshot.found_by
        if shown != "features" and (model := self._new_model()) is not None:
            return self._checking("features", *model)
        searched = snapshot.config.training.bootstrap or shown != "pixels"
        if not searched and snapshot.seconds < SLOWLY:
            return None
        if snapshot.stage == "bootstrap" or len(snapshot.learned.by_place) < 2:
            return None
        cameras, known = snapshot.learned.by_place, self._witnesses.get(shown)
        if known is not None:
            rested = time.monotonic() - self._checked_at > REST * self._took
            if not rested or not _moved(cameras, known.cameras):
                return None
        points = known.points if known is not None else np.zeros((0, 3))
        return self._checking(shown, cameras, points)

    def _new_model(self) -> tuple[Mapping[int, Camera], np.ndarray] | None:
        """The largest model if it has grown since it was checked, or will not grow any more."""
        if self._features is None or not self._features.models:
            return None
        model = self._features.models[0]
        if not self._settled and len(model.photos) < len(self._trained):
            return None
        known = self._witnesses.get("features")
        if known is not None and len(known.cameras) >= len(model.photos):
            return None
        sizes = [self._photos.size(number) for number in self._trained]
        placed = features.cameras_of(model, sizes)
        return {self._trained[row]: camera for row, camera in placed.items()}, model.points

    def _checking(self, way: Way, cameras: Mapping[int, Camera], points: np.ndarray) -> _Check:
        self._took = 0.0
        pictures = on_canvas([self._photos.picture(number) for number in cameras])
        audit = Audit(pictures, Cameras.of(list(cameras.values()), torch.float64))
        return _Check(audit, way, dict(cameras), points)

    # -- what follows ----------------------------------------------------------------------------

    def _decide(self, snapshot: Snapshot, policy: str) -> None:
        way, names = snapshot.found_by, snapshot.photos.names
        shown, other = self._witnesses.get(way), self._other(way)
        facts = self._facts or ()
        fresh = opinion(shown, other, names, facts) if shown else before_cameras(facts)
        others = (other.way,) if other is not None else ()
        checking = self._check is not None
        fresh = replace(fresh, others=others, doing=self._doing(), checking=checking)
        if fresh != self.opinion:
            judged.keep(snapshot.run, fresh, self.opinion)
            self.opinion = fresh
        pending = not self._settled and policy != "pixels" and self._matching is not None
        self._governor.lent = int(pending and fresh.word != "trusted")  # both ways get a core
        self._propose(snapshot, policy, shown, other)
        unheard = self._new_model() is not None or self._asked_at == snapshot.version
        self._expecting = policy != "pixels" and (not self._settled or unheard)

    def _propose(
        self, snapshot: Snapshot, policy: str, shown: Witness | None, other: Witness | None
    ) -> None:
        """Ask for the cameras of features, once, where they are to be taken."""
        if other is None or other.way != "features" or self._asked == "features":
            return
        way, names = snapshot.found_by, snapshot.photos.names
        trusted = opinion(other, None, names).word == "trusted"
        better = preferred(shown, other, names) is other if shown is not None else trusted
        if policy == "features" or (policy == "auto" and way == "pixels" and better):
            self._asked, self._asked_at = "features", snapshot.version
            self._ask(Adopt("features"))

    def _other(self, way: Way) -> Witness | None:
        """The best of the witnesses whose cameras are not shown."""
        others = [w for known, w in self._witnesses.items() if known != way]
        if not others and way != "features" and self._preview is not None:
            return self._preview  # good enough to be shown; to be trusted it has to wait
        return max(others, key=lambda w: len(w.cameras), default=None)

    def _doing(self) -> str:
        if self._check is not None:
            done, total = self._check.audit.progress
            return f"checking the cameras, {done / total:.0%}"
        if self._matching is not None and not self._settled:
            return f"matching features, {self._matching.state.progress}"
        return ""


def _moved(now: Mapping[int, Camera], before: Mapping[int, Camera]) -> bool:
    if now.keys() != before.keys():
        return True
    errors = apart(now, before)
    return errors is not None and (errors.rotation_best > MOVED[0] or errors.ate > MOVED[1])


def _large(
    config: Config, run: Path, photos: PhotoSet, wanted: tuple[int, ...]
) -> list[np.ndarray]:
    """The photos with more pixels than training has, where they are still there."""
    larger = changed(config, {"data.long_side": LONG_SIDE})
    if 0 < config.data.long_side < LONG_SIDE:
        try:
            again = read_photos(larger, run, photos.names)
        except InputError:
            again = photos
        if again.names == photos.names:
            photos = again
    return [photos.picture(number) for number in wanted]

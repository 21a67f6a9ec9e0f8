"""Beside training: matched features as a second way to the cameras, and the audit of each way.

A follower like the others: it looks at snapshots and changes nothing. What it thinks is read by the
engine when it publishes; cameras that it trusts more than those shown it asks the engine to take.
"""

import time
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
from core.engine.seeking import Seeker
from core.engine.snapshot import Snapshot
from core.errors import InputError
from core.geometry.cameras import Camera
from core.photos import PhotoSet, is_video
from core.runs import judged
from core.search import features
from core.search.audit import Audit
from core.search.direct import process as direct
from core.search.found import FeatureModel
from core.search.graph import PhotoFact
from core.search.telling import told_of_some
from core.search.verdict import verdict
from core.search.witnesses import Opinion, Way, Witness, apart, before_cameras, opinion, preferred
from core.training.build import held_out

LONG_SIDE = 1008  # pixels of photos whose features are matched: more than are trained on
SPELL = 0.2  # seconds of work between two looks at the newest snapshot
MOVED = (0.3, 0.01)  # degrees and part of the spread after which cameras are checked again
SLOWLY = 20.0  # seconds of training before cameras are checked that nothing has searched for
DIRECT = "direct"  # the witness of what was found by depths, which is a way of pixels as well
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
    name: str  # of the witness


class Search(Follower):
    """Keeps `opinion` up to date, and asks for better cameras where it knows some.

    Attributes:
        opinion: of the cameras that are shown. Replaced, never changed.
    """

    EVERY = 0.25  # features come while nothing else does
    _matching: Seeker  # of features; both are there as soon as there are photos
    _sweeping: Seeker  # of cameras by depths

    def __init__(self, governor: Governor, ask: Callable[[Adopt], None]) -> None:
        """Args: `ask` hands a command to the engine."""
        super().__init__("The search for cameras")
        self.opinion, self._expecting = Opinion(), False
        self._governor, self._ask = governor, ask
        self._forget(None)

    def _forget(self, photos: PhotoSet | None) -> None:
        self._photos, self._trained = photos, ()
        self._facts: tuple[PhotoFact, ...] | None = None  # None while no pairs are known
        self._witnesses: dict[str, Witness] = {}  # by their way; "direct" is another of pixels
        self._heard: FeatureModel | None = None  # by depths, the newest that was checked or is
        self._check: _Check | None = None
        self._preview: Witness | None = None  # of features, before their rivals were asked
        self._checked_at, self._took = 0.0, 0.0
        self._asked: set[str] = set()  # ways whose cameras the engine was asked to take
        self._given: Witness | None = None  # by depths, the last that the engine was asked to take
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
            self._matching = Seeker("features", snapshot.photos, trained)
            self._sweeping = Seeker("depths", snapshot.photos, trained)
        policy = snapshot.config.cameras.search
        if policy != "pixels":
            self._match(snapshot)
        if policy != "features":
            self._sweep(snapshot)
        if self._facts is None and (found := self._matching.found) is not None:
            self._facts = told_of_some(snapshot.photos, trained, found.pairs)
        self._examine(snapshot)
        self._decide(snapshot, policy)

    def close(self) -> None:
        """End what looks for cameras."""
        if self._photos is not None:
            self._matching.end()
            self._sweeping.end()
        self._governor.lent = 0

    # -- what processes look for ---------------------------------------------------------------

    def _match(self, snapshot: Snapshot) -> None:
        """Have features matched, and say how it ended."""
        if not self._matching.look(snapshot.run, lambda: self._matched(snapshot)):
            return
        found = self._matching.found
        if self._matching.failure:
            self._say(self._matching.failure)
        elif features.available() and (found is None or not found.models):
            self._say(NOTHING)

    def _matched(self, snapshot: Snapshot) -> features.Matching | None:
        if not features.available():
            self._say(MISSING)
            return None
        pictures = _large(snapshot.config, snapshot.run, self._photos, self._trained)
        clip = is_video(Path(snapshot.config.data.photos))
        return features.start(pictures, clip=clip, seed=snapshot.config.training.seed)

    def _sweep(self, snapshot: Snapshot) -> None:
        """Look for cameras by depths as well, where those of the planes are not trusted."""
        if not self._sweeping.running and not self._planes_failed(snapshot):
            return
        if self._sweeping.look(snapshot.run, lambda: self._swept(snapshot)):
            if self._sweeping.failure:
                self._say(self._sweeping.failure)
        elif snapshot.found_by != "pixels" or self.opinion.word == "trusted":
            self._sweeping.end()

    def _swept(self, snapshot: Snapshot) -> features.Matching:
        pictures = [self._photos.picture(number) for number in self._trained]
        return direct.start(pictures, snapshot.config.training.seed)

    def _planes_failed(self, snapshot: Snapshot) -> bool:
        """Whether cameras from pixels are shown, were looked for, and are not to be trusted."""
        config = snapshot.config
        if snapshot.found_by != "pixels" or not config.training.bootstrap:
            return False
        if not direct.FEWEST <= len(self._trained) <= direct.MOST:
            return False
        waits = config.cameras.search == "auto" and self._awaits_features
        if waits or self._witnesses.get("pixels") is not None:
            return not waits and self.opinion.word in ("doubtful", "wrong")
        check = self._check  # its rivals take three times as long, and trust no cameras more
        if check is None or check.name != "pixels" or (early := check.audit.preview) is None:
            return False
        names = [self._photos.names[number] for number in check.cameras]
        return verdict(early, names).word != "trusted"

    @property
    def _awaits_features(self) -> bool:
        """Whether features may still place cameras, or those that they have are not checked yet."""
        checking = self._check is not None and self._check.name == "features"
        return not self._matching.settled or checking or self._new_features() is not None

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
        if check.name == "features" and (preview := check.audit.preview) is not None:
            self._preview = Witness(check.way, check.cameras, check.points, preview)
        if figures is not None:
            witness = Witness(check.way, check.cameras, check.points, figures)
            self._witnesses[check.name] = witness
            self._check, self._checked_at = None, time.monotonic()

    def _due(self, snapshot: Snapshot) -> _Check | None:
        """The next cameras to check: those that a process has found, or those that are shown."""
        shown = snapshot.found_by
        if shown != "features" and (model := self._new_features()) is not None:
            return self._checking("features", self._placed(model), model.points)
        if shown == "pixels" and (model := self._new_depths()) is not None:
            self._heard = model
            return self._checking("pixels", self._placed(model), model.points, DIRECT)
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

    def _new_features(self) -> FeatureModel | None:
        """The largest model if it has grown since it was checked, or will not grow any more."""
        found = self._matching.found
        if found is None or not found.models:
            return None
        model = found.models[0]
        if not self._matching.settled and len(model.photos) < len(self._trained):
            return None
        known = self._witnesses.get("features")
        return model if known is None or len(known.cameras) < len(model.photos) else None

    def _new_depths(self) -> FeatureModel | None:
        """The newest model by depths, if it was not checked yet."""
        found = self._sweeping.found
        if found is None or not found.models:
            return None
        model, heard = found.models[0], self._heard
        same = heard is not None and np.array_equal(model.camera_to_world, heard.camera_to_world)
        return None if same else model

    def _placed(self, model: FeatureModel) -> dict[int, Camera]:
        sizes = [self._photos.size(number) for number in self._trained]
        placed = features.cameras_of(model, sizes)
        return {self._trained[row]: camera for row, camera in placed.items()}

    def _checking(
        self, way: Way, cameras: Mapping[int, Camera], points: np.ndarray, name: str = ""
    ) -> _Check:
        self._took = 0.0
        pictures = on_canvas([self._photos.picture(number) for number in cameras])
        audit = Audit(pictures, Cameras.of(list(cameras.values()), torch.float64))
        return _Check(audit, way, dict(cameras), points, name or way)

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
        matching = policy != "pixels" and self._matching.running
        pending = matching or (policy != "features" and self._sweeping.running)
        self._governor.lent = int(pending and fresh.word != "trusted")  # both ways get a core
        self._propose(snapshot, policy, shown, other)
        self._propose_depths(snapshot, policy, shown)
        new = self._new_features() if policy != "pixels" else None
        unheard = new is not None or self._asked_at == snapshot.version
        begins = policy != "pixels" and not self._matching.settled
        waits = policy != "features" and (self._sweeping.running or self._new_depths() is not None)
        self._expecting = begins or unheard or (waits and fresh.word != "trusted")

    def _propose(
        self, snapshot: Snapshot, policy: str, shown: Witness | None, other: Witness | None
    ) -> None:
        """Ask for the cameras of features, once, where they are to be taken."""
        if other is None or other.way != "features" or "features" in self._asked:
            return
        way, names = snapshot.found_by, snapshot.photos.names
        trusted = opinion(other, None, names).word == "trusted"
        better = preferred(shown, other, names) is other if shown is not None else trusted
        if policy == "features" or (policy == "auto" and way == "pixels" and better):
            self._asked, self._asked_at = {*self._asked, "features"}, snapshot.version
            self._ask(Adopt("features"))

    def _propose_depths(self, snapshot: Snapshot, policy: str, shown: Witness | None) -> None:
        """Ask for cameras found by depths, each once, where they are better than the planes'."""
        found = self._witnesses.get(DIRECT)
        if policy == "features" or snapshot.found_by != "pixels" or shown is None:
            return
        if found is None or found is self._given:
            return
        if preferred(shown, found, snapshot.photos.names) is found:
            self._witnesses["pixels"] = self._given = found
            self._asked_at = snapshot.version
            self._ask(Adopt(DIRECT))

    def _other(self, way: Way) -> Witness | None:
        """The best of the witnesses whose cameras are not shown."""
        others = [w for known, w in self._witnesses.items() if known not in (way, DIRECT)]
        if not others and way != "features" and self._preview is not None:
            return self._preview  # good enough to be shown; to be trusted it has to wait
        return max(others, key=lambda w: len(w.cameras), default=None)

    def _doing(self) -> str:
        if self._check is not None:
            done, total = self._check.audit.progress
            return f"checking the cameras, {done / total:.0%}"
        if self._matching.running:
            return f"matching features, {self._matching.progress}"
        if self._sweeping.running:
            return f"looking for cameras by depths, {self._sweeping.progress}"
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

"""The audit of cameras in spells between two looks, and the witnesses that come of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from core.bootstrap.findings import Way
from core.depthmaps.cameras import Cameras
from core.depthmaps.photos import on_canvas
from core.engine.governor import Governor
from core.engine.searching.seeking import Seeker
from core.engine.snapshot import Snapshot
from core.geometry.cameras import Camera
from core.photos import PhotoSet
from core.search.features import process as features
from core.search.features.found import FeatureModel
from core.search.judging.audit import Audit
from core.search.judging.verdict import verdict
from core.search.judging.witnesses import Witness, apart

SPELL = 0.2  # seconds of work between two looks at the newest snapshot
MOVED = (0.3, 0.01)  # degrees and part of the spread after which cameras are checked again
SLOWLY = 20.0  # seconds of training before cameras are checked that nothing has searched for
DIRECT = "direct"  # the witness of what was found by depths, which is a way of pixels as well
RESEEDED = "reseeded"  # of cameras that are shown, but for some that were looked for anew
RIVAL = "rival"  # of another program's cameras
REST = 5.0  # times what a check took, at least, to the next one of the same cameras


@dataclass(frozen=True, eq=False)
class Offer:
    """Cameras that a person wants to be checked, and how they were found."""

    way: Way
    cameras: Mapping[int, Camera]
    points: np.ndarray


@dataclass(frozen=True, eq=False)
class _Check:
    """An audit under way, and what it will be a witness of."""

    audit: Audit
    way: Way
    cameras: Mapping[int, Camera]
    points: np.ndarray
    name: str  # of the witness


class Audits:
    """Checks the cameras of some photos one after another. Used by the thread that looks on.

    Attributes:
        witnesses: by their way; "direct" is another of pixels.
        preview: of features, before their alternatives were asked.
        offers: what waits to be checked, by the name of the witness it will be.
    """

    def __init__(
        self, governor: Governor, photos: PhotoSet | None, trained: tuple[int, ...]
    ) -> None:
        """Args: `trained` are the numbers of the photos that cameras are looked for of."""
        self._governor, self._photos, self._trained = governor, photos, trained
        self.witnesses: dict[str, Witness] = {}
        self.preview: Witness | None = None
        self.offers: dict[str, Offer] = {}
        self._heard: FeatureModel | None = None  # by depths, the newest that was checked or is
        self._check: _Check | None = None
        self._checked_at, self._took = 0.0, 0.0

    @property
    def _looked_at(self) -> PhotoSet:
        assert self._photos is not None, "nothing is checked before there are photos"
        return self._photos

    @property
    def checking(self) -> str:
        """The witness that is under way; empty where nothing is checked."""
        return "" if self._check is None else self._check.name

    @property
    def doing(self) -> str:
        """How far the check under way is."""
        if self._check is None:
            return ""
        done, total = self._check.audit.progress
        return f"checking the cameras, {done / total:.0%}"

    @property
    def planes_doubted(self) -> bool:
        """Whether the check under way, of cameras from pixels, can trust them no more."""
        check = self._check  # its alternatives take three times as long, and trust no cameras more
        if check is None or check.name != "pixels" or (early := check.audit.preview) is None:
            return False
        names = [self._looked_at.names[number] for number in check.cameras]
        return verdict(early, names).word != "trusted"

    def found(self, name: str) -> Witness | None:
        """The cameras of a witness. Any thread may ask."""
        previewed = self.preview if name == "features" else None
        return self.witnesses.get(name, previewed)

    def withdraw(self, name: str) -> None:
        """Forget a witness, and what was to become it."""
        self.offers.pop(name, None)
        self.witnesses.pop(name, None)
        if self.checking == name:
            self._check = None

    def examine(self, snapshot: Snapshot, matching: Seeker, sweeping: Seeker) -> None:
        """Go on with the check under way, or begin one that is due."""
        if self._check is None:
            self._check = self._due(snapshot, matching, sweeping)
        if self._check is None:
            return
        began = time.monotonic()
        with self._governor.viewing():
            while not self._check.audit.done and time.monotonic() - began < SPELL:
                chunk = time.monotonic()
                self._check.audit.step()
                self._governor.pause_check(time.monotonic() - chunk)
        self._took += time.monotonic() - began
        figures, check = self._check.audit.figures, self._check
        if check.name == "features" and (preview := check.audit.preview) is not None:
            self.preview = Witness(check.way, check.cameras, check.points, preview)
        if figures is not None:
            mirrored = check.audit.mirror.single() if figures.mirror else ()
            mirror = dict(zip(check.cameras, mirrored, strict=False))
            witness = Witness(check.way, check.cameras, check.points, figures, mirror)
            self.witnesses[check.name] = witness
            self._check, self._checked_at = None, time.monotonic()

    def _due(self, snapshot: Snapshot, matching: Seeker, sweeping: Seeker) -> _Check | None:
        """The next cameras to check."""
        if self.offers:
            name, offer = self.offers.popitem()
            return self._checking(offer.way, offer.cameras, offer.points, name)
        found = self._due_of_found(snapshot.found_by, matching, sweeping)
        return found or self._due_of_shown(snapshot)

    def _due_of_found(self, shown: Way, matching: Seeker, sweeping: Seeker) -> _Check | None:
        """Those that a process has found."""
        if shown != "features" and (model := self.new_features(matching)) is not None:
            return self._checking("features", self._placed(model), model.points)
        if self._depths_are_due(shown, sweeping) and (model := self.new_depths(sweeping)):
            self._heard = model
            return self._checking("pixels", self._placed(model), model.points, DIRECT)
        return None

    def _due_of_shown(self, snapshot: Snapshot) -> _Check | None:
        """Those that are shown, where they stand and are not known yet."""
        shown = snapshot.found_by
        searched = snapshot.config.training.bootstrap or shown != "pixels"
        if not searched and snapshot.seconds < SLOWLY:
            return None
        cameras = snapshot.learned.by_index if snapshot.learned is not None else {}
        if snapshot.stage == "bootstrap" or len(cameras) < 2:
            return None
        known = self.witnesses.get(shown)
        if known is not None:
            rested = time.monotonic() - self._checked_at > REST * self._took
            if not rested or not _moved(cameras, known.cameras):
                return None
        points = known.points if known is not None else np.zeros((0, 3))
        return self._checking(shown, cameras, points)

    def _depths_are_due(self, shown: Way, sweeping: Seeker) -> bool:
        """Whether they are to be checked; as a second opinion only once they are complete."""
        return shown == "pixels" or (shown == "features" and sweeping.settled)

    def new_features(self, matching: Seeker) -> FeatureModel | None:
        """The largest model if it has grown since it was checked, or will not grow any more."""
        found = matching.found
        if found is None or not found.models:
            return None
        model = found.models[0]
        if not matching.settled and len(model.photos) < len(self._trained):
            return None
        known = self.witnesses.get("features")
        return model if known is None or len(known.cameras) < len(model.photos) else None

    def new_depths(self, sweeping: Seeker) -> FeatureModel | None:
        """The newest model by depths, if it was not checked yet."""
        found = sweeping.found
        if found is None or not found.models:
            return None
        model, heard = found.models[0], self._heard
        same = heard is not None and np.array_equal(model.camera_to_world, heard.camera_to_world)
        return None if same else model

    def _placed(self, model: FeatureModel) -> dict[int, Camera]:
        sizes = [self._looked_at.size(number) for number in self._trained]
        placed = features.cameras_of(model, sizes)
        return {self._trained[row]: camera for row, camera in placed.items()}

    def _checking(
        self, way: Way, cameras: Mapping[int, Camera], points: np.ndarray, name: str = ""
    ) -> _Check:
        self._took = 0.0
        pictures = on_canvas([self._looked_at.picture(number) for number in cameras])
        audit = Audit(pictures, Cameras.of(list(cameras.values()), torch.float64))
        return _Check(audit, way, dict(cameras), points, name or way)

    def others(self, way: Way) -> dict[str, Witness]:
        """The witnesses whose cameras are not shown, the best first."""
        aside = (way, DIRECT, RESEEDED)
        known = self.witnesses.copy()  # any thread may ask
        others = {name: one for name, one in known.items() if name not in aside}
        if way != "pixels" and DIRECT in known:  # where planes failed, or were not asked
            others["pixels"] = known[DIRECT]
        if "features" not in others and way != "features" and self.preview is not None:
            others["features"] = self.preview  # good enough to be shown; to be trusted it waits
        return dict(sorted(others.items(), key=lambda one: -len(one[1].cameras)))


def _moved(now: Mapping[int, Camera], before: Mapping[int, Camera]) -> bool:
    if now.keys() != before.keys():
        return True
    errors = apart(now, before)
    return errors is not None and (errors.rotation_best > MOVED[0] or errors.ate > MOVED[1])

"""Beside training: matched features as a second way to the cameras, and the audit of each way.

A follower like the others: it looks at snapshots and changes nothing. What it thinks is read by the
engine when it publishes; cameras that it trusts more than those shown it asks the engine to take.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from core.bootstrap.findings import Way
from core.engine.commands import Adopt
from core.engine.governor import Governor
from core.engine.run_folder.opening import enlarged
from core.engine.searching.asked import Asked
from core.engine.searching.audits import DIRECT, RESEEDED, RIVAL, Audits
from core.engine.searching.seeking import Seeker
from core.engine.snapshot import Snapshot
from core.engine.snapshot.follower import Follower
from core.errors import InputError
from core.photos import PhotoSet, is_video
from core.runs import judged
from core.search.direct import process as direct
from core.search.features import process as features
from core.search.features.graph import PhotoFact
from core.search.features.photo_facts import facts_of_some
from core.search.judging.witnesses import (
    Opinion,
    Witness,
    before_cameras,
    beside,
    complete,
    open_focal,
    opinion,
    preferred,
)
from core.training.build import held_out

LONG_SIDE = 1008  # pixels of photos whose features are matched: more than are trained on
MIRRORED = "mirrored"  # the mirror image of the cameras that are shown
MISSING = "pycolmap is not installed here, so cameras are looked for from pixels alone."
WAITS = "Better cameras were found while paused: Play takes them, or the verdict does at once."
NOTHING = "Matched features have placed no camera; cameras are those found from pixels alone."


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
        self.declined: frozenset[str] = frozenset()  # witnesses that a person has sent away
        self._governor, self._ask = governor, ask
        self._forget(None, ())

    def _forget(self, photos: PhotoSet | None, trained: tuple[int, ...]) -> None:
        self._photos, self._trained = photos, trained
        self._facts: tuple[PhotoFact, ...] | None = None  # None while no pairs are known
        self._audits = Audits(self._governor, photos, trained)
        self._person = Asked()
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

    def witness(self, name: str, shown: Way) -> Witness:
        """Cameras to be taken: those of a witness, or the mirror image of those that are shown.

        Any thread may ask.

        Raises:
            InputError: there are none.
        """
        others = self._audits.others(shown)
        found = others.get(name) or self._audits.found(shown if name == MIRRORED else name)
        if found is None and name == MIRRORED:
            raise InputError("The cameras have not been checked yet; wait before you flip them.")
        if found is None:
            raise InputError(f"No cameras were found from {name} yet; wait for them.")
        if name == MIRRORED:
            found = found.flipped
        if name in (MIRRORED, RESEEDED, RIVAL):  # what was told of these is told of what is shown
            self._audits.witnesses[found.way] = found
        return found

    def reseed(self, photos: tuple[str, ...]) -> None:
        """Have the cameras of photos looked for anew beside the others. Any thread may ask."""
        self._person.reseed(photos)

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
            self._forget(snapshot.photos, trained)
            self._matching = Seeker("features", snapshot.photos, trained)
            self._sweeping = Seeker("depths", snapshot.photos, trained)
        policy = snapshot.config.cameras.search
        if policy != "pixels":
            self._match(snapshot)
        if policy != "features":
            self._sweep(snapshot)
        if self._facts is None and (found := self._matching.found) is not None:
            self._facts = facts_of_some(snapshot.photos, trained, found.pairs)
        self._person.look(snapshot, self._audits)
        self._audits.examine(snapshot, self._matching, self._sweeping)
        self.EVERY = 0.0 if self._audits.checking else Search.EVERY  # a check goes on at once
        self._decide(snapshot, policy)

    def close(self) -> None:
        """End what looks for cameras."""
        if self._photos is not None:
            self._matching.end()
            self._sweeping.end()
        self._governor.lent = 0

    # -- what processes look for ---------------------------------------------------------------

    @property
    def _looked_at(self) -> PhotoSet:
        assert self._photos is not None, "nothing is looked for before there are photos"
        return self._photos

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
        large = enlarged(snapshot.config, snapshot.run, self._looked_at, LONG_SIDE)
        pictures = [large.picture(number) for number in self._trained]
        clip = is_video(Path(snapshot.config.data.photos))
        return features.start(pictures, clip=clip, seed=snapshot.config.training.seed)

    def _sweep(self, snapshot: Snapshot) -> None:
        """Look for cameras by depths where planes' are not trusted, or as a second opinion."""
        way = snapshot.found_by
        wanted = self._planes_failed(snapshot) or self._unconfirmed(snapshot)
        if not self._sweeping.running and not wanted:
            return
        if self._sweeping.look(snapshot.run, lambda: self._swept(snapshot)):
            if self._sweeping.failure:
                self._say(self._sweeping.failure)
        elif way == "given" or (way == "pixels" and complete(self.opinion)):
            self._sweeping.end()

    def _unconfirmed(self, snapshot: Snapshot) -> bool:
        """Whether features' cameras are shown, pixels have not spoken, and there is time to ask.

        It is worth training's time where support leaves a question; else when training is over.
        """
        reasons = {reason.key for reason in self.opinion.reasons}
        if snapshot.found_by != "features" or reasons & {"second-agrees", "second-differs"}:
            return False
        if not direct.FEWEST <= len(self._trained) <= direct.MOST:
            return False
        return "unsure" in reasons or (self.opinion.word == "trusted" and snapshot.outlook.sharp)

    def _swept(self, snapshot: Snapshot) -> features.Matching:
        pictures = [self._looked_at.picture(number) for number in self._trained]
        return direct.start(pictures, snapshot.config.training.seed)

    def _planes_failed(self, snapshot: Snapshot) -> bool:
        """Whether cameras from pixels are shown, were looked for, and are not to be trusted."""
        config = snapshot.config
        if snapshot.found_by != "pixels" or not config.training.bootstrap:
            return False
        if not direct.FEWEST <= len(self._trained) <= direct.MOST:
            return False
        waits = config.cameras.search == "auto" and self._awaits_features
        return self._doubted and not waits

    @property
    def _doubted(self) -> bool:
        """Whether the cameras of planes are known not to be trusted."""
        if self._audits.witnesses.get("pixels") is not None:
            return self.opinion.word in ("doubtful", "wrong")
        return self._audits.planes_doubted

    def _lent_to_depths(self, policy: str, way: str) -> int:
        """Cores for that search: all that it uses where what training has learned is doubted."""
        if policy == "features" or not self._sweeping.running:
            return 0
        return direct.THREADS if way == "pixels" and self._doubted else 1

    @property
    def _awaits_features(self) -> bool:
        """Whether features may still place cameras, or those that they have are not checked yet."""
        checking = self._audits.checking == "features"
        grown = self._audits.new_features(self._matching) is not None
        return not self._matching.settled or checking or grown

    # -- what follows ----------------------------------------------------------------------------

    def _decide(self, snapshot: Snapshot, policy: str) -> None:
        way, names = snapshot.found_by, snapshot.names
        shown, others = self._audits.witnesses.get(way), self._audits.others(way)
        facts = self._facts or ()
        unjudged = replace(before_cameras(facts), others=beside(None, others, names))
        fresh = opinion(shown, others, names, facts, self._trained) if shown else unjudged
        lens = open_focal(snapshot.findings.focal_interval) if shown and way == "pixels" else ()
        fresh = replace(fresh, reasons=(*fresh.reasons, *lens), doing=self._doing())
        fresh = replace(fresh, checking=bool(self._audits.checking))
        if fresh != self.opinion:
            judged.keep(snapshot.run, fresh, self.opinion, names, snapshot.seconds)
            self.opinion = fresh
        matching = policy != "pixels" and self._matching.running
        lent = int(matching) + self._lent_to_depths(policy, way)
        self._governor.lent = 0 if complete(fresh) else lent
        self._propose(snapshot, policy, shown, others.get("features"))
        self._propose_depths(snapshot, policy, shown)
        if self._person.better(shown, self._audits, names):
            self._ask(Adopt(RESEEDED))
        new = self._audits.new_features(self._matching) if policy != "pixels" else None
        unheard = new is not None or self._asked_at == snapshot.version
        begins = policy != "pixels" and not self._matching.settled
        deeper = self._audits.new_depths(self._sweeping) is not None
        waits = policy != "features" and (self._sweeping.running or deeper)
        self._expecting = begins or unheard or (waits and not complete(fresh))

    def _propose(
        self, snapshot: Snapshot, policy: str, shown: Witness | None, other: Witness | None
    ) -> None:
        """Ask for the cameras of features, once, where they are to be taken."""
        if other is None or "features" in self._asked | self.declined:
            return
        way, names = snapshot.found_by, snapshot.names
        trusted = opinion(other, {}, names, wanted=self._trained).word == "trusted"
        better = preferred(shown, other, names) is other if shown is not None else trusted
        wanted = policy == "auto" and way == "pixels" and better
        if policy == "features" or (wanted and self._goes_on(snapshot)):
            self._asked, self._asked_at = {*self._asked, "features"}, snapshot.version
            self._ask(Adopt("features"))

    def _propose_depths(self, snapshot: Snapshot, policy: str, shown: Witness | None) -> None:
        """Ask for cameras found by depths, each once, where they are better than the planes'."""
        found = self._audits.witnesses.get(DIRECT)
        if policy == "features" or snapshot.found_by != "pixels" or shown is None:
            return
        if found is None or found is self._given or DIRECT in self.declined:
            return
        if preferred(shown, found, snapshot.names) is found and self._goes_on(snapshot):
            self._audits.witnesses["pixels"] = self._given = found
            self._asked_at = snapshot.version
            self._ask(Adopt(DIRECT))

    def _goes_on(self, snapshot: Snapshot) -> bool:
        """Whether training goes on: paused, a scene that begins anew would be an empty one."""
        if not snapshot.playing:
            self._say(WAITS)
        return snapshot.playing

    def _doing(self) -> str:
        if self._audits.checking:
            return self._audits.doing
        if self._person.doing:
            return self._person.doing
        if self._matching.running:
            return f"matching features, {self._matching.progress}"
        if self._sweeping.running:
            return f"looking for cameras by depths, {self._sweeping.progress}"
        return ""

"""Several ways to the cameras side by side: whose are shown, and what is thought of them.

A witness is one way's cameras with what an audit says of them. The judge compares what both can be
asked: how much of each photo the other photos' depths confirm, and whether two ways that know
nothing of each other lead to the same cameras.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from core.bootstrap.findings import Way
from core.errors import InputError
from core.evaluation.cameras import CameraErrors, compare_cameras
from core.geometry.cameras import Camera
from core.search.features.graph import PhotoFact
from core.search.judging.audit import Figures
from core.search.judging.photo_reasons import by_photos, in_doubt
from core.search.judging.verdict import (
    GUESSED_RELIEF,
    RELIEF,
    Reason,
    Second,
    Verdict,
    Word,
    alike,
    distance,
    verdict,
)

FOUND_BY: dict[Way, str] = {
    "pixels": "from pixels alone",
    "features": "from matched features, refined from pixels",
    "given": "given",
}
WHOSE: dict[str, str] = {  # how a sentence about another way begins
    "pixels": "Pixels alone",
    "features": "Matched features",
    "given": "The cameras that were given",
    "rival": "The cameras of another program",
}
INDEPENDENT = {"pixels", "features"}  # ways that know nothing of each other
RANK: tuple[Word, ...] = ("wrong", "unknown yet", "doubtful", "trusted")
CLEARLY = 0.05  # more support with which one of two doubtful witnesses is preferred
MISSED = 0.1  # share of the photos that may go without a camera, or one photo, for trust in all
OPEN_FOCAL = 1.3  # between the ends of the likely ones: from there on photos tell little of it
SAID_BETTER = {"two photos": "few", "turned": "turned", "flat": "flat"}  # than by an audit's reason


@dataclass(frozen=True, eq=False)
class Witness:
    """One way's cameras, in a world of their own.

    Attributes:
        way: how they were found.
        cameras: by the number of the photo, rising.
        points: (P, 3) of the scene, perhaps none.
        figures: of their audit, in the order of `cameras`.
        mirror: the mirrored cameras, by the same numbers; none where they were not asked.
    """

    way: Way
    cameras: Mapping[int, Camera]
    points: np.ndarray
    figures: Figures
    mirror: Mapping[int, Camera] = field(default_factory=dict)

    @property
    def flipped(self) -> "Witness":
        """The mirrored cameras, of which the audit has told as well.

        Raises:
            InputError: they were not asked, so much agrees without.
        """
        if not self.mirror:
            raise InputError("Nothing speaks for the mirrored scene; there is nothing to flip.")
        figures = Figures(self.figures.mirror, mirror=self.figures.photos)
        return Witness(self.way, self.mirror, np.zeros((0, 3)), figures, self.cameras)


@dataclass(frozen=True)
class Other:
    """Cameras that could be taken instead of those that are shown.

    Attributes:
        name: of the witness: a way, or "rival" for another program's.
        word: what is thought of them by themselves.
        sentence: that, and how far they are from those that are shown.
    """

    name: str
    word: Word
    sentence: str


@dataclass(frozen=True)
class Opinion:
    """What is known of the cameras that are shown; never changes.

    Attributes:
        way: how they were found; None before there are any.
        word: what is thought of them.
        reasons: why; their photos are numbers of photos.
        cameras: the word for each photo with a camera, by its number.
        others: what could be taken instead, the best first.
        doing: what is being found out, in words; empty where nothing is.
        checking: whether cameras are being checked, so that more will be known soon.
        facts: what photos alone tell, the gravest first; their photos are numbers of photos.
    """

    way: Way | None = None
    word: Word = "unknown yet"
    reasons: tuple[Reason, ...] = ()
    cameras: Mapping[int, Word] = field(default_factory=dict)
    others: tuple[Other, ...] = ()
    doing: str = ""
    checking: bool = False
    facts: tuple[PhotoFact, ...] = ()


def before_cameras(facts: Sequence[PhotoFact]) -> Opinion:
    """What is to be thought while no cameras have been checked: only what photos tell."""
    return Opinion(reasons=tuple(by_photos(facts)), facts=tuple(facts))


def opinion(
    shown: Witness,
    others: Mapping[str, Witness],
    names: Sequence[str],
    facts: Sequence[PhotoFact] = (),
    wanted: Collection[int] | None = None,
) -> Opinion:
    """What is to be thought of a witness, with others beside.

    Of photos that have nothing in common, or hold no parallax because the camera only turned or
    one was repeated, an audit may confirm anything: their cameras are doubtful at best.

    Args:
        shown: whose cameras are shown.
        others: by their names, the best first.
        names: of all photos.
        facts: what photos alone tell.
        wanted: numbers of the photos whose cameras are looked for, not kept aside; None is all.
    """
    found = _judged(shown, names, _second(shown, others, names))
    numbers = list(shown.cameras)
    better = {SAID_BETTER.get(fact.kind) for fact in facts}
    reasons = [
        replace(r, photos=tuple(numbers[row] for row in r.photos))
        for r in found.reasons
        if r.key not in better
    ]
    word, cameras = found.word, dict(zip(numbers, found.cameras, strict=True))
    for fact in facts:
        whom = in_doubt(fact, len(names)) & cameras.keys()
        cameras |= {number: at_most(cameras[number], "doubtful") for number in whom}
        word = at_most(word, "doubtful") if whom else word
    grave = [fact for fact in facts if in_doubt(fact, len(names))]
    lesser = [fact for fact in facts if fact not in grave and fact.kind != "repeated"]  # a photo
    reasons = [*by_photos(grave), *reasons, *by_photos(lesser)]
    sought = range(len(names)) if wanted is None else wanted
    missing = [number for number in sought if number not in shown.cameras]
    if missing:
        reasons.append(_not_placed(missing, names, len(sought)))
        if len(missing) > max(1, MISSED * len(sought)):
            word = at_most(word, "doubtful")
    return Opinion(
        way=shown.way,
        word=word,
        reasons=tuple(reasons),
        cameras=cameras,
        others=beside(shown, others, names),
        facts=tuple(facts),
    )


def open_focal(likely: tuple[float, float] | None) -> tuple[Reason, ...]:
    """What is said where pixels leave the focal length open; it makes nobody doubtful.

    Args: `likely` focal lengths over the longer side, from and to; None where nobody has asked.
    """
    if likely is None or likely[1] < OPEN_FOCAL * likely[0]:
        return ()
    low, high = likely
    sentence = (
        f"The photos leave the focal length open, from {low:.2f} to {high:.2f} of the longer side: "
        "hold it where it is, or add photos from aside."
    )
    return (Reason("open-focal", sentence, {"from": low, "to": high}, (), "freeze-focal"),)


def complete(found: Opinion) -> bool:
    """Whether cameras are trusted, and those found from pixels leave no photo out: others join as
    the search goes on."""
    missing = "not-placed" in [reason.key for reason in found.reasons]
    return found.word == "trusted" and not (found.way == "pixels" and missing)


def at_most(word: Word, limit: Word) -> Word:
    """The word, or the limit where it is the worse one."""
    return min(word, limit, key=RANK.index)


def preferred(shown: Witness, other: Witness, names: Sequence[str]) -> Witness:
    """Whose cameras are to be shown; those that are shown already, unless others are better, or as
    good and have a camera for more photos."""
    second = apart(shown.cameras, other.cameras)
    mine, theirs = (_rank(one, names) for one in (shown, other))
    more = len(other.cameras) > len(shown.cameras)
    if second is not None and alike(second) and mine >= theirs:
        return other if more and mine == theirs else shown
    if theirs != mine:
        return other if theirs > mine else shown
    gain = other.figures.mean("support") - shown.figures.mean("support")
    least = -CLEARLY if more else CLEARLY
    return other if gain > least and len(other.cameras) >= len(shown.cameras) else shown


def apart(one: Mapping[int, Camera], other: Mapping[int, Camera]) -> CameraErrors | None:
    """How far cameras are from others of the same photos; None where they share too few to tell."""
    mine, theirs = ({str(n): camera for n, camera in some.items()} for some in (one, other))
    try:
        return compare_cameras(mine, theirs)
    except InputError:  # fewer than three photos in common, or all cameras in one place
        return None


def beside(
    shown: Witness | None, others: Mapping[str, Witness], names: Sequence[str]
) -> tuple[Other, ...]:
    """Others as they are told of, and how far they are from what is shown where that is checked."""
    found = []
    for name, other in others.items():
        own = _judged(other, names)
        errors = None if shown is None else apart(shown.cameras, other.cameras)
        sentence = f"{WHOSE[name]} are {own.word}"
        if errors is not None:
            sentence += f", {distance(errors)} from those shown"
        found.append(Other(name, own.word, f"{sentence}."))
    return tuple(found)


def _second(shown: Witness, others: Mapping[str, Witness], names: Sequence[str]) -> Second | None:
    """The other way that is heard: one that knows nothing of this one, else one that is trusted.

    A way that is doubted for want of support counts where it agrees, for chance does not lead two
    ways to the same cameras; it contradicts nobody.
    """
    found = []
    for name, other in others.items():
        errors = apart(shown.cameras, other.cameras)
        if errors is None:
            continue
        against = _against(other, names)
        counts = {shown.way, other.way} == INDEPENDENT and against <= {"unsure"}
        one = Second(errors, WHOSE[name], counts)
        if not against or (counts and one.agrees):
            found.append(one)
    return max(found, key=lambda one: one.counts, default=None)


def _judged(one: Witness, names: Sequence[str], second: Second | None = None) -> Verdict:
    """Matched features tell how deep a scene is; pixels alone may be content with less."""
    own = [names[number] for number in one.cameras]
    relief = GUESSED_RELIEF if one.way == "pixels" else RELIEF
    return verdict(one.figures, own, second, relief)


def _rank(witness: Witness, names: Sequence[str]) -> int:
    return RANK.index(_judged(witness, names).word)


def _against(witness: Witness, names: Sequence[str]) -> set[str]:
    """What speaks against a witness: reasons that ask for a remedy."""
    return {reason.key for reason in _judged(witness, names).reasons if reason.remedy}


def _not_placed(missing: Sequence[int], names: Sequence[str], sought: int) -> Reason:
    shown = ", ".join(names[number] for number in missing[:5]) + (", ..." if missing[5:] else "")
    sentence = (
        f"{len(missing)} of {sought} photos are not placed: {shown}; they show nothing that "
        "the others show, or are blurred: add photos between, or leave them out."
    )
    figures = {"photos": float(len(missing))}
    return Reason("not-placed", sentence, figures, tuple(missing), "drop-photo")

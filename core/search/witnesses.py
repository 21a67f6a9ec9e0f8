"""Several ways to the cameras side by side: whose are shown, and what is thought of them.

A witness is one way's cameras with what an audit says of them. The judge compares what both can be
asked: how much of each photo the other photos' depths confirm, and whether two ways that know
nothing of each other lead to the same cameras.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from core.errors import InputError
from core.evaluation.cameras import CameraErrors, compare_cameras
from core.geometry.cameras import Camera
from core.search.audit import Figures
from core.search.graph import PhotoFact
from core.search.verdict import GUESSED_RELIEF, RELIEF, Reason, Remedy, Verdict, Word, verdict

Way = Literal["pixels", "features", "given"]

FOUND_BY: dict[Way, str] = {
    "pixels": "from pixels alone",
    "features": "from matched features, refined from pixels",
    "given": "given",
}
RANK: tuple[Word, ...] = ("wrong", "unknown yet", "doubtful", "trusted")
CLEARLY = 0.05  # more support with which one of two doubtful witnesses is preferred
FEW = 0.7  # share of the photos below which cameras of the others are missed
PREFIX = "photos-"  # of the keys of reasons that photos alone give
BY_PHOTOS: dict[str, Remedy] = {  # facts about photos that are reasons, and what helps
    "two photos": "more-photos",
    "apart": "more-photos",
    "repeated": "move-sideways",
    "turned": "move-sideways",
    "flat": "depth",
    "mirrored": "drop-photo",
    "panorama": "drop-photo",
    "stranger": "drop-photo",
    "upside down": "drop-photo",
}
NONE_RIGHT = ("two photos", "apart", "repeated", "turned")  # no cameras of these can be told right
OWN_WRONG = ("mirrored", "panorama")  # and not that of such a photo
SAID_BETTER = {"two photos": "few", "turned": "turned", "flat": "flat"}  # than by an audit's reason


@dataclass(frozen=True, eq=False)
class Witness:
    """One way's cameras, in a world of their own.

    Attributes:
        way: how they were found.
        cameras: by the number of the photo, rising.
        points: (P, 3) of the scene, perhaps none.
        figures: of their audit, in the order of `cameras`.
    """

    way: Way
    cameras: Mapping[int, Camera]
    points: np.ndarray
    figures: Figures


@dataclass(frozen=True)
class Opinion:
    """What is known of the cameras that are shown; never changes.

    Attributes:
        way: how they were found; None before there are any.
        word: what is thought of them.
        reasons: why; their photos are numbers of photos.
        cameras: the word for each photo with a camera, by its number.
        others: ways whose cameras could be taken instead.
        doing: what is being found out, in words; empty where nothing is.
        checking: whether cameras are being checked, so that more will be known soon.
        facts: what photos alone tell, the gravest first; their photos are numbers of photos.
    """

    way: Way | None = None
    word: Word = "unknown yet"
    reasons: tuple[Reason, ...] = ()
    cameras: Mapping[int, Word] = field(default_factory=dict)
    others: tuple[Way, ...] = ()
    doing: str = ""
    checking: bool = False
    facts: tuple[PhotoFact, ...] = ()


def before_cameras(facts: Sequence[PhotoFact]) -> Opinion:
    """What is to be thought while no cameras have been checked: only what photos tell."""
    return Opinion(reasons=tuple(_by_photos(facts)), facts=tuple(facts))


def opinion(
    shown: Witness, other: Witness | None, names: Sequence[str], facts: Sequence[PhotoFact] = ()
) -> Opinion:
    """What is to be thought of a witness, with another beside.

    Of photos that have nothing in common, or hold no parallax because the camera only turned or
    one was repeated, an audit may confirm anything: their cameras are doubtful at best.

    Args:
        shown: whose cameras are shown.
        other: the best of the others.
        names: of all photos.
        facts: what photos alone tell.
    """
    found = _verdict(shown, other, names)
    numbers = list(shown.cameras)
    told = {SAID_BETTER.get(fact.kind) for fact in facts}
    reasons = [
        replace(r, photos=tuple(numbers[row] for row in r.photos))
        for r in found.reasons
        if r.key not in told
    ]
    word, cameras = found.word, dict(zip(numbers, found.cameras, strict=True))
    for fact in facts:
        whom = _in_doubt(fact, len(names)) & cameras.keys()
        cameras |= {number: at_most(cameras[number], "doubtful") for number in whom}
        word = at_most(word, "doubtful") if whom else word
    grave = [fact for fact in facts if _in_doubt(fact, len(names))]
    lesser = [fact for fact in facts if fact not in grave and fact.kind != "repeated"]  # a photo
    reasons = [*_by_photos(grave), *reasons, *_by_photos(lesser)]
    missing = [number for number in range(len(names)) if number not in shown.cameras]
    if missing:
        reasons.append(_not_placed(missing, names))
        if len(numbers) < FEW * len(names) and word == "trusted":
            word = "doubtful"
    return Opinion(
        way=shown.way,
        word=word,
        reasons=tuple(reasons),
        cameras=cameras,
        others=() if other is None else (other.way,),
        facts=tuple(facts),
    )


def at_most(word: Word, limit: Word) -> Word:
    """The word, or the limit where it is the worse one."""
    return min(word, limit, key=RANK.index)


def _in_doubt(fact: PhotoFact, count: int) -> set[int]:
    """Photos, of so many, whose cameras cannot be told right; none for most facts.

    Those alike may be some of many, whose others tell enough.
    """
    if fact.kind in NONE_RIGHT and 2 * len(fact.photos) > count:
        return set(range(count))
    return set(fact.photos) if fact.kind in OWN_WRONG else set()


def _by_photos(facts: Sequence[PhotoFact]) -> list[Reason]:
    """Facts as reasons. Blur, light and the like concern a picture, and are told at it alone."""
    return [
        Reason(
            PREFIX + fact.kind.replace(" ", "-"),
            f"{fact.sentence} {fact.remedy}",
            {},
            fact.photos,
            BY_PHOTOS[fact.kind],
        )
        for fact in facts
        if fact.kind in BY_PHOTOS
    ]


def preferred(shown: Witness, other: Witness, names: Sequence[str]) -> Witness:
    """Whose cameras are to be shown; those that are shown already, unless others are better."""
    second = apart(shown.cameras, other.cameras)
    mine, theirs = (_rank(one, names) for one in (shown, other))
    if second is not None and _agree(second, shown, names) and mine >= theirs:
        return shown
    if theirs != mine:
        return other if theirs > mine else shown
    gain = other.figures.mean("support") - shown.figures.mean("support")
    return other if gain > CLEARLY and len(other.cameras) >= len(shown.cameras) else shown


def apart(one: Mapping[int, Camera], other: Mapping[int, Camera]) -> CameraErrors | None:
    """How far cameras are from others of the same photos; None where they share too few to tell."""
    mine, theirs = ({str(n): camera for n, camera in some.items()} for some in (one, other))
    try:
        return compare_cameras(mine, theirs)
    except InputError:  # fewer than three photos in common, or all cameras in one place
        return None


def _verdict(shown: Witness, other: Witness | None, names: Sequence[str]) -> Verdict:
    """That of the audit; another witness counts if it is trusted by itself."""
    second = None
    if other is not None and _rank(other, names) == RANK.index("trusted"):
        second = apart(shown.cameras, other.cameras)
    return _judged(shown, names, second)


def _judged(one: Witness, names: Sequence[str], second: CameraErrors | None = None) -> Verdict:
    """Matched features tell how deep a scene is; pixels alone may be content with less."""
    own = [names[number] for number in one.cameras]
    relief = GUESSED_RELIEF if one.way == "pixels" else RELIEF
    return verdict(one.figures, own, second, relief)


def _rank(witness: Witness, names: Sequence[str]) -> int:
    return RANK.index(_judged(witness, names).word)


def _agree(second: CameraErrors, shown: Witness, names: Sequence[str]) -> bool:
    said = _judged(shown, names, second).reasons
    return any(reason.key == "second-agrees" for reason in said)


def _not_placed(missing: Sequence[int], names: Sequence[str]) -> Reason:
    shown = ", ".join(names[number] for number in missing[:5]) + (", ..." if missing[5:] else "")
    sentence = (
        f"{len(missing)} of {len(names)} photos are not placed: {shown}; they show nothing that "
        "the others show, or are blurred."
    )
    return Reason("not-placed", sentence, {"photos": float(len(missing))}, tuple(missing))

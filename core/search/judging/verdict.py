"""Whether cameras are to be trusted: a word, for all and for each, with reasons and remedies.

It is said by rules about the figures of an audit; `docs/verdict.md` says on which photos their
numbers were found and how they did on others. Nothing here looks at photos.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean, median
from typing import Literal

from core.evaluation.cameras import CameraErrors
from core.search.judging.audit import Figures, mean_of
from core.search.judging.figures import PhotoFigures

Word = Literal["trusted", "doubtful", "wrong", "unknown yet"]
Remedy = Literal[
    "",
    "wait",
    "more-photos",
    "move-sideways",
    "depth",
    "flip",
    "drop-photo",
    "other-witness",
    "search",
    "own-focal",
    "freeze-focal",
]

TRUSTED, WRONG = 0.38, 0.2  # share of agreement from which cameras are trusted, below not at all
OWN_TRUSTED, OWN_WRONG = 0.2, 0.15  # the same of one photo
ODD = 0.4  # of the median of all photos: below this share of it one is told by name
LEAST_SEEN = 0.5  # share of a photo that others see, below which its own support is not forgiven
WORTH_TELLING = 0.15  # support with which a mirror image is worth a word
MIRROR = 0.9  # part of the support that the mirror image may have
RELIEF = 1.0  # and cameras that turn more or less around the scene,
GUESSED_RELIEF = 0.95  # less where nothing but pixels has told how deep the scene is
NO_GAIN = 0.01  # of cost: with less, depths explain nothing
NO_ANGLE = 0.5  # degrees between rays
NO_RELIEF = 0.008  # of cost: with less, a plane explains as much as depths
SAME = (0.5, 0.02)  # degrees and part of the spread within which two witnesses agree
OTHER = (2.0, 0.1)  # and beyond which they contradict each other
AS_BOTH = ", as right and wrong cameras both can have it; search on, or look closely."
ENOUGH = 4  # photos in common, at least, for two ways to agree by more than chance


@dataclass(frozen=True)
class Reason:
    """One finding.

    Attributes:
        key: its name, for programs.
        sentence: for people, with its remedy.
        figures: the numbers behind it, by name.
        photos: numbers of the photos concerned; empty is all.
        remedy: what helps, for a button or a flag; empty where nothing is needed.
    """

    key: str
    sentence: str
    figures: Mapping[str, float]
    photos: tuple[int, ...] = ()
    remedy: Remedy = ""


@dataclass(frozen=True)
class Verdict:
    """A word for all cameras and for each, and why."""

    word: Word
    reasons: tuple[Reason, ...]
    cameras: tuple[Word, ...]


@dataclass(frozen=True)
class Second:
    """How far cameras are from those of another way.

    Attributes:
        errors: between the two.
        whose: that way, as a sentence begins with it.
        counts: whether agreement is evidence: neither way has learned from the other, and nothing
            but too little support speaks against the other.
    """

    errors: CameraErrors
    whose: str
    counts: bool

    @property
    def agrees(self) -> bool:
        """Whether both lead to the same cameras."""
        return alike(self.errors)


def alike(errors: CameraErrors) -> bool:
    """Whether two ways lead to the same cameras."""
    return errors.rotation_best <= SAME[0] and errors.ate <= SAME[1]


def distance(errors: CameraErrors) -> str:
    """How far two ways are from one another, in words."""
    return f"{errors.rotation_best:.2g} degrees and {errors.ate:.1%} of their spread"


Found = Iterator[tuple[Word, Reason]]  # with the word for whom it concerns


def verdict(
    figures: Figures | None,
    names: Sequence[str],
    second: Second | None = None,
    most_relief: float = RELIEF,
) -> Verdict:
    """What is to be thought of cameras.

    A finding about all photos lowers the word for all and for each. A finding about some lowers
    the word for these, and the whole is doubtful, for it holds something that is not right. Where
    nothing but support is missing, another way that leads to the same cameras stands in for it.

    Args:
        figures: of their audit; None while there are none.
        names: of the photos, for people.
        second: cameras that were found in another way.
        most_relief: part of the support that cameras may have which turn more or less.
    """
    if figures is None:
        sentence = "The cameras have not been checked yet; wait for their audit."
        return Verdict("unknown yet", (Reason("waiting", sentence, {}, (), "wait"),), ())
    found = [finding for rule in RULES for finding in rule(figures)]
    found += [*_relief(figures, most_relief), *_odd(figures, names)]
    if second is not None:
        if _stands_in(second, found):
            found = [("trusted", _made_up(r) if r.key == "unsure" else r) for _, r in found]
        found += _second(second)
    word: Word = "trusted"
    cameras: list[Word] = ["trusted"] * len(figures.photos)
    for said, reason in found:
        word = _worse(word, "doubtful" if reason.photos and said == "wrong" else said)
        for index in reason.photos or range(len(cameras)):
            cameras[index] = _worse(cameras[index], said)
    return Verdict(word, tuple(reason for _, reason in found), tuple(cameras))


def _worse(first: Word, second: Word) -> Word:
    order: tuple[Word, ...] = ("trusted", "doubtful", "wrong")
    return max(first, second, key=order.index)


def _agreed(one: PhotoFigures) -> float:
    """Share of what others could confirm of a photo that they do."""
    return one.support / max(one.seen, LEAST_SEEN)


def _agreement(figures: Figures) -> Found:
    """How much of the photos the depths of at least two others confirm."""
    agreed = mean(_agreed(one) for one in figures.photos)
    numbers = {name: figures.mean(name) for name in ("support", "seen", "through")}
    share = f"{agreed:.0%} of what several photos show has the same depth in them"
    if agreed < WRONG:
        sentence = f"Only {share}: the cameras do not fit together; find them in another way."
        yield "wrong", Reason("disagree", sentence, numbers, (), "other-witness")
    elif agreed < TRUSTED:
        sentence = share + AS_BOTH
        yield "doubtful", Reason("unsure", sentence, numbers, (), "search")
    else:
        yield "trusted", Reason("agree", f"{share}.", numbers)


def _odd(figures: Figures, names: Sequence[str]) -> Found:
    """Single photos that fit to the others less than these do to one another."""
    parts = [_agreed(one) for one in figures.photos]
    usual = median(parts)
    if usual < WRONG:
        return  # nothing that a photo could fit to
    for index, part in enumerate(parts):
        if part >= max(OWN_TRUSTED, ODD * usual):
            continue
        word: Word = "wrong" if part < OWN_WRONG else "doubtful"
        sentence = (
            f"Others confirm {part:.0%} of what they see of {names[index]}, and of most photos "
            f"{usual:.0%}; leave it out, or let its camera be found anew."
        )
        one = figures.photos[index]
        numbers = {"support": one.support, "seen": one.seen, "usual": usual}
        yield word, Reason("odd-photo", sentence, numbers, (index,), "drop-photo")


def _mirrored(figures: Figures) -> Found:
    """Whether the mirrored scene is explained as well, or better."""
    if not figures.mirror:
        return
    own, mirror = (mean_of(which, "support") for which in (figures.comparable, figures.mirror))
    numbers = {"support": own, "twin": mirror}
    if mirror < MIRROR * own or mirror < WORTH_TELLING:
        return
    shares = f"confirms {mirror:.0%} of what the photos show, these cameras {own:.0%}"
    if mirror > own / MIRROR:
        sentence = f"The mirrored scene {shares}; flip it."
        yield "wrong", Reason("mirrored", sentence, numbers, (), "flip")
    else:
        sentence = (
            f"The mirrored scene {shares}: either may be the real one; add photos from aside."
        )
        yield "doubtful", Reason("ambiguous", sentence, numbers, (), "flip")


def _relief(figures: Figures, most: float) -> Found:
    """Whether more or less of a turn around the scene is explained as well, or better.

    It is where more agrees and depths gain as much: either alone happens to right cameras.
    """
    own, gain = (mean_of(figures.comparable, name) for name in ("support", "gain"))
    for word, alternative in (("more", figures.turned), ("less", figures.held)):
        if not alternative or mean_of(alternative, "gain") < most * gain:
            continue
        if (other := mean_of(alternative, "support")) < most * own:
            continue
        sentence = (
            f"Cameras that turn {word} around the scene confirm {other:.0%} of what the photos "
            f"show, these {own:.0%}: how deep the scene is stays open; add photos from aside."
        )
        yield (
            "doubtful",
            Reason("relief", sentence, {"support": own, word: other}, (), "more-photos"),
        )


def _few(figures: Figures) -> Found:
    """Two photos, whose depths no third can confirm."""
    if len(figures.photos) < 3:
        sentence = "Two photos always agree with each other in part, and no third one can confirm; "
        yield "doubtful", Reason("few", sentence + "add photos.", {}, (), "more-photos")


def _turned(figures: Figures) -> Found:
    """A camera that has hardly moved."""
    gain = figures.mean("gain")
    angle = median(one.angle for one in figures.photos)
    if gain < NO_GAIN or angle < NO_ANGLE:
        sentence = (
            "Depth explains nothing that a flat or far away scene does not, as when a camera only "
            "turns; move sideways between photos."
        )
        yield (
            "doubtful",
            Reason("turned", sentence, {"gain": gain, "angle": angle}, (), "move-sideways"),
        )


def _flat(figures: Figures) -> Found:
    """A picture of a picture."""
    relief = figures.mean("relief")
    if relief < NO_RELIEF:
        sentence = (
            "All that is seen lies on one plane, on which wrong cameras can look right; add "
            "something that stands out of it."
        )
        yield "doubtful", Reason("flat", sentence, {"relief": relief}, (), "depth")


def _stands_in(second: Second, found: Sequence[tuple[Word, Reason]]) -> bool:
    """Whether another way makes up for support that leaves the question open.

    What is flat, mirrored or of open relief leads every way astray alike, so that there agreement
    tells nothing.
    """
    if not (second.counts and second.agrees and second.errors.frames >= ENOUGH):
        return False
    return {reason.key for word, reason in found if word != "trusted"} == {"unsure"}


def _made_up(unsure: Reason) -> Reason:
    sentence = unsure.sentence.removesuffix(AS_BOTH) + ", and a second way makes up for the rest."
    return replace(unsure, sentence=sentence, remedy="")


def _second(second: Second) -> Found:
    """Cameras found in another way, which agree or do not."""
    errors = second.errors
    numbers = {"rotation": errors.rotation_best, "ate": errors.ate}
    apart = distance(errors)
    if second.agrees and second.counts:
        sentence = f"{second.whose} lead to the same cameras, within {apart}."
        yield "trusted", Reason("second-agrees", sentence, numbers)
    elif errors.rotation_best > OTHER[0] or errors.ate > OTHER[1]:
        sentence = f"{second.whose} lead to cameras that differ by {apart}; compare both."
        yield "doubtful", Reason("second-differs", sentence, numbers, (), "other-witness")


RULES: tuple[Callable[[Figures], Found], ...] = (
    _agreement,
    _mirrored,
    _few,
    _turned,
    _flat,
)

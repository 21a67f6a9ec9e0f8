"""Words, reasons and remedies, from figures."""

from dataclasses import replace

import pytest

from core.evaluation.cameras import CameraErrors
from core.search.judging.audit import Figures
from core.search.judging.figures import PhotoFigures
from core.search.judging.verdict import Second, Verdict, verdict

GOOD = PhotoFigures(support=0.7, firm=0.7, seen=0.9, through=0.1, gain=0.2, relief=0.1, angle=12.0)
POOR = replace(GOOD, support=0.05, through=0.6)


def judged(*photos: PhotoFigures, mirror: tuple[PhotoFigures, ...] = ()) -> Verdict:
    return verdict(Figures(photos, mirror), [f"{index}.jpg" for index in range(len(photos))])


def second(rotation: float, ate: float, counts: bool = True) -> Second:
    errors = CameraErrors(5, ate, rotation, rotation, 0.01, False)
    return Second(errors, "Matched features", counts)


def keys(said: Verdict) -> list[str]:
    return [reason.key for reason in said.reasons]


def test_nothing_is_said_before_there_are_figures() -> None:
    assert verdict(None, []).word == "unknown yet"


def test_agreement_is_trusted() -> None:
    said = judged(*[GOOD] * 5)
    assert (said.word, keys(said)) == ("trusted", ["agree"])
    assert set(said.cameras) == {"trusted"}


def test_nothing_in_common_is_wrong() -> None:
    said = judged(*[POOR] * 5, mirror=(POOR,) * 5)
    assert (said.word, keys(said)) == ("wrong", ["disagree"])
    assert said.reasons[0].remedy == "other-witness"


def test_one_stranger_is_named_and_the_others_stay_trusted() -> None:
    said = judged(GOOD, GOOD, POOR, GOOD, GOOD)
    assert said.word == "doubtful"
    assert said.reasons[-1].photos == (2,)
    assert "2.jpg" in said.reasons[-1].sentence
    assert said.cameras == ("trusted", "trusted", "wrong", "trusted", "trusted")


def test_a_photo_of_which_others_see_little_is_not_blamed() -> None:
    edge = replace(GOOD, support=0.3, seen=0.35)
    assert judged(GOOD, GOOD, edge, GOOD).word == "trusted"


@pytest.mark.parametrize(
    ("own", "mirror", "word", "key"),
    [
        (0.4, 0.9, "wrong", "mirrored"),
        (0.5, 0.45, "doubtful", "ambiguous"),
        (0.5, 0.2, "trusted", None),
    ],
)
def test_a_mirrored_twin_that_fits_as_well_is_told(
    own: float, mirror: float, word: str, key: str | None
) -> None:
    said = judged(*[replace(GOOD, support=own)] * 5, mirror=(replace(GOOD, support=mirror),) * 5)
    assert said.word == word
    assert key is None or key in keys(said)
    if key:
        assert next(r for r in said.reasons if r.key == key).remedy == "flip"


@pytest.mark.parametrize(
    ("photo", "count", "key"),
    [
        (GOOD, 2, "few"),
        (replace(GOOD, gain=0.001), 5, "turned"),
        (replace(GOOD, angle=0.1), 5, "turned"),
        (replace(GOOD, relief=0.001), 5, "flat"),
    ],
)
def test_what_cannot_be_told_is_never_trusted(photo: PhotoFigures, count: int, key: str) -> None:
    said = judged(*[photo] * count)
    assert said.word == "doubtful"
    assert key in keys(said)
    assert set(said.cameras) == {"doubtful"}


def test_a_second_opinion_is_heard_but_makes_nothing_right() -> None:
    figures, names = Figures((GOOD,) * 4), list("abcd")
    agreed = verdict(figures, names, second(0.2, 0.005))
    assert agreed.word == "trusted" and "second-agrees" in keys(agreed)
    differs = verdict(figures, names, second(9.0, 0.3))
    assert differs.word == "doubtful" and "second-differs" in keys(differs)
    same_fault = verdict(Figures((POOR,) * 4), names, second(0.1, 0.001))
    assert same_fault.word == "wrong"


LITTLE = replace(GOOD, support=0.25)  # as right and wrong cameras both can have it


def test_two_ways_that_agree_make_up_for_support_and_for_nothing_else() -> None:
    names, few = list("abcde"), Figures((LITTLE,) * 5)
    assert verdict(few, names).word == "doubtful"
    stood_in = verdict(few, names, second(0.2, 0.005))
    assert stood_in.word == "trusted" and set(stood_in.cameras) == {"trusted"}
    assert not [reason for reason in stood_in.reasons if reason.remedy]
    for other in (second(0.9, 0.005), second(0.2, 0.04), second(0.2, 0.005, counts=False)):
        assert verdict(few, names, other).word == "doubtful"
    alike_astray = [
        Figures((replace(LITTLE, relief=0.001),) * 5),  # flat: every way may lead astray alike
        Figures((LITTLE,) * 5, mirror=(LITTLE,) * 5),
        Figures((LITTLE,) * 5, turned=(LITTLE,) * 5),
        Figures((LITTLE,) * 4 + (POOR,)),
    ]
    for figures in alike_astray:
        assert verdict(figures, names, second(0.1, 0.001)).word != "trusted"


def test_every_reason_is_a_sentence() -> None:
    states = [judged(*[POOR] * 2, mirror=(GOOD,) * 2), judged(GOOD, GOOD, POOR, GOOD)]
    for said in states:
        for reason in said.reasons:
            assert (
                reason.sentence.endswith(".") and reason.sentence[0] == reason.sentence[0].upper()
            )
            assert all(isinstance(value, float) for value in reason.figures.values())

"""Whose cameras are shown: two ways that agree, that contradict each other, that miss photos."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from core.geometry.cameras import Camera
from core.search.features.graph import PhotoFact
from core.search.judging.audit import Figures
from core.search.judging.figures import PhotoFigures
from core.search.judging.witnesses import (
    Opinion,
    Way,
    Witness,
    apart,
    before_cameras,
    complete,
    opinion,
    preferred,
)

NAMES = tuple(f"{number}.jpg" for number in range(6))


def arc(degrees: float, count: int = 6, wobble: float = 0.0) -> dict[int, Camera]:
    """Cameras on an arc that look at its centre; a wobble turns each about itself by degrees."""
    cameras = {}
    for number in range(count):
        angle = np.radians(degrees * (number / (count - 1) - 0.5))
        turn = np.array(
            [
                [np.cos(angle), 0, np.sin(angle)],
                [0, 1, 0],
                [-np.sin(angle), 0, np.cos(angle)],
            ]
        )
        own = np.radians(wobble * (-1) ** number)
        pitch = np.array([[1, 0, 0], [0, np.cos(own), -np.sin(own)], [0, np.sin(own), np.cos(own)]])
        pose = np.eye(4)
        pose[:3, :3] = turn @ pitch
        pose[:3, 3] = turn @ [0, 0.05 * (-1) ** number, -4.0]
        cameras[number] = Camera(pose, 100.0, 100.0, 50.0, 40.0, 100, 80)
    return cameras


def witness(way: Way, support: float, cameras: Mapping[int, Camera]) -> Witness:
    """One whose every photo is confirmed so far, of a scene with relief and parallax."""
    one = PhotoFigures(
        support=support, firm=support, seen=1.0, through=0.1, gain=0.2, relief=0.2, angle=8.0
    )
    figures = Figures(photos=(one,) * len(cameras))
    return Witness(way, cameras, np.zeros((0, 3)), figures)


def test_nothing_is_known_before_anything_was_checked() -> None:
    assert Opinion().word == "unknown yet" and Opinion().way is None


def test_right_cameras_take_the_place_of_wrong_ones_and_not_the_other_way_round() -> None:
    wrong, right = witness("pixels", 0.08, arc(30)), witness("features", 0.7, arc(60))
    assert preferred(wrong, right, NAMES) is right
    assert preferred(right, wrong, NAMES) is right
    assert opinion(right, {wrong.way: wrong}, NAMES).word == "trusted"
    assert opinion(wrong, {right.way: right}, NAMES).word == "wrong"


def test_two_ways_that_agree_stay_with_what_is_shown_and_say_so() -> None:
    shown, other = witness("pixels", 0.6, arc(30)), witness("features", 0.75, arc(30))
    assert preferred(shown, other, NAMES) is shown
    said = opinion(shown, {other.way: other}, NAMES)
    assert said.word == "trusted" and [one.name for one in said.others] == ["features"]
    assert said.others[0].word == "trusted" and "degrees" in said.others[0].sentence
    assert "second-agrees" in [reason.key for reason in said.reasons]


def test_cameras_that_agree_and_are_more_are_taken_and_looked_for_until_all_are_there() -> None:
    some = witness("pixels", 0.7, {n: c for n, c in arc(30).items() if n != 3})
    whole = witness("pixels", 0.6, arc(30))
    assert preferred(some, whole, NAMES) is whole
    assert preferred(whole, some, NAMES) is whole
    elsewhere = witness("pixels", 0.67, arc(30, wobble=1))
    assert preferred(some, elsewhere, NAMES) is elsewhere, "trusted as well, and of all"
    assert preferred(some, replace(elsewhere, figures=whole.figures), NAMES) is some
    assert complete(opinion(whole, {}, NAMES)) and not complete(opinion(some, {}, NAMES))
    assert complete(opinion(replace(some, way="features"), {}, NAMES))
    assert not complete(opinion(witness("pixels", 0.08, arc(30)), {}, NAMES))


def test_two_trusted_ways_that_contradict_each_other_are_doubted() -> None:
    shown, other = witness("pixels", 0.6, arc(30)), witness("features", 0.62, arc(30, wobble=4))
    said = opinion(shown, {other.way: other}, NAMES)
    assert said.word == "doubtful"
    assert "second-differs" in [reason.key for reason in said.reasons]


def test_a_witness_that_is_wrong_by_itself_raises_no_doubt_about_another() -> None:
    shown, other = witness("features", 0.7, arc(30)), witness("pixels", 0.3, arc(80))
    assert opinion(shown, {other.way: other}, NAMES).word == "trusted"


def test_photos_without_a_camera_are_named_and_more_than_one_of_ten_missing_is_a_doubt() -> None:
    five = witness("features", 0.7, {n: c for n, c in arc(30).items() if n != 3})
    said = opinion(five, {}, NAMES)
    (missing,) = [reason for reason in said.reasons if reason.key == "not-placed"]
    assert missing.photos == (3,) and "3.jpg" in missing.sentence and said.word == "trusted"
    assert missing.remedy == "drop-photo"
    four = witness("features", 0.7, {n: c for n, c in arc(30).items() if n < 4})
    said = opinion(four, {}, NAMES)
    assert said.word == "doubtful" and set(said.cameras.values()) == {"trusted"}


def test_photos_that_are_kept_aside_are_not_missed() -> None:
    four = witness("features", 0.7, {n: c for n, c in arc(30).items() if n < 4})
    said = opinion(four, {}, NAMES, wanted=(0, 1, 2, 3))
    assert said.word == "trusted" and [reason.key for reason in said.reasons] == ["agree"]
    (missing,) = [r for r in opinion(four, {}, NAMES, wanted=(0, 1, 2, 3, 5)).reasons if r.photos]
    assert missing.photos == (5,) and missing.sentence.startswith("1 of 5 photos")


def test_words_and_reasons_go_by_numbers_of_photos() -> None:
    cameras = {n: c for n, c in arc(30).items() if n not in (0, 2)}
    one = witness("features", 0.7, cameras)
    low = PhotoFigures(
        support=0.02, firm=0.02, seen=1.0, through=0.6, gain=0.2, relief=0.2, angle=8.0
    )
    figures = Figures(photos=(*one.figures.photos[:2], low, one.figures.photos[3]))
    said = opinion(Witness("features", cameras, one.points, figures), {}, NAMES)
    (odd,) = [reason for reason in said.reasons if reason.key == "odd-photo"]
    assert odd.photos == (4,) and said.cameras[4] == "wrong" and said.cameras[1] != "wrong"
    assert set(said.cameras) == {1, 3, 4, 5}


def test_too_few_photos_in_common_tell_nothing() -> None:
    some = arc(30)
    assert apart(some, {0: some[0], 1: some[1]}) is None
    errors = apart(some, some)
    assert errors is not None and errors.rotation_best < 1e-6


def fact(kind: str, *photos: int) -> PhotoFact:
    return PhotoFact(kind, photos or tuple(range(6)), f"{kind} it is.", "Do something.")


@pytest.mark.parametrize("kind", ["apart", "repeated", "turned", "two photos"])
def test_photos_of_which_nothing_can_be_right_are_never_trusted(kind: str) -> None:
    one, other = witness("features", 0.9, arc(30)), witness("pixels", 0.9, arc(30))
    said = opinion(one, {other.way: other}, NAMES, (fact(kind),))
    assert said.word == "doubtful" and set(said.cameras.values()) == {"doubtful"}
    assert said.reasons[0].sentence == f"{kind} it is. Do something."
    wrong = opinion(witness("pixels", 0.05, arc(30)), {}, NAMES, (fact(kind),))
    assert wrong.word == "wrong" and wrong.facts == (fact(kind),)


def test_a_photo_that_is_mirrored_is_doubted_with_the_whole_and_a_repeated_one_is_not() -> None:
    one = witness("features", 0.9, arc(30))
    said = opinion(one, {}, NAMES, (fact("mirrored", 2),))
    assert said.word == "doubtful" and said.reasons[0].photos == (2,)
    assert said.cameras[2] == "doubtful" and said.cameras[3] == "trusted"
    for kind in ("repeated", "stranger", "blurred", "darker"):
        said = opinion(one, {}, NAMES, (fact(kind, 2),))
        assert said.word == "trusted" and said.reasons[0].key == "agree"
    unplaced = witness("features", 0.9, {n: c for n, c in arc(30).items() if n != 2})
    assert opinion(unplaced, {}, NAMES, (fact("mirrored", 2),)).word == "trusted"


def test_before_there_are_cameras_photos_speak_for_themselves() -> None:
    facts = (fact("apart"), fact("blurred", 1))
    said = before_cameras(facts)
    assert said.word == "unknown yet" and said.facts == facts
    assert [reason.key for reason in said.reasons] == ["photos-apart"]  # blur is told at its photo


def test_what_photos_say_better_is_not_said_twice() -> None:
    flat = PhotoFigures(
        support=0.7, firm=0.7, seen=1.0, through=0.1, gain=0.2, relief=0.0, angle=8.0
    )
    one = Witness("features", arc(30), np.zeros((0, 3)), Figures(photos=(flat,) * 6))
    assert "flat" in [reason.key for reason in opinion(one, {}, NAMES).reasons]
    keys = [reason.key for reason in opinion(one, {}, NAMES, (fact("flat"),)).reasons]
    assert "flat" not in keys and "photos-flat" in keys


@pytest.mark.parametrize(
    ("way", "nearly"), [("pixels", "doubtful"), ("features", "trusted"), ("given", "trusted")]
)
def test_how_deep_a_scene_is_is_taken_from_features_and_doubted_from_pixels(
    way: Way, nearly: str
) -> None:
    one = witness(way, 0.5, arc(30))

    def word(support: float, gain: float = 0.2) -> str:
        (photo, *_) = witness(way, support, arc(30)).figures.photos
        rival = (replace(photo, gain=gain),) * len(NAMES)
        figures = replace(one.figures, turned=rival)
        return opinion(replace(one, figures=figures), {}, NAMES).word

    assert (word(0.4), word(0.49), word(0.52)) == ("trusted", nearly, "doubtful")
    assert word(0.6, gain=0.15) == "trusted", "its depths explain less"

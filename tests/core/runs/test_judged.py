"""What was thought of a run's cameras is kept beside it, and says nothing of other cameras."""

from pathlib import Path

import pytest

from core.runs.judged import FILE, keep, kept, told_of
from core.search.verdict import Reason
from core.search.witnesses import Opinion

REASON = Reason("odd-photo", "One fits least.", {"support": 0.1}, (1,), "drop-photo")
NAMES = ("a.jpg", "b.jpg")


def test_an_opinion_comes_back_for_the_cameras_that_it_is_of(tmp_path: Path) -> None:
    nothing = {"verdict": "unknown yet", "verdict_reasons": [], "cameras": []}
    assert kept(tmp_path, "pixels") == {"found_by": "from pixels alone", **nothing}
    thought = Opinion("features", "doubtful", (REASON,), {0: "trusted", 1: "wrong"})
    keep(tmp_path, thought, Opinion(), NAMES)
    told = kept(tmp_path, "features")
    assert told == told_of("features", thought, NAMES) and told["verdict"] == "doubtful"
    assert told["verdict_reasons"][0]["photos"] == ["b.jpg"]
    assert told["cameras"][1] == {"photo": "b.jpg", "verdict": "wrong"}
    assert kept(tmp_path, "pixels")["verdict"] == "unknown yet"


def test_what_says_the_same_is_not_written_again(tmp_path: Path) -> None:
    keep(
        tmp_path,
        Opinion("pixels", "wrong", doing="a"),
        Opinion("pixels", "wrong", doing="b"),
        NAMES,
    )
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"way": "pixels", "verdict": "trusted"}', "\x00"]
)
def test_a_damaged_file_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert kept(tmp_path, "pixels")["verdict"] == "unknown yet"

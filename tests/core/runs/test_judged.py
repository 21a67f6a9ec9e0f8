"""What was thought of a run's cameras is kept beside it, and says nothing of other cameras."""

import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from core.runs.judged import FILE, HISTORY, judgement_of, keep, kept, trusted_since
from core.search.judging.verdict import Reason
from core.search.judging.witnesses import Opinion

REASON = Reason("odd-photo", "One fits least.", {"support": 0.1}, (1,), "drop-photo")
NAMES = ("a.jpg", "b.jpg")


def test_an_opinion_comes_back_for_the_cameras_that_it_is_of(tmp_path: Path) -> None:
    nothing = {"verdict": "unknown yet", "verdict_reasons": [], "cameras": []}
    assert kept(tmp_path, "pixels") == {"found_by": "from pixels alone", **nothing}
    thought = Opinion("features", "doubtful", (REASON,), {0: "trusted", 1: "wrong"})
    keep(tmp_path, thought, Opinion(), NAMES)
    got = kept(tmp_path, "features")
    assert got == judgement_of("features", thought, NAMES) and got["verdict"] == "doubtful"
    assert got["verdict_reasons"][0]["photos"] == ["b.jpg"]
    assert got["cameras"][1] == {"photo": "b.jpg", "verdict": "wrong"}
    assert kept(tmp_path, "pixels")["verdict"] == "unknown yet"
    keep(tmp_path, Opinion(reasons=(REASON,)), Opinion(), NAMES)
    assert kept(tmp_path, "features") == got, "opened again, and not looked at yet"
    keep(tmp_path, Opinion(), thought, NAMES)
    assert kept(tmp_path, "features")["verdict"] == "unknown yet", "started over"


def test_what_says_the_same_is_not_written_again(tmp_path: Path) -> None:
    keep(
        tmp_path,
        Opinion("pixels", "wrong", doing="a"),
        Opinion("pixels", "wrong", doing="b"),
        NAMES,
    )
    assert not (tmp_path / FILE).exists()


def test_the_history_tells_since_when_cameras_are_trusted(tmp_path: Path) -> None:
    words = ("unknown yet", "trusted", "doubtful", "trusted", "trusted")
    thought = [Opinion("pixels", word) for word in words] + [Opinion("features", "trusted")]
    assert trusted_since(tmp_path) is None
    for seconds, (before, now) in enumerate(pairwise(thought)):
        keep(tmp_path, now, before, NAMES, seconds)
    lines = [json.loads(line) for line in (tmp_path / HISTORY).read_text().splitlines()]
    assert [(line["seconds"], line["way"], line["verdict"]) for line in lines] == [
        (0, "pixels", "trusted"),
        (1, "pixels", "doubtful"),
        (2, "pixels", "trusted"),
        (4, "features", "trusted"),
    ]
    assert trusted_since(tmp_path) == datetime.fromisoformat(lines[2]["time"])
    keep(tmp_path, Opinion("pixels", "wrong"), thought[-1], NAMES, 9)
    assert trusted_since(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"way": "pixels", "verdict": "trusted"}', "\x00"]
)
def test_a_damaged_file_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    (tmp_path / HISTORY).write_text(text)
    assert trusted_since(tmp_path) is None
    assert kept(tmp_path, "pixels")["verdict"] == "unknown yet"

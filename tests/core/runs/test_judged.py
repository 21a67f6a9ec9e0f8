"""What was thought of a run's cameras is kept beside it, and says nothing of other cameras."""

from pathlib import Path

import pytest

from core.runs.judged import FILE, keep, kept, told_of
from core.search.verdict import Reason
from core.search.witnesses import Opinion

REASON = Reason("agree", "All agree.", {})


def test_an_opinion_comes_back_for_the_cameras_that_it_is_of(tmp_path: Path) -> None:
    assert kept(tmp_path, "pixels") == {"found_by": "from pixels alone", "verdict": "unknown yet"}
    trusted = Opinion("features", "trusted", (REASON,))
    keep(tmp_path, trusted, Opinion())
    assert kept(tmp_path, "features") == told_of("features", trusted)
    assert kept(tmp_path, "features")["verdict"] == "trusted"
    assert kept(tmp_path, "pixels")["verdict"] == "unknown yet"


def test_what_says_the_same_is_not_written_again(tmp_path: Path) -> None:
    keep(tmp_path, Opinion("pixels", "wrong", doing="a"), Opinion("pixels", "wrong", doing="b"))
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"way": "pixels", "verdict": 3}', "\x00"])
def test_a_damaged_file_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert kept(tmp_path, "pixels")["verdict"] == "unknown yet"

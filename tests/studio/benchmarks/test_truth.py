"""What counts as right, as silently wrong and as too shy; and how a set is told apart."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import InputError
from core.formats.transforms import read_transforms
from studio.benchmarks import truth as benchmark
from studio.benchmarks.truth import Truth, as_json, right, sets_in, summary
from studio.cli import main

SCENE = Path(__file__).parents[3] / "assets" / "scene"


def truth(name: str, is_right: bool, verdict: str | None, search: str = "auto") -> Truth:
    """A result of which only these matter."""
    return Truth(
        name=name, search=search, photos=5, placed=5, rotation=0.1, ate=0.01, focal=0.01,
        right=is_right, found_by=None, verdict=verdict, reasons=(), trusted_after=None,
        seconds=1.0, memory_gb=0.5, failure=None,
    )  # fmt: skip


def test_reasons_are_printed_with_their_brackets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = replace(truth("a", True, "doubtful"), reasons=("unsure", "bold"))
    monkeypatch.setattr(benchmark, "measured", lambda *arguments: one)
    assert main.run(["bench", "--truth", str(SCENE)]) == 0
    assert "; doubtful [unsure, bold]" in " ".join(capsys.readouterr().err.split())
    assert "; trusted after 12 s [" in str(replace(one, verdict="trusted", trusted_after=12.3))


def test_wrong_cameras_that_are_trusted_are_the_ones_that_count() -> None:
    found = [
        truth("a", True, "trusted"),
        truth("b", True, "doubtful"),
        truth("c", False, "trusted"),
        truth("d", False, "wrong"),
        truth("e", True, "trusted", search="pixels"),
    ]
    got = summary(found, "auto")
    assert (got["sets"], got["right"]) == (4, 2)
    assert got["wrong_called_trusted"] == ["c"] and got["right_not_trusted"] == ["b"]
    whole = json.loads(as_json(found))
    assert len(whole["sets"]) == 5 and [one["search"] for one in whole["summary"]] == [
        "auto",
        "pixels",
    ]


def test_the_reference_itself_is_right_and_half_of_it_is_not() -> None:
    reference = read_transforms(SCENE / "transforms.json")
    assert right(SCENE, reference)
    few = dict(list(reference.items())[: len(reference) // 2])
    assert not right(SCENE, few)
    other = dict(zip(reference, list(reference.values())[::-1], strict=True))
    assert not right(SCENE, other)


def test_of_mixed_scenes_one_alone_is_as_right_as_can_be(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    assert not right(tmp_path, dict.fromkeys(("a.jpg", "b.jpg")))
    (tmp_path / "about.json").write_text('{"scenes": {"a": "one", "b": "two", "c": "one"}}')
    assert not right(tmp_path, dict.fromkeys(("a.jpg", "b.jpg")))
    assert right(tmp_path, dict.fromkeys(("a.jpg", "c.jpg")))


def test_a_folder_of_sets_and_a_set_alone(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name / "images").mkdir(parents=True)
    assert [place.name for place in sets_in(tmp_path)] == ["a", "b"]
    assert sets_in(tmp_path / "a") == [tmp_path / "a"]
    with pytest.raises(InputError, match="no set"):
        sets_in(tmp_path / "a" / "images")

"""A new run's folder is its own from the beginning, and nothing is made for what cannot begin."""

import threading
from datetime import datetime
from pathlib import Path

import pytest

from core.errors import InputError
from studio.cli import arguments, main
from studio.cli.arguments import give_back, new_run, run_folder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Stopped:
    """A clock that stands still."""

    @classmethod
    def now(cls) -> datetime:
        return datetime(2021, 4, 20, 12, 30, 15)


def test_runs_of_one_second_have_folders_of_their_own(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arguments, "datetime", Stopped)
    made = [new_run("plants/images") for _ in range(3)]
    name = "2021-04-20-123015-plants"
    assert made == [here / "runs" / each for each in (name, f"{name}-2", f"{name}-3")]
    assert all(run.is_dir() for run in made)


def test_a_named_run_is_taken_as_it_is(here: Path) -> None:
    assert run_folder(Path("mine"), {}) == here / "mine"
    assert not (here / "mine").exists()


def test_impossible_options_make_no_folder(here: Path) -> None:
    with pytest.raises(InputError, match=r"field\.width"):
        run_folder(None, {"data.photos": "x", "field.width": -1})
    assert list(here.iterdir()) == []


def test_only_an_empty_folder_is_given_back() -> None:
    empty, used = new_run("a"), new_run("b")
    (used / "config.yaml").touch()
    give_back(empty)
    give_back(used)
    assert not empty.exists() and used.exists()


def test_a_run_that_cannot_begin_leaves_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.cli.train.end_on_signals", threading.Event)
    (here / "none").mkdir()
    assert main.run(["train", "--photos", "none", "--steps", "1"]) == 2
    assert "holds 0 usable photos" in capsys.readouterr().err
    assert list((here / "runs").iterdir()) == []


def test_where_no_folder_can_be_made_it_is_said(here: Path) -> None:
    (here / "runs").write_text("a file")
    with pytest.raises(InputError, match="cannot be made"):
        new_run("a")


@pytest.mark.parametrize(
    "words",
    [
        ["evaluate", "--run", "LONG"],
        ["render", "--out", "a.mp4", "--run", "LONG"],
        ["audit", "--photos", ".", "--cameras", "LONG"],
    ],
    ids=lambda words: words[0],
)
def test_a_name_that_no_file_system_takes_is_refused_in_a_sentence(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run([word.replace("LONG", "x" * 5000) for word in words]) == 2
    (said,) = capsys.readouterr().err.strip().splitlines()
    assert said.startswith("nerfmm studio: xxx") and said.endswith("choose another place.")

"""The folder of runs: nothing outside of it is reached, and nothing is lost without a way back."""

import os
import shutil
from pathlib import Path

import pytest

from core.errors import InputError
from core.runs import checkpoint
from core.runs.cameras import known_cameras
from core.runs.shelf import GONE, Shelf
from core.runs.summary import summary_of
from tests.cameras import same
from tests.core.runs.shelved import made_run


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two states, made once."""
    return made_run(tmp_path_factory.mktemp("runs") / "first")


@pytest.fixture
def shelf(kept: Path, tmp_path: Path) -> Shelf:
    """A folder with that run, things that are none, and links to what lies outside."""
    folder = tmp_path / "runs"
    shutil.copytree(kept, folder / "first")
    (folder / "no run").mkdir()
    (folder / "linked").symlink_to(kept)
    (folder / "file").write_text("nothing")
    (folder / ".hidden" / "checkpoints").mkdir(parents=True)
    return Shelf(folder)


def names(shelf: Shelf) -> set[str]:
    return {run.name for run in shelf.runs()}


def test_only_folders_of_runs_are_runs(shelf: Shelf) -> None:
    assert names(shelf) == {"first"}


@pytest.mark.parametrize(
    "name", ["..", ".", "", "linked", "no run", "file", ".hidden", "first/../first", "/etc", "a\0b"]
)
def test_no_name_leads_elsewhere(shelf: Shelf, name: str) -> None:
    for act in (shelf.find, shelf.duplicate, shelf.delete, lambda name: shelf.rename(name, "x")):
        with pytest.raises(InputError, match="There is no run"):
            act(name)


def test_a_run_tells_of_itself_without_its_tensors(shelf: Shelf) -> None:
    summary = summary_of(shelf.find("first"))
    assert summary is not None
    figures = summary.name, summary.step, summary.photos, summary.verdict
    assert figures == ("first", 3, 5, "doubtful")
    assert summary.options["cameras.rotation"] == "quaternion"
    assert "data.photos" not in summary.options
    assert [(state.step, state.word) for state in summary.states] == [(0, "cameras-found"), (3, "")]
    assert summary.picture is not None and summary.picture.name == "000000002.png"
    for state in summary.states:
        state.path.write_bytes(b"nothing")
    assert summary_of(shelf.find("first")) is None


def test_a_duplicate_shares_states_and_nothing_else(shelf: Shelf) -> None:
    first = shelf.find("first")
    copy = shelf.duplicate("first")
    assert copy.name == "first-copy" and names(shelf) == {"first", "first-copy"}
    assert not (copy / "run.lock").exists()
    (mine, theirs) = (checkpoint.newest_in(run) for run in (first, copy))
    assert mine.path.samefile(theirs.path)
    assert not (first / "verdict.json").samefile(copy / "verdict.json")
    ours, others = known_cameras(first), known_cameras(copy)
    assert all(same(ours[name], camera) for name, camera in others.items())
    assert shelf.duplicate("first").name == "first-copy-2"


def test_a_branch_begins_at_its_moment(shelf: Shelf) -> None:
    summary = summary_of(shelf.find("first"))
    assert summary is not None
    branch = shelf.branch("first", summary.states[0].path)
    assert branch.name == "first-from-0"
    assert checkpoint.newest_in(branch).facts["step"] == 0
    assert checkpoint.newest_in(shelf.find("first")).facts["step"] == 3
    assert not (branch / "validation").exists()


def test_what_cannot_be_copied_leaves_nothing_behind(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    monkeypatch.setattr(shutil, "copy2", full)
    before = sorted(shelf.find("first").parent.iterdir())
    with pytest.raises(InputError, match="could not be copied"):
        shelf.duplicate("first")
    assert sorted(shelf.find("first").parent.iterdir()) == before


def test_a_run_gets_another_name(shelf: Shelf) -> None:
    assert shelf.rename("first", "the second (SIREN)").name == "the second (SIREN)"
    assert names(shelf) == {"the second (SIREN)"}


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "-x", "x ", "x.", "x" * 81, "a\nb", "<b>"],
)
def test_impossible_names_are_refused(shelf: Shelf, name: str) -> None:
    with pytest.raises(InputError, match="cannot be called"):
        shelf.rename("first", name)
    assert names(shelf) == {"first"}


def test_no_name_is_taken_from_another(shelf: Shelf) -> None:
    for taken in ("no run", "linked", "first"):
        with pytest.raises(InputError, match="already"):
            shelf.rename("first", taken)


def test_what_is_deleted_comes_back_until_another_is(shelf: Shelf) -> None:
    shelf.duplicate("first")
    shelf.delete("first")
    assert names(shelf) == {"first-copy"} and shelf.deleted == "first"
    assert shelf.restore().name == "first" and shelf.deleted == ""
    shelf.delete("first")
    shelf.delete("first-copy")
    assert shelf.deleted == "first-copy" and names(shelf) == set()
    shelf.restore()
    assert names(shelf) == {"first-copy"}
    with pytest.raises(InputError, match="No run was deleted"):
        shelf.restore()


def test_nothing_is_deleted_through_a_link(shelf: Shelf, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("kept")
    (shelf.find("first").parent / GONE).symlink_to(outside)
    assert shelf.deleted == ""
    with pytest.raises(InputError, match="is a link"):
        shelf.delete("first")
    assert (outside / "precious").exists() and names(shelf) == {"first"}


def test_a_run_that_goes_missing_is_no_run(tmp_path: Path) -> None:
    assert Shelf(tmp_path / "never").runs() == []

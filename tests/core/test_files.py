"""A file or folder is finished, and on the disk, or not there."""

import errno
import os
from pathlib import Path

import pytest

from core.errors import InputError
from core.files import finished_file, finished_folder, write_atomically


def test_a_file_appears_only_when_it_is_finished(tmp_path):
    out = tmp_path / "new folder" / "result.txt"
    with finished_file(out) as temporary:
        temporary.write_text("whole")
        assert temporary.suffix == ".txt" and not out.exists()
    assert list(out.parent.iterdir()) == [out] and out.read_text() == "whole"


def test_a_folder_appears_only_when_it_is_finished(tmp_path):
    out = tmp_path / "new" / "frames"
    with finished_folder(out) as temporary:
        (temporary / "0.png").write_text("whole")
        assert not out.exists()
    assert list(out.parent.iterdir()) == [out]
    assert [file.name for file in out.iterdir()] == ["0.png"]


@pytest.mark.parametrize("write", ["file", "folder", "bytes"])
def test_content_is_on_the_disk_before_its_name_and_then_the_name(write, tmp_path, monkeypatch):
    done: list[str] = []
    flush, replace = os.fsync, os.replace

    def flushed(handle: int) -> None:
        done.append("flush " + Path(os.readlink(f"/proc/self/fd/{handle}")).name)
        flush(handle)

    def replaced(source: Path, target: Path) -> None:
        done.append(f"name {target.name}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", replaced)
    out = tmp_path / "result"
    match write:
        case "file":
            with finished_file(out) as temporary:
                temporary.write_text("whole")
        case "folder":
            with finished_folder(out) as temporary:
                (temporary / "a").touch()
        case _:
            write_atomically(out, b"whole")
    before = done[: done.index("name result")]
    assert before[-1].startswith("flush .result.")
    assert ("flush a" in before) == (write == "folder")
    assert done[len(before) :] == ["name result", f"flush {tmp_path.name}"]


@pytest.mark.parametrize("make", [finished_file, finished_folder])
def test_a_failure_leaves_nothing(make, tmp_path):
    out = tmp_path / "result"
    with pytest.raises(KeyboardInterrupt), make(out):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_the_older_file(tmp_path):
    out = tmp_path / "result.txt"
    out.write_text("old")
    with pytest.raises(KeyboardInterrupt), finished_file(out) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == [out] and out.read_text() == "old"


def test_nobody_takes_an_unfinished_file_of_bytes_for_a_finished_one(tmp_path, monkeypatch):
    """A killed process cleans up nothing: the name itself has to tell."""
    unlinked: list[str] = []
    monkeypatch.setattr(Path, "unlink", lambda self, missing_ok: unlinked.append(self.name))
    monkeypatch.setattr(os, "replace", lambda *names: (_ for _ in ()).throw(OSError(errno.EIO)))
    with pytest.raises(OSError):
        write_atomically(tmp_path / "9.safetensors", b"content")
    (left,) = tmp_path.iterdir()
    assert unlinked == [left.name] and left.match(".*.part")


def test_a_full_disk_is_said_in_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"result\.txt.*No space left"):  # noqa: SIM117
        with finished_file(tmp_path / "result.txt"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make", [finished_file, finished_folder])
def test_a_place_that_is_no_folder_is_refused_by_name(make, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"result\.txt"), make(tmp_path / "file" / "result.txt"):
        pytest.fail("there is nowhere to write")


def test_a_folder_that_holds_something_is_not_replaced(tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(InputError, match="already"), finished_folder(tmp_path):
        pytest.fail("it holds something")
    assert (tmp_path / "mine").exists()


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "frames").mkdir()
    with finished_folder(tmp_path / "frames") as temporary:
        (temporary / "a").touch()
    assert (tmp_path / "frames" / "a").exists()

"""A file or folder is finished, and on the disk, or not there."""

import errno
import os
import threading
from pathlib import Path

import pytest

from core.errors import InputError
from core.files import finished_file, finished_folder, require_room, write_atomically


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


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EIO])
def test_a_drive_that_cannot_flush_a_folder_is_written_all_the_same(tmp_path, monkeypatch, number):
    """CIFS, some FUSE and 9p mounts; a file that cannot be flushed is another matter."""
    flush, refused = os.fsync, []

    def fsync(handle: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{handle}") or refused:
            raise OSError(number, os.strerror(number))
        flush(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomically(tmp_path / "a", b"whole")
    with finished_folder(tmp_path / "b") as folder:
        (folder / "c").touch()
    assert (tmp_path / "a").read_bytes() == b"whole" and (tmp_path / "b/c").exists()
    refused.append(True)
    with pytest.raises(OSError, match=os.strerror(number)):
        write_atomically(tmp_path / "a", b"other")
    assert (tmp_path / "a").read_bytes() == b"whole"


def test_a_system_that_does_not_open_folders_is_written_all_the_same(tmp_path, monkeypatch):
    """Windows."""
    opened = os.open

    def open_(path, flags, *more):
        if os.path.isdir(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, flags, *more)

    monkeypatch.setattr(os, "open", open_)
    write_atomically(tmp_path / "a", b"whole")
    assert (tmp_path / "a").read_bytes() == b"whole"


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path):
    link, real = tmp_path / "link.txt", tmp_path / "real.txt"
    link.symlink_to(real)
    for content in ("new", "newer"):
        with finished_file(link) as temporary:
            temporary.write_text(content)
        assert link.is_symlink() and real.read_text() == content
    assert sorted(tmp_path.iterdir()) == [link, real]


def test_a_pipe_and_a_device_get_what_is_written(tmp_path):
    pipe, got = tmp_path / "pipe.txt", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    with finished_file(pipe) as temporary:
        temporary.write_text("whole")
    reader.join(120)
    assert got == ["whole"] and pipe.is_fifo() and list(tmp_path.iterdir()) == [pipe]
    with finished_file(Path("/dev/null")) as temporary:
        temporary.write_text("whole")
    assert Path("/dev/null").is_char_device()
    with (
        pytest.raises(InputError, match="make room"),
        finished_file(Path("/dev/full")) as temporary,
    ):
        temporary.write_text("whole")


def test_a_name_as_long_as_a_file_system_takes_is_written(tmp_path):
    for name in ("x" * 251 + ".txt", "日" * 80 + ".txt"):
        with finished_file(tmp_path / name) as temporary:
            temporary.write_text("whole")
        assert (tmp_path / name).read_text() == "whole"


@pytest.mark.parametrize("make", [finished_file, finished_folder])
@pytest.mark.parametrize("name", ["/", "a\0b.mp4", "x" * 300, "\udcff.mp4"], ids=ascii)
def test_what_no_file_can_be_called_is_refused_in_a_sentence(make, name, tmp_path):
    """A name of undecodable bytes ended the process in OpenCV, which reads videos again."""
    out = Path(name) if name == "/" else tmp_path / name
    with pytest.raises(InputError, match="choose another"), make(out):
        raise AssertionError("it is not begun")
    with pytest.raises(InputError, match="choose another"):
        require_room(out, 1, "choose fewer frames")
    assert list(tmp_path.iterdir()) == []

"""Files and folders that are whole and on the disk, or not there."""

import contextlib
import errno
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core import system
from core.errors import InputError

# What drives and systems say that cannot flush a folder: CIFS and some FUSE ones, Windows.
NO_FLUSH = (errno.EINVAL, errno.ENOTSUP, errno.EIO, errno.EACCES, errno.EPERM, errno.EBADF)
UNFINISHED = re.compile(r"\..*\.[0-9a-f]{8}-([0-9]{1,9})(\.[^.]*)?")  # see `_beside`
_WRITING: set[Path] = set()  # what this process writes just now
LONGEST = 40  # letters of a name in a temporary one; a file system takes 255 bytes


def is_text(name: str) -> bool:
    """Whether a file may be called so: not where it is empty or holds NUL or undecodable bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return bool(name) and "\0" not in name


@contextmanager
def finished_file(out: Path) -> Iterator[Path]:
    """A temporary name beside `out`, which becomes `out` when the block ends well.

    When it does not, nothing is left behind and an older `out` stays as it was. Missing folders
    are made. The temporary name has the ending of `out`, by which many writers go. A link stays
    one: what it leads to is written. A device or a pipe gets all of it at the end.

    Raises:
        InputError: nothing can be written there, or the disk is full.
    """
    with _complaining(out):
        path = _real_path(out)
        if path.exists() and not path.is_file() and not path.is_dir():
            with _poured(path, out.suffix) as temporary:
                yield temporary
        else:
            with whole_file(path, out.suffix) as temporary:
                yield temporary


def require_room(out: Path, size: float, remedy: str) -> None:
    """Refuse to begin what would not fit beside `out`.

    Args:
        size: bytes that it takes, about.
        remedy: what else than to make room, such as "choose fewer frames".

    Raises:
        InputError: there is less room.
    """
    with _complaining(out):
        path = _real_path(out)
        if path.exists() and not path.is_file() and not path.is_dir():
            return  # a device or a pipe
    there = next(folder for folder in path.parents if folder.is_dir())
    with contextlib.suppress(OSError):  # a drive that does not tell is tried
        free = shutil.disk_usage(there).free
        if size > free:
            raise InputError(
                f"{out}: it takes about {size / 1e6:,.1f} MB and {free / 1e6:,.1f} MB are free "
                f"there; make room, or {remedy}."
            )


def _real_path(out: Path) -> Path:
    """Where links lead from there.

    Raises:
        InputError: no file can be called so, or what reads it again could not.
    """
    if "\0" in str(out) or not (path := Path(os.path.realpath(out))).name:
        raise InputError(f"{str(out)!r}: no file can be called so; choose another name.")
    if not is_text(str(path)):  # of such a name OpenCV makes none, and reads from there
        raise InputError(f"{str(path)!r}: the name is no text; choose another one.")
    return path


@contextmanager
def finished_folder(out: Path) -> Iterator[Path]:
    """A temporary folder beside `out`, which becomes `out` when the block ends well.

    When it does not, nothing is left behind. Files may be put into it, but no folders.

    Raises:
        InputError: there is something already, nothing can be written there, or the disk is full.
    """
    with _complaining(out):
        _real_path(out)
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise InputError(f"{out}: there is something already; choose a name for a new folder.")
        with _beside(out, ".part") as temporary:
            try:
                temporary.mkdir(parents=True)
                yield temporary
                for file in temporary.iterdir():
                    _flush(file)
                _rename(temporary, out)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _poured(device: Path, ending: str) -> Iterator[Path]:
    """A temporary file, whose content goes into a device or pipe when the block ends well."""
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder) / f"out{ending}"
        temporary.touch()
        yield temporary
        with temporary.open("rb") as content, device.open("wb") as sink:
            shutil.copyfileobj(content, sink)


def append_line(path: Path, line: str) -> None:
    """Add a line to a file; one that a process left unfinished which was killed is ended first.

    Raises:
        OSError: it cannot be written.
    """
    with path.open("a+b") as file:
        torn = bool(file.tell()) and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n"
        file.write(b"\n" * torn + line.encode() + b"\n")


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole, on the disk, or not at all.

    Until it is finished its name ends in ".part", also when the process is killed meanwhile.

    Raises:
        OSError: it cannot be written.
    """
    with whole_file(path, ".part") as temporary:
        temporary.write_bytes(content)


@contextmanager
def whole_file(out: Path, ending: str) -> Iterator[Path]:
    """A temporary name of this ending beside `out`, which becomes `out` when the block ends well.

    Raises:
        OSError: nothing can be written there.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with _beside(out, ending) as temporary:
        try:
            temporary.touch()
            yield temporary
            _rename(temporary, out)
        finally:
            temporary.unlink(missing_ok=True)


def sweep_unfinished(folder: Path) -> None:
    """Remove what processes have left there that were killed while they wrote."""
    with contextlib.suppress(OSError):  # what cannot be listed or removed is in nobody's way
        for entry in folder.iterdir():
            found = UNFINISHED.fullmatch(entry.name)
            if found is None or entry in _WRITING or _writes(int(found[1])):
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)


def _writes(process: int) -> bool:
    """Whether another process may still be writing; in a container all have the same number."""
    return process != os.getpid() and system.lives(process)


@contextmanager
def _beside(out: Path, ending: str) -> Iterator[Path]:
    """A hidden name in the same folder: only within one file system a name changes at once.

    It tells which process writes.
    """
    writer = f"{uuid.uuid4().hex[:8]}-{os.getpid()}"
    temporary = out.with_name(f".{out.stem[:LONGEST]}.{writer}{ending}")
    _WRITING.add(temporary)
    try:
        yield temporary
    finally:
        _WRITING.discard(temporary)


def _rename(temporary: Path, out: Path) -> None:
    """Give what is finished its name, first its content and then the name on the disk."""
    _flush(temporary)
    os.replace(temporary, out)
    _flush(out.parent)


def _flush(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk.

    Some network drives and Windows refuse that for folders; the name is on the disk soon after.
    """
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in NO_FLUSH or not path.is_dir():
            raise


@contextmanager
def _complaining(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{out}: it cannot be written there ({error.strerror or error}); make room, or choose "
            "another folder."
        ) from error

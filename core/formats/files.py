"""What is written as a whole, and what is read with care."""

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from core.errors import InputError
from core.files import finished_file, finished_folder

LARGEST_FILE = 4_000_000  # bytes of a file that holds nothing but cameras


def write_file(content: bytes, out: Path) -> None:
    """Write a whole file, or nothing.

    Raises:
        InputError: nothing can be written there.
    """
    with finished_file(out) as temporary:
        temporary.write_bytes(content)


def write_folder(contents: Mapping[str, bytes], out: Path) -> None:
    """Write files that belong together: a new folder, or an archive where `out` ends in .zip.

    Args:
        contents: what is in each file, by its name.
        out: where.

    Raises:
        InputError: nothing can be written there, or the folder holds something already.
    """
    if out.suffix.lower() == ".zip":
        with finished_file(out) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            for name, content in contents.items():
                archive.writestr(name, content, zipfile.ZIP_DEFLATED)
        return
    with finished_folder(out) as temporary:
        for name, content in contents.items():
            (temporary / name).write_bytes(content)


@contextmanager
def opened(path: Path, largest: int) -> Iterator[BinaryIO]:
    """A regular file of at most `largest` bytes, to be read within the block.

    Raises:
        InputError: it is missing, larger or unreadable, or no plain file, which could hang.
    """
    try:
        if not path.is_file():
            raise InputError(f"{path}: there is no such file; choose a file of cameras.")
        if path.stat().st_size > largest:
            raise InputError(
                f"{path}: it is larger than {largest // 1_000_000} MB; choose a file of cameras."
            )
        with path.open("rb") as stream:
            yield stream
    except OSError as error:
        raise InputError(
            f"{path}: it cannot be read ({error.strerror}); choose another file."
        ) from error


def read_file(path: Path, largest: int = LARGEST_FILE) -> bytes:
    """What is in a regular file; see `opened`."""
    with opened(path, largest) as stream:
        return stream.read(largest)

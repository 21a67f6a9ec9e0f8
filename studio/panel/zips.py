"""Photos, videos and cameras out of a dropped zip, and nothing else of it.

An archive is a stranger's: names in it are not followed anywhere, and what unpacks to more than a
browser may send is refused before the disk is full, whatever its own directory says.
"""

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from core.errors import InputError
from core.formats.recognised import is_cameras
from core.photos import is_video
from core.photos.listing import is_picture
from studio.panel.names import safe_name
from studio.security.guard import DEFAULT_MAX_UPLOAD_BYTES

MOST_FILES = 2000
MOST_ENTRIES = 100_000  # of whatever; Python takes a kilobyte for each, before any is asked for
ENTRY = b"PK\1\2"  # begins each in an archive's directory
CHUNK = 1 << 20  # bytes
NO_ZIP = (
    zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, zlib.error,
    lzma.LZMAError,
)  # fmt: skip  # what reading a strange or damaged archive raises


def is_zip(file: Path) -> bool:
    """Whether a name ends like an archive's."""
    return file.suffix.lower() == ".zip"


def unpacked(archive: Path, folder: Path, most_bytes: int = DEFAULT_MAX_UPLOAD_BYTES) -> list[Path]:
    """Write the photos, videos and cameras of an archive into a folder, each by its last name.

    Those of one name get folders of their own: ``folder/0/a.jpg``, ``folder/1/a.jpg``.

    Raises:
        InputError: it is no archive, is locked, or holds too much.
    """
    try:
        with _opened(archive) as opened:
            entries = list(_usable(opened))
            if len(entries) > MOST_FILES:
                raise InputError(
                    f"The zip holds {len(entries):,} photos; {MOST_FILES:,} are too many."
                )
            return _written(opened, entries, folder, most_bytes)
    except NO_ZIP as error:
        raise InputError(f"The zip cannot be read ({error}); drop the photos themselves.") from None
    except RuntimeError:  # what zipfile says of a password
        raise InputError("The zip is locked with a password; drop the photos themselves.") from None


def unused(archive: Path) -> list[str]:
    """Names of what is in an archive and is no photo, video or cameras; those of one that cannot be
    read are none, as `unpacked` says what is the matter."""
    try:
        with _opened(archive) as opened:
            usable = {entry.filename for entry in _usable(opened)}
            return [entry.filename for entry in _shown(opened) if entry.filename not in usable]
    except (InputError, *NO_ZIP):
        return []


def _opened(archive: Path) -> zipfile.ZipFile:
    """An archive whose directory fits into memory, however much of it there is said to be.

    Raises:
        InputError: it does not.
    """
    entries, before = 0, b""
    with archive.open("rb") as file:
        while (chunk := file.read(CHUNK)) and entries <= MOST_ENTRIES:
            entries += (before + chunk).count(ENTRY)
            before = chunk[1 - len(ENTRY) :]
    if entries > MOST_ENTRIES:
        raise InputError(f"The zip holds more than {MOST_ENTRIES:,} files; drop the photos alone.")
    return zipfile.ZipFile(archive)


def _usable(opened: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    for entry in _shown(opened):
        path = PurePosixPath(entry.filename)
        usable = is_picture(Path(path)) or is_video(path.name) or is_cameras(Path(path))
        if ".." not in path.parts and usable:
            yield entry


def _shown(opened: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    """All files but those that file managers leave, such as the ._photo.jpg of macOS."""
    for entry in opened.infolist():
        parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
        hidden = any(part.startswith((".", "__MACOSX")) and part != ".." for part in parts)
        if not entry.is_dir() and not hidden:
            yield entry


def _written(
    opened: zipfile.ZipFile, entries: list[zipfile.ZipInfo], folder: Path, most_bytes: int
) -> list[Path]:
    left, files = most_bytes, []
    for number, entry in enumerate(entries):
        target = folder / str(number) / safe_name(entry.filename)
        target.parent.mkdir(parents=True)
        with opened.open(entry) as source, target.open("wb") as sink:
            while chunk := source.read(CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise InputError(
                        "The zip holds more than a browser may send; drop fewer photos."
                    )
                sink.write(chunk)
        files.append(target)
    return files

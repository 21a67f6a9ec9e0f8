"""Fetch photos to try things on, and nothing else: the one command that uses the network."""

import argparse
import json
import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import httpx
from rich.console import Console

from core.errors import InputError
from core.exporting.jobs import Watch
from studio.cli.progress import watched

SUMMARY = "Fetch example photos from where their authors keep them."
LARGEST = 8_000_000_000  # bytes of an archive, and of what is unpacked
CHUNK = 1 << 20
TIMEOUT = 30.0  # seconds without a byte
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class Example:
    """An archive on the network, the folder in it that is wanted, and the photos in that."""

    address: str
    folder: str
    photos: str


# The address is that of improved-nerfmm's and NeRF's own download scripts.
EXAMPLES = {
    "fern": Example(
        "http://cseweb.ucsd.edu/~viscomp/projects/LF/papers/ECCV20/nerf/nerf_example_data.zip",
        "nerf_llff_data/fern",
        "images_4",
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's arguments."""
    parser.add_argument("what", choices=EXAMPLES, help="fern: 20 photos of the LLFF dataset")
    parser.add_argument(
        "--out", type=Path, default=Path("data"), metavar="DIR", help="where to [%(default)s]"
    )
    parser.add_argument(
        "--address", metavar="URL", help="another place that has the same archive, such as a mirror"
    )


def main(arguments: argparse.Namespace) -> int:
    """Fetch, check, unpack; print one JSON line. Interrupted, the same command goes on."""
    example = EXAMPLES[arguments.what]
    path = arguments.out / example.folder
    if not path.exists():
        address = arguments.address or example.address
        archive = arguments.out / f"{arguments.what}.zip"
        with watched("bytes") as watch:
            whole = fetch(address, archive, watch)
        if not whole:
            Console(stderr=True).print("Stopped; the same command goes on from here.")
            return 1
        unpack(archive, example.folder, arguments.out)
        archive.unlink()
    photos = path / example.photos
    print(json.dumps({"photos": str(photos.absolute()), "files": len(list(photos.glob("*")))}))
    return 0


def fetch(address: str, out: Path, watch: Watch) -> bool:
    """Download a file, going on where an earlier attempt stopped if the file is still the same.

    What has come so far is `out` with `.part` after its name; a text beside it keeps which version
    of the file it is part of (RFC 9110, sections 13.1.5 and 14.2).

    Returns:
        Whether the file is whole; False if the watch asked for the end.

    Raises:
        InputError: there is no network, the server refuses, or the disk does.
    """
    if out.exists():
        return True
    part, version = out.with_name(out.name + ".part"), out.with_name(out.name + ".version")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if not _received(address, part, version, watch):
            return False
        os.replace(part, out)
        version.unlink(missing_ok=True)
        return True
    except (ImportError, ValueError) as error:  # what httpx says of a kind it does not know
        raise InputError(
            f"{address} cannot be reached through the proxy that HTTPS_PROXY or ALL_PROXY names "
            f"({str(error).partition(';')[0].partition('.')[0]}); name one of http, or none."
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise InputError(
            f"{address} cannot be reached ({type(error).__name__}); see whether this computer is "
            "online and say the same again, which goes on where this stopped."
        ) from None
    except OSError as error:
        raise InputError(
            f"{out}: it cannot be written there ({error.strerror}); make room, or choose another "
            "folder with --out."
        ) from None


def _received(address: str, part: Path, version: Path, watch: Watch) -> bool:
    have = part.stat().st_size if part.exists() and version.exists() else 0
    asked = {"Accept-Encoding": "identity"}
    if have:
        asked |= {"Range": f"bytes={have}-", "If-Range": version.read_text("utf-8")}
    with httpx.stream(
        "GET", address, headers=asked, follow_redirects=True, timeout=TIMEOUT
    ) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            version.unlink()  # the file has changed; the next attempt begins anew
        if not answer.is_success:
            raise InputError(
                f"{address} answers {answer.status_code} {answer.reason_phrase}; try later, or "
                "name a mirror with --address."
            )
        going_on = answer.status_code == httpx.codes.PARTIAL_CONTENT
        if going_on and not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            raise InputError(f"{address} answers with another part than asked for; try a mirror.")
        start = have if going_on else 0
        total = start + int(answer.headers.get("Content-Length", 0))
        if total > LARGEST:
            raise InputError(f"{address} has {total / 1e9:.0f} GB, more than an example; stopped.")
        _note_version(answer.headers, version)
        with part.open("ab" if going_on else "wb") as file:
            size = _write(answer, file.write, start, total, watch)
    if size is None:
        return False
    if total > start and size != total:
        raise InputError(f"{address} stopped early; say the same again, which goes on from there.")
    return True


def _note_version(headers: httpx.Headers, version: Path) -> None:
    """Keep a strong mark of the file's version; without one a later attempt begins anew."""
    tag = headers.get("ETag", "")
    mark = tag if tag and not tag.startswith("W/") else headers.get("Last-Modified", "")
    if mark:
        version.write_text(mark, "utf-8")
    else:
        version.unlink(missing_ok=True)


def _write(
    answer: httpx.Response,
    write: Callable[[bytes], int],
    size: int,
    total: int,
    watch: Watch,
) -> int | None:
    """Write what comes; returns the size of the whole, or None if the watch asked for the end."""
    for content in answer.iter_bytes():
        write(content)
        size += len(content)
        if size > LARGEST:
            raise InputError("The archive does not end; stopped after 8 GB.")
        watch.progress(size, max(size, total))
        if watch.cancelled():
            return None
    return size


def unpack(archive: Path, folder: str, out: Path) -> None:
    """Take one folder out of an archive, whole or not at all: `out / folder`.

    Raises:
        InputError: the archive is damaged, which deletes it; holds no such folder; or holds names
            or links that lead elsewhere.
    """
    staging = out / f".{archive.stem}.unpacking"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        with zipfile.ZipFile(archive) as opened:
            wanted = _wanted(opened, folder, archive)
            for entry in wanted:
                path = staging / entry.filename
                path.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(entry) as source, path.open("wb") as target:
                    shutil.copyfileobj(source, target, CHUNK)  # checks the entry's CRC at its end
        (out / folder).parent.mkdir(parents=True, exist_ok=True)
        os.replace(staging / folder, out / folder)
    except DAMAGE:
        archive.unlink()
        raise InputError(
            f"{archive} came damaged and was deleted; say the same again to fetch it anew."
        ) from None
    except OSError as error:
        raise InputError(
            f"{out}: it cannot be unpacked there ({error.strerror}); make room, or choose another "
            "folder with --out."
        ) from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _wanted(opened: zipfile.ZipFile, folder: str, archive: Path) -> list[zipfile.ZipInfo]:
    wanted = []
    for entry in opened.infolist():
        if entry.is_dir() or not entry.filename.startswith(f"{folder}/"):
            continue
        parts = PurePosixPath(entry.filename).parts
        leads_out = ".." in parts or "\\" in entry.filename or ":" in entry.filename
        if leads_out or stat.S_ISLNK(entry.external_attr >> 16):
            raise InputError(f"{archive} holds {entry.filename!r}, which leads elsewhere; stopped.")
        wanted.append(entry)
    if not wanted:
        raise InputError(f"{archive} holds no {folder}; delete it and say the same again.")
    if sum(entry.file_size for entry in wanted) > LARGEST:
        raise InputError(f"{archive} would unpack to more than 8 GB; stopped.")
    return wanted

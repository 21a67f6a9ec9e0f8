"""Which files of a folder are its photos."""

import os
from collections.abc import Sequence
from pathlib import Path

from natsort import natsorted, ns

from core.errors import InputError
from core.files import is_text
from core.photos.local import is_regular_file, quoted

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".heic", ".heif"})
VIDEO_SUFFIXES = frozenset(
    {".mp4", ".mov", ".m4v", ".3gp", ".avi", ".mkv", ".webm", ".mts", ".m2ts", ".ts", ".gif"}
)
NO_TEXT = " was left out because its name is no text: rename it."
OTHER_NAME = (
    " was left out because its name does not end in .png, .jpg, .jpeg, .webp, .tif, .tiff, .heic "
    "or .heif: convert it to JPEG."
)
MOST_FOLDERS = 100  # looked into for photos that are not where a person said
KINDS = "PNG, JPEG, WebP, TIFF or HEIC"

# The first bytes of pictures under other suffixes: JPEG, PNG, GIF, TIFF and most raw files, PSD,
# Fujifilm's, Olympus' and Panasonic's raw files, JPEG XL, OpenEXR, Radiance, QOI, grey and RGB PNM.
SIGNATURES = (
    *(b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"8BPS"),
    *(b"FUJIFILMCCD-", b"IIRO", b"IIRS", b"IIU\0", b"\xff\x0a", b"v/1\x01", b"#?RADIANCE"),
    *(b"qoif", b"P5\n", b"P6\n"),
)
# Bytes 4 to 11 of HEIC under another name, AVIF, CR3, JPEG XL and JPEG 2000.
BOXES = (
    *(b"ftyphei", b"ftyphev", b"ftypmif1", b"ftypmsf1", b"ftypavi", b"ftypcrx"),
    *(b"JXL \r\n\x87\n", b"jP  \r\n\x87\n"),
)


def is_picture(path: Path) -> bool:
    """True if the name ends like a picture that can be read, in any letter case."""
    return path.suffix.lower() in SUFFIXES


def is_video(path: str | Path) -> bool:
    """True if the name ends like a video or an animation, in any letter case."""
    return Path(path).suffix.lower() in VIDEO_SUFFIXES


def list_pictures(folder: Path) -> tuple[list[Path], list[str]]:
    """Files directly in a folder that end like pictures, in natural order, and notices.

    Other files are passed over, with a notice if they are pictures all the same; hidden files
    without a word. Nothing is said yet about what is inside the files.

    Raises:
        InputError: The folder is missing or unreadable.
    """
    pictures, faults = [], list[tuple[Path, str]]()
    for file in _listed(folder):
        if not is_text(file.name):
            faults.append((file, f"{quoted(file.name)}{NO_TEXT}"))
        elif is_picture(file):
            pictures.append(file)
        elif is_picture_inside(file):
            faults.append((file, f"{quoted(file.name)}{OTHER_NAME}"))
    return pictures, left_out(faults)


def left_out(faults: Sequence[tuple[Path, str]]) -> list[str]:
    """A sentence for all files of the same fault, from one for each that begins with its name."""
    alike: dict[str, list[str]] = {}
    for file, sentence in faults:
        name = quoted(file.name)
        alike.setdefault(sentence.removeprefix(name), []).append(name)
    return [
        f"{who[0]} and {len(who) - 1} more: each{fault}" if len(who) > 1 else who[0] + fault
        for fault, who in alike.items()
    ]


def look_elsewhere(folder: Path) -> str:
    """Where the photos may be instead, as half a sentence: a folder or a video in it, or empty.

    Of a dataset's root that is `images`, beside which smaller copies and masks may lie.
    """
    inside = [path for path in _listed(folder) if _is_folder(path)][:MOST_FOLDERS]
    deeper = [path for one in inside for path in _if_readable(one) if _is_folder(path)]
    for paths in (inside, deeper[:MOST_FOLDERS]):
        counts = {path: sum(map(is_picture, _if_readable(path))) for path in paths}
        if any(counts.values()):
            full = [path for path in counts if counts[path]]
            best = max(full, key=lambda path: (path.name == "images", counts[path]))
            return f"or give the folder {quoted(str(best.relative_to(folder)))} in it instead"
    for file in _listed(folder):
        if is_video(file):
            return f"or give the video {quoted(file.name)} in it instead"
    return ""


def _is_folder(path: Path) -> bool:
    """Whether it is one, as far as may be known: a link may lead into somebody else's."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _if_readable(folder: Path) -> list[Path]:
    try:
        return _listed(folder)
    except InputError:
        return []


def _listed(folder: Path) -> list[Path]:
    """What is in a folder in natural order, without hidden files."""
    try:
        names = natsorted(sorted(os.listdir(folder)), alg=ns.IGNORECASE)
    except OSError as error:
        raise InputError(
            f"The folder {quoted(str(folder))} cannot be listed ({error.strerror}): "
            "give an existing, readable folder."
        ) from error
    return [folder / name for name in names if not name.startswith(".")]


def is_picture_inside(file: Path) -> bool:
    """True if a file of whatever name begins like a picture of a known kind."""
    try:
        if not is_regular_file(file):
            return False
        with file.open("rb") as stream:
            head = stream.read(12)
    except OSError:
        return False
    bitmap = head.startswith(b"BM") and head[6:10] == bytes(4)  # its reserved bytes
    known = bitmap or head.startswith(SIGNATURES) or head[4:].startswith(BOXES)
    return known or head[8:] == b"WEBP"

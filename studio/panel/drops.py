"""What was dropped into the page, kept in the run's folder: photos, videos, cameras."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.formats.recognised import is_cameras
from core.photos import is_video
from core.photos.listing import KINDS, is_picture, is_picture_inside
from core.photos.local import quoted
from core.runs.home import DROPPED, REFERENCES
from studio.panel.names import safe_name
from studio.panel.zips import is_zip, unpacked, unused


@dataclass(frozen=True)
class Dropped:
    """What of a drop is of use, where it lies now.

    Attributes:
        photos: what `data.photos` is to be: the folder of the photos, or the video; None without.
        cameras: what `cameras.rival` is to be: a file, or the folder of a model; None without.
    """

    photos: Path | None
    cameras: Path | None


def keep_dropped(files: Sequence[str | Path], run: Path) -> Dropped:
    """Move dropped files into new folders of the run.

    Args:
        files: photos, or one video, under any names; cameras of another program; archives of these.
        run: the run's folder.

    Raises:
        InputError: nothing usable, a video among other files, or an archive that cannot be read.
    """
    sources = [Path(file) for file in files if not _hidden(file)]
    beside = sources[0].parent if sources else None  # where uploads have room
    with tempfile.TemporaryDirectory(prefix="unpacked-", dir=beside) as scratch:
        opened = _opened(sources, Path(scratch))
        cameras = [file for file in opened if is_cameras(file)]
        others = [file for file in opened if file not in cameras]
        usable = any(is_picture(file) or is_video(file) for file in others)
        photos = _kept(others, run) if usable or not cameras else None
        return Dropped(photos, _kept_cameras(cameras, run) if cameras else None)


def changes_of(dropped: Dropped, others: bool) -> dict[str, Any]:
    """The options that a drop changes, by path: new photos leave the cameras of others behind.

    Args: `others`: whether there are photos already.
    """
    changes: dict[str, Any] = {}
    if dropped.photos is not None:
        changes = {"data.photos": str(dropped.photos), "data.disabled": ()}
        changes |= {"cameras.rival": ""} if others else {}
    if dropped.cameras is not None:
        changes["cameras.rival"] = str(dropped.cameras)
    return changes


def passed_over(files: Sequence[str | Path]) -> str:
    """One sentence about the dropped files that are of no use, or nothing. Before they are kept."""
    usable = (is_picture, is_video, is_zip, is_cameras, is_picture_inside, _hidden)
    paths = [Path(file) for file in files]
    others = [path.name for path in paths if not any(test(path) for test in usable)]
    others += [name for path in paths if is_zip(path) for name in unused(path)]
    if not others:
        return ""
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    return f"{quoted(others[0])}{more} passed over: no photo, video, cameras or zip."


def _hidden(file: str | Path) -> bool:
    """Whether it is a file manager's own, such as the ._photo.jpg of macOS."""
    return Path(file).name.startswith(".")


def _opened(files: Sequence[Path], scratch: Path) -> list[Path]:
    """The files, and in place of archives what is in them."""
    opened = []
    for number, file in enumerate(files):
        opened += unpacked(file, scratch / str(number)) if is_zip(file) else [file]
    return opened


def _kept(sources: Sequence[Path], run: Path) -> Path:
    videos = [file for file in sources if is_video(file)]
    photos = [file for file in sources if is_picture(file)]
    if videos and (photos or len(videos) > 1):
        raise InputError("Drop photos or one video, not both at once.")
    if not videos and not photos:
        raise InputError(f"None of these files is a photo ({KINDS}), a video or a zip.")
    folder = _new_folder(run / DROPPED)
    others = [file for file in sources if not is_picture(file) and is_picture_inside(file)]
    kept = [_moved(file, folder) for file in videos or photos + others]  # others are named there
    return kept[0] if videos else folder


def keep_reference(files: Sequence[str | Path], run: Path) -> Path:
    """Move uploaded reference cameras into a new folder of the run.

    Args:
        files: one file, or those of a COLMAP model.
        run: the run's folder.

    Returns:
        What `explore.reference` is to be: the file, or the folder of the model.

    Raises:
        InputError: a poses_bounds.npy, which is of use only beside its photos.
    """
    sources = [Path(file) for file in files]
    if any(file.suffix.lower() == ".npy" for file in sources):
        raise InputError(
            "A poses_bounds.npy does not name its photos; type its path, with the photos beside it."
        )
    return _kept_cameras(sources, run)


def _kept_cameras(files: Sequence[Path], run: Path) -> Path:
    """Move files of cameras into a new folder; the file where it is one, else the folder."""
    folder = _new_folder(run / REFERENCES)
    kept = [_moved(file, folder) for file in files]
    return kept[0] if len(kept) == 1 else folder


def _moved(file: Path, folder: Path) -> Path:
    """Move a file into a folder under its safe name, or that name with a number."""
    wanted = folder / safe_name(file.name)
    target, number = wanted, 2
    while target.exists():
        target, number = wanted.with_stem(f"{wanted.stem}-{number}"), number + 1
    return Path(shutil.move(file, target))


def _new_folder(parent: Path) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = parent / f"drop-{number}"
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            number += 1

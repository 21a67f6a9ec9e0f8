"""What was dropped into the page, kept in the run's folder: photos, videos, reference cameras."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from core.errors import InputError
from core.photos import is_video
from core.photos.listing import is_picture

REFERENCES = "references"  # likewise, of reference cameras
DROPPED = "photos"  # the folder of a run that keeps what was dropped, each drop in its own


def keep_dropped(files: Sequence[str | Path], run: Path) -> Path:
    """Move dropped files into a new folder of the run.

    Args:
        files: photos, or one video, under any names.
        run: the run's folder.

    Returns:
        What `data.photos` is to be: the folder of the photos, or the video.

    Raises:
        InputError: nothing usable, or a video among other files.
    """
    sources = [Path(file) for file in files]
    videos = [file for file in sources if is_video(file)]
    photos = [file for file in sources if is_picture(file)]
    if videos and (photos or len(videos) > 1):
        raise InputError("Drop photos or one video, not both at once.")
    if not videos and not photos:
        raise InputError("None of these files is a photo (PNG, JPEG, WebP, TIFF) or a video.")
    folder = _new_folder(run / DROPPED)
    kept = [_moved(file, folder) for file in videos or photos]
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
    folder = _new_folder(run / REFERENCES)
    kept = [_moved(file, folder) for file in sources]
    return kept[0] if len(kept) == 1 else folder


def safe_name(name: str) -> str:
    """A file name that is only a name: its last part, of harmless characters, never hidden."""
    base = re.sub(r"[^\w.\- ]+", "_", name.replace("\\", "/").rpartition("/")[2]).strip(". ")
    stem, dot, suffix = base.rpartition(".")
    return f"{stem[:80] or 'photo'}{dot}{suffix[:8]}" if dot else base[:80] or "photo"


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

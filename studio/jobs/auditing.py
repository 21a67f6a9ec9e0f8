"""Cameras made by anybody, put to the test with the photos they are said to belong to."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from core.depthmaps.cameras import Cameras
from core.depthmaps.photos import on_canvas
from core.errors import InputError
from core.exporting.jobs import Watch
from core.geometry.cameras import Camera
from core.geometry.stored import as_upright
from core.photos.listing import list_pictures
from core.photos.local import local_path, quoted
from core.photos.picture import Header, decode, read_header
from core.photos.sizes import same_shape, scaled_down
from core.search.judging.audit import Audit
from core.search.judging.figures import PhotoFigures
from core.search.judging.verdict import Verdict, verdict

LONG_SIDE = 252  # pixels that are read of a photo; an audit looks at half of it


@dataclass(frozen=True, eq=False)
class Placed:
    """Photos that have cameras, and those that have none."""

    headers: tuple[Header, ...]
    cameras: tuple[Camera, ...]  # at the sizes that their makers state
    missing: tuple[str, ...]  # names of photos without a camera
    notices: tuple[str, ...]  # a sentence for each file that was left out

    @property
    def names(self) -> tuple[str, ...]:
        """Of the photos that have cameras."""
        return tuple(header.path.name for header in self.headers)


@dataclass(frozen=True)
class Audited:
    """What an audit says of photos by name."""

    names: tuple[str, ...]
    photos: tuple[PhotoFigures, ...]
    verdict: Verdict


def placed(folder: Path, cameras: Mapping[str, Camera]) -> Placed:
    """The photos of a folder beside their cameras, by file name without suffix.

    Photos of any shapes; a photo whose shape is not that of its camera is left out with a notice.

    Raises:
        InputError: the folder cannot be read, two photos differ in suffix alone, or fewer than two
            photos have a camera.
    """
    files, notices = list_pictures(local_path(folder))
    _require_own_names([file.name for file in files], "photos")
    _require_own_names(list(cameras), "cameras")
    known = {Path(name).stem: camera for name, camera in cameras.items()}
    headers, found, missing = [], [], []
    for file in files:
        camera = known.get(file.stem)
        if camera is None:
            missing.append(file.name)
            continue
        try:
            header = read_header(file)
        except InputError as error:
            notices.append(str(error))
            continue
        camera = as_upright(camera, header.stored)
        if not same_shape(header.size, (camera.width, camera.height)):
            notices.append(_other_shape(header, camera))
            continue
        headers.append(header)
        found.append(camera)
    if len(found) < 2:
        hint = f" ({notices[0].rstrip('.')})" if notices else ""
        raise InputError(
            f"For {len(found)} of the {len(files)} photos in {quoted(str(folder))} there is a "
            f"camera of the same name and at least 2 are needed: give the cameras of these "
            f"photos{hint}."
        )
    return Placed(tuple(headers), tuple(found), tuple(missing), tuple(notices))


def audited(photos: Placed, workers: int, watch: Watch) -> Audited:
    """Read the photos, audit their cameras, and say what is to be thought of them.

    Args: `workers`: threads that look at photos side by side.

    Raises:
        Cancelled: the watch said so.
        InputError: a photo is damaged.
    """
    sizes = [scaled_down(header.size, LONG_SIDE) for header in photos.headers]
    with ThreadPoolExecutor(max(1, workers)) as pool:
        pixels = list(pool.map(lambda h, size: decode(h, size, "white"), photos.headers, sizes))
        sized = [one.resized(*size) for one, size in zip(photos.cameras, sizes, strict=True)]
        audit = Audit(on_canvas(pixels), Cameras.of(sized, torch.float64))
        more = True
        while more:
            with watch.chunk():
                more = audit.step(pool.map, workers)
            watch.progress(*audit.progress)
    assert audit.figures is not None
    return Audited(photos.names, audit.figures.photos, verdict(audit.figures, photos.names))


def _require_own_names(names: Sequence[str], what: str) -> None:
    stems: dict[str, str] = {}
    for name in names:
        other = stems.setdefault(Path(name).stem, name)
        if other != name:
            raise InputError(
                f"The {what} {quoted(other)} and {quoted(name)} differ in suffix alone, so that "
                "they cannot be told apart: rename one."
            )


def _other_shape(header: Header, camera: Camera) -> str:
    (width, height), name = header.size, quoted(header.path.name)
    return (
        f"{name} was left out because it has {width} x {height} pixels and its camera is for "
        f"{camera.width} x {camera.height}: give the photo that the camera was made with."
    )

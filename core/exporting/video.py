"""Camera paths rendered to videos, pictures or depth, frame by frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.exporting.colour import THERE, colourise, common_limits, depth_limits
from core.exporting.films import FORMS, Reel, check_form
from core.exporting.jobs import Watch
from core.exporting.pictures import median_depth, shrunk, whole_picture
from core.files import require_room
from core.geometry.cameras import Camera
from core.geometry.paths import average_camera, covering
from core.geometry.routes import PATHS, Route
from core.rendering.picture import Pace, Picture
from core.rendering.scene import Scene
from core.training.learned import Learned

SMALLEST_SIDE, LARGEST_SIDE = 16, 4096  # pixels; browsers decode no more
PROBES = 8  # frames along the path that decide the common limits of depth


@dataclass(frozen=True)
class Look:
    """What the frames of a film are."""

    form: str = "mp4"  # one of FORMS
    size: tuple[int, int] | None = None  # width and height; None takes the first camera's
    fps: int = 30  # frames per second
    channel: str = "rgb"  # see `colourise`; raw forms are depth whatever it says
    colour_map: str = "turbo"


@dataclass(frozen=True)
class VideoResult:
    """A video that was written."""

    path: Path
    width: int
    height: int
    frames: int
    seconds: float  # that it plays
    notice: str | None  # what was done to an odd side


def camera_path(learned: Learned, route: Route) -> list[Camera]:
    """The path that a route describes around the learned cameras.

    Raises:
        InputError: such a path is impossible.
    """
    cameras = learned.trained
    middle = average_camera(cameras)
    return PATHS[route.kind](cameras, route, lambda: median_depth(learned.scene, middle))


def render_video(
    learned: Learned, path: Sequence[Camera], out: Path, look: Look, watch: Watch
) -> VideoResult:
    """Render a path frame by frame into a file or folder; `out` appears when it is finished.

    A frame of another shape than the camera's picture shows no more than the picture: it is
    filled by it and crops the rest (`covering`). Where a form needs even sides, an odd one becomes
    a pixel smaller; frames are rendered at that size, nothing is resampled. All frames share the
    limits of depth.

    Args:
        learned: the scene.
        path: the cameras of the frames.
        out: a name that ends as the form wants it.
        look: what the frames are.
        watch: told after each frame how many of how many are done, and asked after each chunk of
            rays.

    Raises:
        Cancelled: the watch said so. No file is left.
        InputError: an empty path, an impossible name, look, size or rate, or no room to write.
    """
    check_form(out, look.form, look.fps)
    form = FORMS[look.form]
    width, height, notice = _size(path, look.size, form.even)
    needed = form.density * width * height * len(path)
    require_room(out, needed, "choose fewer or smaller frames")
    probes = _probes(learned.scene, path, watch)
    limits = common_limits(probes, look.channel)
    _colours(probes[0], look, limits)  # refuses unknown words before anything is written
    reel = Reel(out, width, height, len(path), look.fps, 2 * depth_limits(probes)[0])
    pace = Pace()
    with form.film(reel) as take:
        for done, camera in enumerate(path, start=1):
            frame = covering(camera, width, height)
            picture = whole_picture(learned.scene, frame, pace, watch.after_chunk)
            take(_depth(picture) if form.raw else _colours(picture, look, limits))
            watch.progress(done, len(path))
    return VideoResult(out, width, height, len(path), len(path) / look.fps, notice)


def _probes(scene: Scene, path: Sequence[Camera], watch: Watch) -> list[Picture]:
    """Small pictures along the path."""
    chosen = np.unique(np.linspace(0, len(path) - 1, PROBES).round().astype(int))
    pace = Pace()
    return [whole_picture(scene, shrunk(path[at]), pace, watch.after_chunk) for at in chosen]


def _colours(picture: Picture, look: Look, limits: tuple[float, float] | None) -> np.ndarray:
    return colourise(picture, look.channel, look.colour_map, limits)


def _depth(picture: Picture) -> np.ndarray:
    return np.where(picture.opacity > THERE, picture.depth, np.float32(np.nan))


def _size(
    path: Sequence[Camera], size: tuple[int, int] | None, even: bool
) -> tuple[int, int, str | None]:
    """Width and height of the frames, and what to tell about them."""
    if not path:
        raise InputError("A video needs at least one frame; choose a longer path.")
    wanted = size or (path[0].width, path[0].height)
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in wanted):
        raise InputError(
            f"A video of {wanted[0]} x {wanted[1]} is not possible; choose sides from "
            f"{SMALLEST_SIDE} to {LARGEST_SIDE} pixels."
        )
    width, height = (side - side % 2 if even else side for side in wanted)
    if (width, height) == tuple(wanted):
        return width, height, None
    notice = (
        f"The video is {width} x {height} instead of {wanted[0]} x {wanted[1]}: H.264 needs even "
        "sides, so it was rendered one pixel smaller."
    )
    return width, height, notice

"""Camera paths rendered to H.264 videos that every browser plays."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np

from core.errors import InputError
from core.exporting.colour import colourise, disparity_limits
from core.exporting.files import finished_file
from core.exporting.jobs import Cancelled
from core.exporting.pictures import shrunk, whole_picture
from core.geometry.cameras import Camera
from core.geometry.paths import covering
from core.rendering.progressive import Pace
from core.training.learned import Learned

SMALLEST_SIDE, LARGEST_SIDE = 16, 4096  # pixels; browsers decode no more
LARGEST_RATE = 120  # frames per second
LIMIT_FRAMES = 8  # frames along the path that decide the common limits of depth
ENCODING = [
    *("-crf", "18", "-preset", "veryfast", "-movflags", "+faststart"),
    # Said and meant: untagged videos are shown in the wrong colours by half of the players.
    *("-vf", "scale=out_color_matrix=bt709:out_range=tv"),
    *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"),
]


@dataclass(frozen=True)
class VideoResult:
    """A video that was written."""

    path: Path
    width: int
    height: int
    frames: int
    seconds: float  # that it plays
    notice: str | None  # what was done to an odd side


def render_video(
    learned: Learned,
    path: Sequence[Camera],
    out: Path,
    *,
    size: tuple[int, int] | None,
    fps: int,
    channel: str,
    colour_map: str,
    on_progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
    between_chunks: Callable[[float], None] | None = None,
) -> VideoResult:
    """Render a path frame by frame into an mp4; `out` appears when it is finished.

    Args:
        learned: the scene.
        path: the cameras of the frames.
        out: a name that ends in .mp4.
        size: width and height; None takes the first camera's. A frame of another shape than the
            camera's picture shows no more than the picture: it is filled by it and crops the
            rest (`covering`). An odd side becomes one pixel smaller, as H.264 needs even ones;
            frames are rendered at that size, nothing is resampled.
        fps: frames per second.
        channel: see `colourise`. All frames share the limits of depth.
        colour_map: see `colourise`.
        on_progress: told after each frame how many of how many are done.
        cancelled: asked after each chunk of rays.
        between_chunks: told after each chunk how many seconds it took; it may wait a little.

    Raises:
        Cancelled: `cancelled` said so. No file is left.
        InputError: an empty path, an impossible name, size or rate, or no room to write.
    """
    width, height, notice = _even_size(path, size)
    _check(out, fps)
    cameras = [covering(camera, width, height) for camera in path]
    scene, pace = learned.scene, Pace()

    def after_chunk(seconds: float) -> None:
        if cancelled():
            raise Cancelled
        if between_chunks is not None:
            between_chunks(seconds)

    limits = None
    if channel == "depth":
        chosen = np.linspace(0, len(cameras) - 1, LIMIT_FRAMES).round().astype(int)
        some = [shrunk(cameras[index]) for index in np.unique(chosen)]
        limits = disparity_limits([whole_picture(scene, c, pace, after_chunk) for c in some])
    with finished_file(out) as temporary:
        with closing(_encoder(temporary, width, height, fps)) as encoder:
            for done, camera in enumerate(cameras, start=1):
                picture = whole_picture(scene, camera, pace, after_chunk)
                _send(encoder, colourise(picture, channel, colour_map, limits), out)
                on_progress(done, len(cameras))
        _check_complete(temporary, len(cameras), out)
    return VideoResult(out, width, height, len(cameras), len(cameras) / fps, notice)


def _even_size(path: Sequence[Camera], size: tuple[int, int] | None) -> tuple[int, int, str | None]:
    """Width and height of the frames, and what to tell about them."""
    if not path:
        raise InputError("A video needs at least one frame; choose a longer path.")
    wanted = size or (path[0].width, path[0].height)
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in wanted):
        raise InputError(
            f"A video of {wanted[0]} x {wanted[1]} is not possible; choose sides from "
            f"{SMALLEST_SIDE} to {LARGEST_SIDE} pixels."
        )
    width, height = (side - side % 2 for side in wanted)
    if (width, height) == tuple(wanted):
        return width, height, None
    notice = (
        f"The video is {width} x {height} instead of {wanted[0]} x {wanted[1]}: H.264 needs even "
        "sides, so it was rendered one pixel smaller."
    )
    return width, height, notice


def _check(out: Path, fps: int) -> None:
    if out.suffix.lower() != ".mp4":
        raise InputError(f"{out}: videos are written as .mp4; choose a name that ends in it.")
    if not 1 <= fps <= LARGEST_RATE:
        raise InputError(
            f"A video of {fps} frames per second is not possible; choose 1 to {LARGEST_RATE}."
        )


def _encoder(out: Path, width: int, height: int, fps: int) -> Generator[None, np.ndarray, None]:
    """Takes (H, W, 3) uint8 frames by `send`; closing it finishes the file."""
    encoder = imageio_ffmpeg.write_frames(
        out,
        (width, height),
        fps=fps,
        codec="libx264",
        quality=None,  # the constant rate factor of ENCODING instead
        macro_block_size=2,  # sides are even already: nothing is rescaled
        ffmpeg_log_level="error",
        output_params=ENCODING,
    )
    encoder.send(None)
    return encoder


def _send(encoder: Generator[None, np.ndarray, None], frame: np.ndarray, out: Path) -> None:
    try:
        encoder.send(np.ascontiguousarray(frame))
    except OSError as error:
        raise _unwritten(out) from error


def _check_complete(video: Path, frames: int, out: Path) -> None:
    """The encoder ends without a word when the disk is full."""
    capture = cv2.VideoCapture(str(video))
    written = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
    capture.release()
    if written != frames:
        raise _unwritten(out)


def _unwritten(out: Path) -> InputError:
    return InputError(f"{out}: the video could not be written; make room on the disk and retry.")

"""The files that frames become. Each frame is written as it comes: length costs no memory."""

import itertools
import json
import math
import zipfile
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from core.errors import InputError
from core.files import finished_file, finished_folder

H264 = [
    *("-crf", "18", "-preset", "veryfast", "-movflags", "+faststart"),
    # Said and meant: untagged videos are shown in the wrong colours by half of the players.
    *("-vf", "scale=out_color_matrix=bt709:out_range=tv"),
    *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"),
]
# A palette for each frame: one for all would need all frames at once.
GIF = [
    "-filter_complex",
    "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1",
    *("-loop", "0"),
]
BEYOND = 65535  # level of a 16-bit picture for what is farther than it can say; 0 is nothing there


@dataclass(frozen=True)
class Reel:
    """What is known of a film before its first frame."""

    out: Path
    width: int
    height: int
    frames: int
    fps: int
    deepest: float  # depth, in world units, that 16-bit pictures have to reach


Take = Callable[[np.ndarray], None]  # writes the next frame


@dataclass(frozen=True)
class Form:
    """A sort of film.

    Frames are colours (H, W, 3) uint8 in RGB, or where the form is raw, camera depth in world
    units (H, W) float32 with NaN where nothing is.
    """

    film: Callable[[Reel], AbstractContextManager[Take]]
    suffixes: tuple[str, ...]  # of the file; "" is a folder
    raw: bool = False
    even: bool = False  # whether sides must be
    fastest: int = 120  # frames per second
    density: float = 0.0  # bytes of the file for a pixel of a frame, about


@contextmanager
def _mp4(reel: Reel) -> Iterator[Take]:
    """H.264 that every browser plays."""
    with finished_file(reel.out) as temporary:
        with _ffmpeg(reel, temporary, "libx264", "yuv420p", H264) as take:
            yield take
        capture = cv2.VideoCapture(str(temporary))
        written = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
        capture.release()
        _check_complete(written, reel)


def middle_frame(film: Path) -> bytes:
    """The picture in the middle of a video, as JPEG.

    Raises:
        InputError: it cannot be read.
    """
    capture = cv2.VideoCapture(str(film))
    capture.set(cv2.CAP_PROP_POS_FRAMES, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) // 2)
    there, frame = capture.read()
    capture.release()
    if not there:
        raise InputError(f"{film} cannot be read again; render it once more.")
    return cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


@contextmanager
def _gif(reel: Reel) -> Iterator[Take]:
    """An animation that repeats for ever."""
    with finished_file(reel.out) as temporary:
        with _ffmpeg(reel, temporary, "gif", "pal8", GIF) as take:
            yield take
        with Image.open(temporary) as image:
            _check_complete(getattr(image, "n_frames", 0), reel)


@contextmanager
def _frames(reel: Reel) -> Iterator[Take]:
    """00000.png and so on, 8 bits each of red, green and blue."""
    numbers = itertools.count()
    with _album(reel.out) as put:
        yield lambda frame: put(f"{next(numbers):05d}.png", _png(frame[..., ::-1]))


@contextmanager
def _depth_png(reel: Reel) -> Iterator[Take]:
    """16-bit grey pictures, and depth.json, which says what one level is in world units.

    The unit is a power of ten; its name is that of nerfstudio's option.
    """
    unit = 10.0 ** math.ceil(math.log10(max(reel.deepest, 1e-9) / (BEYOND - 1)))
    numbers = itertools.count()

    def take(depth: np.ndarray) -> None:
        levels = np.rint(np.nan_to_num(depth.astype(np.float64) / unit, posinf=BEYOND))
        levels = np.where(np.isnan(depth), 0, levels.clip(1, BEYOND)).astype(np.uint16)
        put(f"{next(numbers):05d}.png", _png(levels))

    with _album(reel.out) as put:
        facts = {"depth_unit_scale_factor": unit, "nothing": 0, "beyond": BEYOND}
        put("depth.json", (json.dumps(facts) + "\n").encode())
        yield take


@contextmanager
def _depth_npy(reel: Reel) -> Iterator[Take]:
    """One array (frames, H, W) of little-endian float32."""
    header = {
        "descr": "<f4",
        "fortran_order": False,
        "shape": (reel.frames, reel.height, reel.width),
    }
    with finished_file(reel.out) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)

        def take(depth: np.ndarray) -> None:
            file.write(depth.astype("<f4").tobytes())

        yield take
        file.flush()


FORMS: dict[str, Form] = {
    "mp4": Form(_mp4, (".mp4",), even=True, density=0.1),
    # Browsers slow down what claims to be faster.
    "gif": Form(_gif, (".gif",), fastest=50, density=0.5),
    "frames": Form(_frames, (".zip", ""), density=1.5),
    "depth-png": Form(_depth_png, (".zip", ""), raw=True, density=1.0),
    "depth-npy": Form(_depth_npy, (".npy",), raw=True, density=4.0),
}


def form_of(out: Path) -> str:
    """The form, one of `FORMS`, that a name stands for.

    Raises:
        InputError: none.
    """
    for name, form in FORMS.items():
        if out.suffix.lower() in form.suffixes:
            return name
    known = dict.fromkeys(suffix for form in FORMS.values() for suffix in form.suffixes if suffix)
    raise InputError(f"{out}: choose a name that ends in {', '.join(known)}, or a folder's.")


def check_form(out: Path, form: str, fps: int) -> None:
    """Refuse what cannot be written.

    Raises:
        InputError: there is no such form, the name has another ending, or it is too fast or slow.
    """
    if form not in FORMS:
        raise InputError(f"There is no form {form!r}; choose {', '.join(FORMS)}.")
    suffixes, fastest = FORMS[form].suffixes, FORMS[form].fastest
    if out.suffix.lower() not in suffixes:
        endings = " or ".join(
            f"ends in {suffix}" if suffix else "is a folder" for suffix in suffixes
        )
        raise InputError(f"{out}: {form} is written to a name that {endings}; choose another.")
    if not 1 <= fps <= fastest:
        raise InputError(
            f"A {form} of {fps} frames per second is not possible; choose 1 to {fastest}."
        )


@contextmanager
def _ffmpeg(reel: Reel, path: Path, codec: str, pixels: str, options: list[str]) -> Iterator[Take]:
    import imageio_ffmpeg  # noqa: PLC0415  only films need it, and it is large

    encoder: Generator[None, np.ndarray, None] = imageio_ffmpeg.write_frames(
        path,
        (reel.width, reel.height),
        fps=reel.fps,
        codec=codec,
        pix_fmt_out=pixels,
        quality=None,  # said in `options`
        macro_block_size=1,  # nothing is rescaled
        ffmpeg_log_level="error",
        output_params=list(options),
    )
    next(encoder)

    def take(frame: np.ndarray) -> None:
        try:
            encoder.send(np.ascontiguousarray(frame))
        except OSError as error:
            raise _unwritten(reel.out) from error

    with closing(encoder):
        yield take


@contextmanager
def _album(out: Path) -> Iterator[Callable[[str, bytes], None]]:
    """Takes files by name and content, into a folder or a .zip."""
    if out.suffix:
        with finished_file(out) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            yield archive.writestr  # stored as they are: pictures are compressed already
    else:
        with finished_folder(out) as folder:
            yield lambda name, content: _write(folder / name, content)


def _write(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def _png(levels: np.ndarray) -> bytes:
    """A picture as OpenCV has it, blue first."""
    coded = cv2.imencode(".png", levels)[1]
    return coded.tobytes()


def _check_complete(written: int, reel: Reel) -> None:
    """The encoder ends without a word when the disk is full."""
    if written != reel.frames:
        raise _unwritten(reel.out)


def _unwritten(out: Path) -> InputError:
    return InputError(f"{out}: the video could not be written; make room on the disk and retry.")

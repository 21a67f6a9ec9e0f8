"""A video -> a folder of its sharpest frames, evenly spread, made once and then reused."""

import json
import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.errors import InputError
from core.photos.checks import sharpness
from core.photos.ffmpeg import Timeline, decode_frames, read_timeline
from core.photos.local import is_regular_file, local_path, quoted

RECORD = "frames.json"
FRAMES = "frame_*.jpg"
MOST_FRAMES = 500
MOST_SECONDS = 1800.0
MOST_CANDIDATES, ALL_CANDIDATES = 6, 1500  # compared for one frame; in the whole video
QUALITY = 95  # of JPEG: no loss that a camera's own compression has not already made

Slots = list[list[int]]
Request = Mapping[str, str | float]


def extract_frames(
    video: str | Path,
    into: Path,
    *,
    count: int,
    rate: float,
    start: float = 0.0,
    end: float = 0.0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Path, ...]:
    """Take frames out of a video, as ``frame_00012.jpg`` with 12 the frame's number from 0.

    The stretch from ``start`` to ``end`` is cut into equal slots, one for each frame; of several
    candidates in the middle two thirds of a slot the sharpest is kept. ``into`` appears only when
    it is finished; if it already holds the frames of this video by these numbers, nothing is
    decoded, and the video need not be there any more.

    Args:
        video: A local file: mp4, mov, m4v, 3gp, avi, mkv, webm, mts, m2ts, ts or gif.
        into: Folder to make. One made by an earlier call is replaced; another is refused.
        count: Number of frames if ``rate`` is 0.
        rate: Frames per second of video; 0 for ``count`` frames.
        start: Seconds into the video.
        end: Seconds into the video; 0 for its end.
        progress: Called with frames done and frames in all; what it raises cancels cleanly.

    Returns:
        The frames' paths, in order.

    Raises:
        InputError: An address; no regular file; no video, damaged or cut short; numbers that do
            not fit it; or ``into`` holds something else.
    """
    numbers = _numbers(count, rate, start, end)
    try:
        source = _regular_file(video)
    except InputError:
        if frames := _frames_of_one_gone(into, Path(video).name, numbers):
            return frames
        raise
    stat = source.stat()
    file: Request = {"video": source.name, "bytes": stat.st_size, "modified_ns": stat.st_mtime_ns}
    request = {**file, **numbers}
    if (finished := _finished_frames(into, request)) is not None:
        return finished
    _require_replaceable(into)
    timeline = read_timeline(source)
    inside = _inside(source.name, timeline, start, end)
    slots = _slots(source.name, inside, _number_of_frames(timeline, inside, count, rate))
    with _made_whole(into) as unfinished:
        _write_frames(source, timeline, slots, unfinished, progress)
        record = json.dumps({"request": request, "frames": len(slots)}, indent=1)
        (unfinished / RECORD).write_text(record, encoding="utf-8")
    return _frames_in(into)


@contextmanager
def _made_whole(folder: Path) -> Iterator[Path]:
    """A new folder that takes this one's place once it is finished, and is gone otherwise."""
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)  # of a process that was killed
    try:
        unfinished.mkdir(parents=True)
        yield unfinished
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _regular_file(video: str | Path) -> Path:
    source = local_path(video)
    if not is_regular_file(source):
        raise InputError(f"{quoted(source.name)} is not a video file: give the file itself.")
    if source.stat().st_size == 0:
        raise InputError(f"{quoted(source.name)} is empty: copy the video again.")
    return source


def _numbers(count: int, rate: float, start: float, end: float) -> Request:
    """What decides which frames of a video are taken; the count does not where there is a rate."""
    numbers = {"rate": rate, "start": start, "end": end}
    for option, value in numbers.items():
        if not (math.isfinite(value) and value >= 0):
            raise InputError(f"The video's {option} of {value} is no such number: give 0 or more.")
    if 0 < end <= start:
        raise InputError(
            f"The video's end at {end:g} s is not after its start at {start:g} s: give a later "
            "end, or 0 for the whole."
        )
    return numbers | ({} if rate else {"count": count})


def _frames_in(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(folder.glob(FRAMES)))


def _finished_frames(into: Path, request: Request) -> tuple[Path, ...] | None:
    """The frames an earlier call with the same request left, if all are there."""
    frames = _frames_in(into)
    return frames if _record_in(into) == {"request": request, "frames": len(frames)} else None


def _record_in(into: Path) -> dict[str, Any] | None:
    """What an earlier call has written of itself."""
    try:
        record = json.loads((into / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def _frames_of_one_gone(into: Path, name: str, numbers: Request) -> tuple[Path, ...] | None:
    """The frames that were taken of a video that is not there any more, by the same numbers."""
    record = _record_in(into) or {}
    request, frames = record.get("request"), _frames_in(into)
    if not isinstance(request, dict) or record.get("frames") != len(frames):
        return None
    wanted = {"video": name, **numbers}
    return frames if {key: request.get(key) for key in wanted} == wanted else None


def _require_replaceable(into: Path) -> None:
    """Refuses to delete what no earlier call has made."""
    if not into.exists():
        return
    files = set(into.iterdir()) if into.is_dir() else {into}
    seen = {file for file in files if not file.name.startswith(".")}  # file managers leave theirs
    record = into / RECORD
    if seen and not (record in seen and seen <= {record, *_frames_in(into)}):
        raise InputError(
            f"{quoted(str(into))} holds other files than a video's frames: choose another folder."
        )


def _inside(name: str, timeline: Timeline, start: float, end: float) -> np.ndarray:
    """Numbers of the frames in [start, end) seconds."""
    seconds = timeline.seconds
    if len(seconds) < 2:
        raise InputError(
            f"{quoted(name)} holds a single frame and at least 2 are needed: give a longer video."
        )
    inside = np.flatnonzero((seconds >= start) & (seconds < (end or math.inf)))
    if len(inside) < 2:
        raise InputError(
            f"{quoted(name)} has {len(inside)} of its {len(seconds)} frames between the chosen "
            f"start and end: choose a stretch within its {seconds[-1]:.1f} s."
        )
    if (length := seconds[inside[-1]] - seconds[inside[0]]) > MOST_SECONDS:
        raise InputError(
            f"{length / 60:.0f} minutes of {quoted(name)} are more than "
            f"{MOST_SECONDS / 60:.0f}: choose a shorter stretch by its start and end."
        )
    return inside


def _number_of_frames(timeline: Timeline, inside: np.ndarray, count: int, rate: float) -> int:
    """``count``, or what the rate gives over the stretch, its last frame's own time included."""
    if rate == 0:
        return count
    first, last = timeline.seconds[inside[[0, -1]]]
    return round((last - first) * len(inside) / (len(inside) - 1) * rate)


def _slots(name: str, inside: np.ndarray, wanted: int) -> Slots:
    """Candidates for each wanted frame: of equal slots of frames the middle two thirds, thinned."""
    most = min(MOST_FRAMES, len(inside))
    if not 2 <= wanted <= most:
        raise InputError(
            f"{wanted} frames of {quoted(name)} are asked for and 2 to {most} can be taken from "
            "this stretch: change the number or rate of frames."
        )
    compared = min(MOST_CANDIDATES, ALL_CANDIDATES // wanted)
    edges = np.linspace(0, len(inside), wanted + 1).round().astype(int)
    slots = []
    for first, last in pairwise(edges):
        margin = (last - first) // 6
        middle = inside[first + margin : last - margin]
        picks = np.linspace(0, len(middle) - 1, min(compared, len(middle))).round().astype(int)
        slots.append([int(number) for number in middle[picks]])
    return slots


def _write_frames(
    source: Path,
    timeline: Timeline,
    slots: Slots,
    folder: Path,
    progress: Callable[[int, int], None] | None,
) -> None:
    """Decode the candidates once and write the sharpest of each slot; two frames are held."""
    slot_of = {number: index for index, slot in enumerate(slots) for number in slot}
    stretch = timeline.seconds[slots[-1][-1]] - timeline.seconds[slots[0][0]]
    limit = 120.0 + 20.0 * float(stretch)
    done = 0
    with closing(decode_frames(source, timeline, list(slot_of), limit)) as frames:
        for _, candidates in groupby(frames, key=lambda frame: slot_of[frame[0]]):
            number, pixels = max(candidates, key=lambda frame: sharpness([frame[1]])[0])
            Image.fromarray(pixels).save(folder / f"frame_{number:05d}.jpg", quality=QUALITY)
            done += 1
            if progress is not None:
                progress(done, len(slots))
    if done < len(slots):
        raise InputError(
            f"{quoted(source.name)} gave only {done} of {len(slots)} frames, it is damaged or too "
            f"slow to decode in {limit:.0f} s: convert it to a smaller MP4."
        )

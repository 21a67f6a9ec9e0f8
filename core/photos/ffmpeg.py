"""The bundled ffmpeg as a reader of untrusted local video: no network, no other files, no hanging.

The file is given as an absolute path; only the ``file`` protocol and five container families are
allowed, so that playlists and manifests under a video's name are refused; there is no standard
input; and a time limit kills what takes too long.
"""

import math
import re
import subprocess
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from queue import SimpleQueue
from threading import Thread, Timer
from typing import IO

import numpy as np

from core.errors import InputError
from core.photos.local import quoted

MOST_PIXELS = 64_000_000
MOST_FRAMES = 200_000  # about an hour at 60 frames per second
SCAN_SECONDS = 120.0
GUARDS = (
    *("-nostdin", "-hide_banner", "-nostats", "-loglevel", "info"),
    *("-protocol_whitelist", "file", "-format_whitelist", "mov,matroska,avi,mpegts,gif"),
    *("-max_pixels", str(MOST_PIXELS)),
    "-copyts",  # the same timestamps in every run
)

DURATION = re.compile(
    r"^  Duration: (\d+):(\d+):(\d+\.\d+)(?:, start: (-?\d+\.\d+))?", re.MULTILINE
)
FIRST = "0:V:0"  # of the streams that are no cover pictures
STREAM = re.compile(
    r"^  Stream #(0:\d+)\S*: Video: .*?, (\d+)x(\d+)(?!.*attached pic)", re.MULTILINE
)
SOUND = re.compile(r"^  Stream #0:\d+\S*: Audio: ", re.MULTILINE)
CUT_SHORT = re.compile(r"^\[.*(partial file|ended prematurely)", re.MULTILINE)
LEAST_SHARE = 0.7  # of the promised duration that must be there; sound may outlast the picture
UNIT = re.compile(r"^#tb 0: (\d+/\d+)$", re.MULTILINE)
PACKET = re.compile(r"^0, *(-?\d+), *(-?\d+),.*?(?:F=0x(\w+).*)?$", re.MULTILINE)
NO_TIMESTAMP = -(2**63)
CORRUPT, DISCARDED = 0x2, 0x4  # flags of a packet, libavcodec/packet.h
# Matrix, primaries and transfer of a stream, where they are told and differ.
COLOUR = re.compile(r"Video: .*?\((?:\w+, )?[\w-]+/(?P<primaries>[\w-]+)/(?P<transfer>[\w-]+)[,)]")
HDR = ("arib-std-b67", "smpte2084")  # HLG, as phones record it, and PQ
WIDE = ("bt2020", "smpte431", "smpte432")  # of primaries, the last being Display P3
STRETCHED = 4  # times as wide as high or high as wide a pixel may be; else it is an error
WHITE = 203  # cd/m2 of what SDR shows as white (ITU-R BT.2408)
PEAK = 1000 / WHITE  # what is brought into reach; up to `STRAIGHT` it stays as it is
STRAIGHT = 0.7
SHOWN = re.compile(r"\[Parsed_showinfo_\d+ @ \w+\] n: *\d+ pts: *(-?\d+) .* s:(\d+)x(\d+) ")


@dataclass(frozen=True)
class Timeline:
    """When each frame of a video is shown: increasing ``stamps`` of ``unit`` seconds each.

    Of several videos in one file ``stream`` names the largest, as ffmpeg's ``-map`` does.
    ``primaries`` and ``transfer`` are ffmpeg's names too, where the file tells them.
    """

    stamps: tuple[int, ...]
    unit: Fraction
    stream: str = FIRST
    primaries: str = ""
    transfer: str = ""

    @property
    def seconds(self) -> np.ndarray:
        """(frames,) float64, when each frame is shown, the first at 0."""
        return (np.array(self.stamps) - self.stamps[0]) * float(self.unit)


def read_timeline(video: Path) -> Timeline:
    """The timestamps of all frames, from the packets alone: nothing is decoded.

    Args:
        video: Resolved path of a regular file.

    Raises:
        InputError: It is no video, cut short, too long, or reading it takes over two minutes.
    """
    stream, (code, table, said) = FIRST, _scanned(video, FIRST)
    if (largest := _largest_stream(said)) is not None:
        stream, (code, table, said) = largest, _scanned(video, largest)
    unit = UNIT.search(table)
    packets = [
        (int(dts) if int(pts) == NO_TIMESTAMP else int(pts), int(flags or "0", 16))
        for dts, pts, flags in PACKET.findall(table)
    ]
    stamps = sorted({stamp for stamp, flags in packets if not flags & DISCARDED})
    if SOUND.search(said) and not STREAM.search(said):
        raise InputError(
            f"{quoted(video.name)} holds sound and no moving picture: give the video itself."
        )
    if code != 0 or unit is None or not stamps:
        raise InputError(
            f"{quoted(video.name)} cannot be read as a video, it is damaged, incomplete or of "
            "another kind: copy it again or convert it to MP4."
        )
    if len(packets) >= MOST_FRAMES:
        raise InputError(f"{quoted(video.name)} has over {MOST_FRAMES:,} frames: cut out a part.")
    timeline = Timeline(tuple(stamps), Fraction(unit[1]), stream, *_colour(said, stream))
    corrupt = any(flags & CORRUPT for _, flags in packets)
    last = float(timeline.seconds[-1]) / max(1, len(stamps) - 1)  # seconds that it is shown
    late = max(0.0, stamps[0] * float(timeline.unit) - _start(said))  # sound may be there first
    shown = math.inf if len(stamps) == 1 else late + float(timeline.seconds[-1]) + last
    short = shown < LEAST_SHARE * _promised_seconds(said) - 0.1
    if corrupt or short or CUT_SHORT.search(said):
        raise InputError(f"{quoted(video.name)} is cut short or damaged: copy it again.")
    return timeline


def _scanned(video: Path, stream: str) -> tuple[int, str, str]:
    """ffmpeg's exit status, its table of a stream's packets, and what it said."""
    output = f"-map {stream} -c copy -frames:v {MOST_FRAMES} -f framecrc pipe:1".split()
    try:
        scan = subprocess.run(
            _command(video, 0.0, output),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SCAN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"{quoted(video.name)} took over two minutes to read: copy it to a faster disk."
        ) from error
    return scan.returncode, scan.stdout.decode(), scan.stderr.decode(errors="replace")


def _largest_stream(said: str) -> str | None:
    """The video of most pixels among several; None where it is the first."""
    sizes = {name: int(width) * int(height) for name, width, height in STREAM.findall(said)}
    largest = max(sizes, key=lambda name: sizes[name], default=None)
    return None if largest is None or largest == next(iter(sizes)) else largest


def _colour(said: str, stream: str) -> tuple[str, str]:
    """Primaries and transfer of a stream, as far as they are told."""
    number = None if stream == FIRST else stream
    for line in said.splitlines():
        mine = STREAM.match(line)
        if mine and number in (None, mine[1]):
            colour = COLOUR.search(line)
            return (colour["primaries"], colour["transfer"]) if colour else ("", "")
    return "", ""


def _as_shown(timeline: Timeline) -> str:
    """Filters that bring frames to square pixels and to the colours of an ordinary screen.

    Light brighter than SDR's white is pressed into the last third, and all below stays.
    """
    filters = [f"scale='round(iw*if(between(sar,1/{STRETCHED},{STRETCHED}),sar,1))':ih", "setsar=1"]
    hdr, wide = timeline.transfer in HDR, timeline.primaries in WIDE
    if hdr or wide:
        filters += [f"zscale=t=linear:npl={WHITE}:agamma=0", "format=gbrpf32le", "zscale=p=bt709"]
        filters += [f"tonemap=mobius:param={STRAIGHT}:peak={PEAK:.3f}:desat=0"] if hdr else []
        filters += [f"zscale=t={'iec61966-2-1' if hdr else 'bt709'}:r=full", "format=gbrp"]
    return ",".join(filters)


def decode_frames(
    video: Path, timeline: Timeline, wanted: Sequence[int], limit: float
) -> Generator[tuple[int, np.ndarray], None, None]:
    """Wanted frames of a video in order, upright, one at a time; ``close()`` ends ffmpeg.

    Args:
        video: Resolved path of a regular file.
        timeline: Of this video.
        wanted: Increasing frame numbers, indices into ``timeline.stamps``.
        limit: Seconds after which ffmpeg is killed, which ends the frames.

    Yields:
        Frame number and pixels (H, W, 3) uint8 RGB. Frames that cannot be decoded are missing.
    """
    numbers = {timeline.stamps[number]: number for number in wanted}
    chosen = _any_of([f"eq(pts,{stamp})" for stamp in numbers])
    output = [
        *("-map", timeline.stream, "-frames:v", str(len(wanted)), "-fps_mode", "passthrough"),
        "-vf",
        f"settb={timeline.unit},select='{chosen}',{_as_shown(timeline)},showinfo=checksum=0",
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"),
    ]
    start = float(timeline.seconds[wanted[0]])
    process = subprocess.Popen(
        _command(video, start, output),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None, "both are pipes"
    shown: SimpleQueue[tuple[int, int, int] | None] = SimpleQueue()
    listener = Thread(target=_listen, args=(process.stderr, shown), daemon=True)
    timer = Timer(limit, process.kill)
    listener.start()
    timer.start()
    try:
        yield from _frames(process.stdout, shown, numbers)
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        listener.join()
        process.stdout.close()
        process.stderr.close()


def _any_of(terms: list[str]) -> str:
    """The terms' sum as a balanced tree: ffmpeg refuses expressions over 100 levels deep."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return f"({_any_of(terms[:half])}+{_any_of(terms[half:])})"


def get_ffmpeg_exe() -> str:
    """The bundled program; its package is not imported on the way to photos that are files.

    Raises:
        RuntimeError: it is not there.
    """
    import imageio_ffmpeg  # noqa: PLC0415

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def _command(video: Path, start: float, output: list[str]) -> list[str]:
    """ffmpeg's command line; reads from the key frame a second or more before ``start``."""
    try:
        program = get_ffmpeg_exe()
    except RuntimeError as error:
        raise InputError(
            "No ffmpeg was found to read the video: reinstall the package imageio-ffmpeg, or take "
            "frames out of it with another tool and give their folder."
        ) from error
    seek = ["-ss", f"{start - 1:.3f}"] if start > 1 else []
    return [program, *GUARDS, *seek, "-i", str(video), *output]


def _promised_seconds(said: str) -> float:
    """The duration in the file's header; 0 if it has none.

    Matroska's counts from 0 also where time starts late, which then is no part of it.
    """
    duration = DURATION.search(said)
    if duration is None:
        return 0.0
    hours, minutes, seconds, _ = duration.groups()
    length, late = 3600 * int(hours) + 60 * int(minutes) + float(seconds), _start(said)
    return length - late if late < length else length


def _start(said: str) -> float:
    """When the first of all streams begins, in seconds as the file counts them."""
    duration = DURATION.search(said)
    return float(duration[4] or 0) if duration else 0.0


def _listen(log: IO[bytes], shown: SimpleQueue[tuple[int, int, int] | None]) -> None:
    """Passes on timestamp, width and height of every frame that ffmpeg shows; None at its end."""
    for line in log:
        if seen := SHOWN.match(line.decode(errors="replace")):
            shown.put((int(seen[1]), int(seen[2]), int(seen[3])))
    shown.put(None)


def _frames(
    pixels: IO[bytes], shown: SimpleQueue[tuple[int, int, int] | None], numbers: dict[int, int]
) -> Iterator[tuple[int, np.ndarray]]:
    size = None
    while (seen := shown.get()) is not None:
        stamp, width, height = seen
        size = size or (height, width, 3)  # ffmpeg brings all frames to the size of the first
        raw = pixels.read(math.prod(size))
        if len(raw) < math.prod(size):
            return
        yield numbers[stamp], np.frombuffer(raw, np.uint8).reshape(size)

"""Render a video of a run along a camera path."""

import argparse
import json
import re
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TimeRemainingColumn

from core.errors import InputError
from core.exporting.colour import CHANNELS, COLOUR_MAPS
from core.exporting.pictures import median_depth
from core.exporting.transforms import read_path
from core.exporting.video import VideoResult, render_video
from core.geometry.cameras import Camera
from core.geometry.paths import PATHS, average_camera
from core.training import checkpoint
from core.training.learned import Learned
from studio.cli.signals import end_on_signals

SUMMARY = "Render a video of a run along a camera path."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's arguments."""
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="the run's folder")
    parser.add_argument(
        "--path", default="spiral", help=f"{' | '.join(PATHS)} | a transforms.json of keyframes"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.mp4", help="the video")
    parser.add_argument("--frames", type=int, default=90, help="how many frames [90]")
    parser.add_argument("--size", metavar="WxH", help="pixels of the video [those of the photos]")
    parser.add_argument("--fps", type=int, default=30, help="frames per second [30]")
    parser.add_argument("--channel", default="rgb", choices=CHANNELS, help="what it shows [rgb]")
    parser.add_argument(
        "--colour-map", default="turbo", choices=COLOUR_MAPS, help="colours of depth [turbo]"
    )


def main(arguments: argparse.Namespace) -> int:
    """Render; print one JSON line; Ctrl-C leaves no half video behind."""
    size = _size(arguments.size)
    learned = checkpoint.learned_in(arguments.run)
    path = _path(learned, arguments.path, arguments.frames)
    ended = end_on_signals()
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns()[:3], TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("frames", total=len(path))
        result = render_video(
            learned,
            path,
            arguments.out,
            size=size,
            fps=arguments.fps,
            channel=arguments.channel,
            colour_map=arguments.colour_map,
            on_progress=lambda done, total: bar.update(task, completed=done, total=total),
            cancelled=ended.is_set,
        )
    if result.notice:
        console.print(result.notice, highlight=False)
    print(json.dumps(_facts(result)))
    return 0


def _path(learned: Learned, word: str, frames: int) -> list[Camera]:
    middle = average_camera(learned.trained)
    if word in PATHS:
        return PATHS[word](learned.trained, frames, median_depth(learned.scene, middle))
    if not Path(word).is_file():
        raise InputError(f"--path is {' or '.join(PATHS)} or a file of keyframes, not {word}.")
    return read_path(Path(word), middle, frames)


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if match is None:
        raise InputError(f"--size is WIDTHxHEIGHT such as 640x480, not {text}.")
    return int(match[1]), int(match[2])


def _facts(result: VideoResult) -> dict[str, object]:
    return {
        "video": str(result.path),
        "width": result.width,
        "height": result.height,
        "frames": result.frames,
        "seconds": result.seconds,
    }

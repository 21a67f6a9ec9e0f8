"""Render a run along a camera path: a video, pictures or depth."""

import argparse
import json
import re
from pathlib import Path

from rich.console import Console

from core.errors import InputError
from core.exporting.colour import CHANNELS, COLOUR_MAPS
from core.exporting.films import FORMS, form_of
from core.exporting.keyframes import read_path
from core.exporting.video import Look, VideoResult, camera_path, render_video
from core.formats.checks import check_writable
from core.geometry.cameras import Camera
from core.geometry.paths import average_camera
from core.geometry.routes import ORDERS, PATHS, Route
from core.runs import checkpoint
from core.training.learned import Learned
from studio.cli.progress import watched
from studio.cli.showing import add_device, add_show, learned_of, placed

SUMMARY = "Render a run along a camera path: a video, pictures or depth."
USUAL_ROUTE, USUAL_LOOK = Route(), Look()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's arguments."""
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="the run's folder")
    parser.add_argument(
        "--path",
        default=USUAL_ROUTE.kind,
        help=f"{' | '.join(PATHS)} | a transforms.json of keyframes [{USUAL_ROUTE.kind}]",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the file, or a folder of pictures"
    )
    parser.add_argument(
        "--frames", type=int, default=USUAL_ROUTE.frames, help="how many frames [%(default)s]"
    )
    add_show(parser)
    add_device(parser)
    _add_look(parser.add_argument_group("what it shows"))
    _add_spiral(parser.add_argument_group("the path"))


def _add_look(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--form", choices=FORMS, help="what is written [mp4, gif, npy or frames, as --out ends]"
    )
    group.add_argument("--size", metavar="WxH", help="pixels of a frame [those of the photos]")
    group.add_argument(
        "--fps", type=int, default=USUAL_LOOK.fps, help="frames per second [%(default)s]"
    )
    group.add_argument(
        "--channel",
        default=USUAL_LOOK.channel,
        choices=CHANNELS,
        help="what the colours mean [%(default)s]",
    )
    group.add_argument(
        "--colour-map",
        default=USUAL_LOOK.colour_map,
        choices=COLOUR_MAPS,
        help="colours of depth, disparity and opacity [%(default)s]",
    )


def _add_spiral(group: argparse._ArgumentGroup) -> None:
    usual = USUAL_ROUTE
    group.add_argument(
        "--order",
        default=usual.order,
        choices=ORDERS,
        help="interpolate: from each camera to the nearest, or as the files are [%(default)s]",
    )
    group.add_argument(
        "--turns", type=float, default=usual.turns, help="spiral: times round [%(default)g]"
    )
    group.add_argument(
        "--depth-turns",
        type=float,
        default=usual.depth_turns,
        help="spiral: times in and out in each turn [%(default)g]",
    )
    group.add_argument(
        "--radius-percentile",
        type=float,
        default=usual.radius_percentile,
        help="spiral: as wide as this percentage of the cameras is spread [%(default)g]",
    )
    group.add_argument(
        "--radius-scale",
        default="1",
        metavar="S|X,Y,Z",
        help="spiral: times that width; or each to the right, down and forward [%(default)s]",
    )
    group.add_argument(
        "--focus-depth",
        type=float,
        help="spiral: depth it looks at, in world units, at least twice its width [measured]",
    )


def main(arguments: argparse.Namespace) -> int:
    """Render; print one JSON line; Ctrl-C leaves no half video behind."""
    look = Look(
        form=arguments.form or form_of(arguments.out),
        size=_size(arguments.size),
        fps=arguments.fps,
        channel=arguments.channel,
        colour_map=arguments.colour_map,
    )
    route = _route(arguments)
    learned = placed(
        learned_of(checkpoint.newest_in(arguments.run), arguments.show), arguments.device
    )
    check_writable(learned.by_name)
    path = _path(learned, route)
    with watched("frames") as watch:
        result = render_video(learned, path, arguments.out, look, watch)
    if result.notice:
        Console(stderr=True).print(result.notice, highlight=False)
    print(json.dumps(_facts(result)))
    return 0


def _route(arguments: argparse.Namespace) -> Route:
    return Route(
        kind=arguments.path,
        frames=arguments.frames,
        turns=arguments.turns,
        depth_turns=arguments.depth_turns,
        radius_percentile=arguments.radius_percentile,
        radius_scale=_scale(arguments.radius_scale),
        focus_depth=arguments.focus_depth,
        order=arguments.order,
    )


def _path(learned: Learned, route: Route) -> list[Camera]:
    if route.kind in PATHS:
        return camera_path(learned, route)
    if not Path(route.kind).is_file():
        raise InputError(f"--path is {', '.join(PATHS)} or a file of keyframes, not {route.kind}.")
    return read_path(Path(route.kind), average_camera(learned.trained), route.frames)


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if match is None:
        raise InputError(f"--size is WIDTHxHEIGHT such as 640x480, not {text}.")
    return int(match[1]), int(match[2])


def _scale(text: str) -> tuple[float, float, float]:
    try:
        match [float(part) for part in text.split(",")]:
            case [factor]:
                return factor, factor, factor
            case [right, down, forward]:
                return right, down, forward
    except ValueError:
        pass
    raise InputError(f"--radius-scale is one number or three such as 1,1,0, not {text}.")


def _facts(result: VideoResult) -> dict[str, object]:
    return {
        "video": str(result.path),
        "width": result.width,
        "height": result.height,
        "frames": result.frames,
        "seconds": result.seconds,
    }

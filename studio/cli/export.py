"""Write what a run has learned: cameras, points, meshes, splats, plot, history, a page to send."""

import argparse
import json
from pathlib import Path

from rich.console import Console

from core.engine.monitoring.history import trails_in
from core.errors import InputError
from core.exporting.cameras import EXPORTS, pictures_of, write_cameras
from core.exporting.geometry import GEOMETRY
from core.exporting.history import HISTORY, write_history
from core.exporting.page.writing import HTML, LARGEST, about_run, write_page
from core.exporting.plots import plot_cameras
from core.formats.checks import check_writable
from core.geometry.gauge import ORIGINS, UPS, Gauge
from core.runs import checkpoint
from core.runs.judged import kept
from core.states import part_of
from studio.cli.progress import watched
from studio.cli.showing import add_device, add_show, learned_of, placed
from studio.jobs.measuring import others_beside

SUMMARY = "Write cameras, points, a mesh, splats, a plot, their history, or a page to send."
PLOT = "plot"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's arguments."""
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="the run's folder")
    parser.add_argument(
        "--format",
        required=True,
        choices=[*EXPORTS, *GEOMETRY, PLOT, HISTORY, HTML],
        help="the form",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="the file to write; for COLMAP a new folder or a .zip; html is one page that opens in "
        "any browser; the ending of a mesh (.ply, .obj, .glb) and of a plot (.png, .svg, .pdf) "
        "decides its form",
    )
    add_show(parser)
    add_device(parser)
    _add_gauge(parser)
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="PATH",
        help="plot: cameras to draw beside the learned ones, such as a transforms.json",
    )
    parser.add_argument(
        "--megabytes",
        type=float,
        metavar="M",
        help=f"html: the most that the file may have [{LARGEST / 1e6:g}]",
    )


def _add_gauge(parser: argparse.ArgumentParser) -> None:
    """In which world the cameras are written."""
    parser.add_argument(
        "--scale",
        type=float,
        default=0.0,
        metavar="S",
        help="root mean square distance of the cameras from their mean; 0 leaves lengths [0]",
    )
    parser.add_argument(
        "--up",
        default="as-learned",
        choices=UPS,
        help="the axis that the cameras' mean up becomes [as-learned]",
    )
    parser.add_argument(
        "--origin",
        default="as-learned",
        choices=ORIGINS,
        help="the first camera or the mean of all becomes the origin [as-learned]",
    )


def main(arguments: argparse.Namespace) -> int:
    """Write the file; print one JSON line."""
    form, out = arguments.format, arguments.out
    gauge = Gauge(arguments.scale, arguments.up, arguments.origin)
    if form in (PLOT, HISTORY, HTML) and gauge != Gauge():
        raise InputError(f"--scale, --up and --origin are not for the {form}; omit them.")
    if form != PLOT and arguments.reference is not None:
        raise InputError(f"--reference is for a plot, not for {form}; omit it.")
    if form != HTML and arguments.megabytes is not None:
        raise InputError(f"--megabytes is for {HTML}, not for {form}; omit it.")
    found = checkpoint.newest_in(arguments.run)
    learned = placed(learned_of(found, arguments.show), arguments.device)
    check_writable(learned.by_name)
    said = kept(arguments.run, found.facts.get("found_by", "pixels"))
    if form == PLOT:
        plot_cameras(learned, out, others_beside(learned, arguments.reference))
    elif form in EXPORTS:
        write_cameras(form, learned, out, gauge, said)
        of = pictures_of(form, learned)
        Console(stderr=True).print(f"The cameras are of {of}.", markup=False, highlight=False)
    elif form in (HISTORY, HTML):
        trails = trails_in(part_of(found.tensors, "extra."), len(learned.names))
        if form == HISTORY:
            write_history(learned, trails.steps, trails.poses, trails.focals, out)
        else:
            title = arguments.run.resolve().name
            about = about_run(title, learned, said, trails.steps, trails.poses)
            with watched("views") as watch:
                write_page(learned, about, out, watch, _bytes(arguments.megabytes))
    else:
        with watched("steps") as watch:
            GEOMETRY[form](learned, out, watch, gauge)
    facts = {**said, "cameras": len(learned.trained), "not_placed": learned.not_placed}
    print(json.dumps({"file": str(out), **facts}))
    return 0


def _bytes(megabytes: float | None) -> int:
    if megabytes is None:
        return LARGEST
    if not 0 < megabytes <= LARGEST / 1e6:
        raise InputError(
            f"--megabytes {megabytes:g} is not possible; choose more than 0 and at most "
            f"{LARGEST / 1e6:g}."
        )
    return int(megabytes * 1e6)

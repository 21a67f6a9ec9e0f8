"""Write what a run has learned for other tools: cameras, points, meshes, splats, plot, history."""

import argparse
import json
from pathlib import Path

from core.engine.history import trails_in
from core.errors import InputError
from core.exporting.cameras import EXPORTS, write_cameras
from core.exporting.geometry import GEOMETRY
from core.exporting.history import HISTORY, write_history
from core.exporting.plots import plot_cameras
from core.geometry.gauge import ORIGINS, UPS, Gauge
from core.training import checkpoint
from core.training.optimizers import part_of
from studio.cli.progress import watched

SUMMARY = "Write cameras, points, a mesh, splats, a plot or the history of the cameras."
PLOT = "plot"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's arguments."""
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="the run's folder")
    parser.add_argument(
        "--format", required=True, choices=[*EXPORTS, *GEOMETRY, PLOT, HISTORY], help="the form"
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="the file to write; for COLMAP a new folder or a .zip; the ending of a mesh (.ply, "
        ".obj, .glb) and of a plot (.png, .svg, .pdf) decides its form",
    )
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
    found = checkpoint.newest_in(arguments.run)
    learned = checkpoint.learned(found)
    gauge = Gauge(arguments.scale, arguments.up, arguments.origin)
    form, out = arguments.format, arguments.out
    if form in EXPORTS:
        write_cameras(form, learned, out, gauge)
    elif gauge != Gauge():
        raise InputError(f"--scale, --up and --origin are for cameras, not for {form}; omit them.")
    elif form == HISTORY:
        trails = trails_in(part_of(found.tensors, "extra."), len(learned.names))
        write_history(learned.names, trails.steps, trails.poses, trails.frames, out)
    elif form == PLOT:
        plot_cameras(learned, out)
    else:
        with watched("steps") as watch:
            GEOMETRY[form](learned, out, watch)
    print(json.dumps({"file": str(out), "cameras": len(learned.trained)}))
    return 0

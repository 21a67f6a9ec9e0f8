"""Write the learned cameras of a run for other tools."""

import argparse
import json
from pathlib import Path

from core.exporting.cameras import EXPORTS, write_cameras
from core.geometry.gauge import ORIGINS, UPS, Gauge
from core.training import checkpoint

SUMMARY = "Write the learned cameras of a run for other tools."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's arguments."""
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="the run's folder")
    parser.add_argument("--format", required=True, choices=EXPORTS, help="the form")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="the file to write; for colmap-text and colmap-binary a new folder, or a .zip",
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
    learned = checkpoint.learned_in(arguments.run)
    gauge = Gauge(arguments.scale, arguments.up, arguments.origin)
    write_cameras(arguments.format, learned, arguments.out, gauge)
    print(json.dumps({"file": str(arguments.out), "cameras": len(learned.trained)}))
    return 0

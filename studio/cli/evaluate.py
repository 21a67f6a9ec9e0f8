"""Measure a run: its cameras against a reference, its views against photos kept aside."""

import argparse
import os
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from core.config import Config
from core.config.paths import changed
from core.engine.run_folder.opening import photos_of_run
from core.errors import InputError
from core.exporting.jobs import Watch
from core.photos import local_path
from core.runs import checkpoint
from core.runs.judged import kept
from core.training.build import kept_aside
from core.training.learned import Learned
from studio.cli.progress import watched
from studio.cli.showing import add_device, placed
from studio.jobs.measuring import compared, lpips_at_hand, measure

SUMMARY = "Measure a run's cameras and views."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's arguments."""
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="the run's folder")
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="PATH",
        help="cameras to compare with: a transforms.json, a COLMAP model or a poses_bounds.npy",
    )
    parser.add_argument(
        "--photos", type=Path, metavar="PATH", help="where the run's photos are now, if moved"
    )
    parser.add_argument(
        "--lpips",
        default="",
        metavar="FILE",
        help="torchvision's VGG-16, for LPIPS; without it, what torch's cache holds",
    )
    add_device(parser)


def main(arguments: argparse.Namespace) -> int:
    """Measure what can be measured; print one JSON line."""
    found = checkpoint.newest_in(arguments.run)
    learned = placed(checkpoint.learned(found), arguments.device)
    config = _config(found, arguments.photos)
    errors = compared(learned, arguments.reference)
    own = kept_aside(config, learned.names)
    pictures = _own_pictures(arguments.run, config, learned) if own else None
    lpips, missing = lpips_at_hand(arguments.lpips, config, learned)
    if missing:
        print(f"LPIPS is left out: {missing}", file=sys.stderr)
    with watched("photos") if own else nullcontext(Watch()) as watch:
        report = measure(learned, config, errors, pictures, os.cpu_count() or 1, watch, lpips)
    if report.held_out == 0:
        print(
            "The run keeps no photos aside, so there is no PSNR or SSIM of new views; train one "
            "with --data.held_out every8 to have them.",
            file=sys.stderr,
        )
    print(report.line(kept(arguments.run, found.facts.get("found_by", "pixels"))))
    return 0


def _config(found: checkpoint.Checkpoint, photos: Path | None) -> Config:
    """The settings of the run, told where its photos are now."""
    moved = {} if photos is None else {"data.photos": str(local_path(photos))}
    return changed(found.config, moved)


def _own_pictures(run: Path, config: Config, learned: Learned) -> list[np.ndarray]:
    """(h, w, 3) uint8 the photos that the run was trained on."""
    photos = photos_of_run(config, run, learned.names)
    sizes = [(camera.width, camera.height) for camera in learned.cameras]
    if photos.names != learned.names or [photos.size(p) for p in range(len(sizes))] != sizes:
        raise InputError(
            f"The photos in {config.data.photos} are not those of the run {run}; say with --photos "
            "where those are."
        )
    return photos.pictures

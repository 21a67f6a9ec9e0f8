"""Measure a run: its cameras against a reference, its views against photos kept aside."""

import argparse
import os
import sys
from pathlib import Path

from core.engine.opening import read_photos
from core.errors import InputError
from core.evaluation.cameras import compare_cameras
from core.evaluation.report import make_report
from core.evaluation.views import USUAL, ViewScore, score_views
from core.formats.reference import read_reference
from core.geometry.cameras import Camera
from core.photos import local_path
from core.training import checkpoint
from core.training.build import held_out
from core.training.config import Config
from core.training.learned import Learned
from core.training.settings import changed
from studio.cli.progress import watched

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


def main(arguments: argparse.Namespace) -> int:
    """Measure what can be measured; print one JSON line."""
    found = checkpoint.newest_in(arguments.run)
    learned, config = checkpoint.learned(found), _config(found, arguments.photos)
    cameras = learned.by_name
    errors = None
    if arguments.reference is not None:
        errors = compare_cameras(cameras, read_reference(arguments.reference))
    scores = _scores(arguments.run, config, learned)
    if not scores:
        print(
            "The run keeps no photos aside, so there is no PSNR or SSIM of new views; train one "
            "with --data.held_out every8 to have them.",
            file=sys.stderr,
        )
    report = make_report(
        errors,
        scores,
        learned=len(cameras),
        split=config.data.held_out,
        resolution=(learned.cameras[0].width, learned.cameras[0].height),
        search=USUAL,
    )
    print(report.line())
    return 0


def _config(found: checkpoint.Checkpoint, photos: Path | None) -> Config:
    """The settings of the run, told where its photos are now."""
    moved = {} if photos is None else {"data.photos": str(local_path(photos))}
    return changed(found.config, moved)


def _scores(run: Path, config: Config, learned: Learned) -> list[tuple[str, ViewScore]]:
    """Scores of the photos that the split kept aside, but for those that the person took out."""
    names, split = learned.names, held_out(config.data.held_out, len(learned.names))
    places = [i for i, out in enumerate(split) if out and names[i] not in config.data.disabled]
    if not places:
        return []
    photos = read_photos(config, run)
    height, width = photos.pixels.shape[1:3]
    if photos.names != names or (width, height) != _size(learned.cameras[0]):
        raise InputError(
            f"The photos in {config.data.photos} are not those of the run {run}; say with --photos "
            "where those are."
        )
    with watched("photos") as watch:
        scores = score_views(
            learned.scene,
            learned.by_place,
            {place: photos.pixels[place] for place in places},
            workers=os.cpu_count() or 1,
            progress=watch.progress,
            after_chunk=watch.after_chunk,
        )
    return [(names[place], score) for place, score in zip(places, scores, strict=True)]


def _size(camera: Camera) -> tuple[int, int]:
    return camera.width, camera.height

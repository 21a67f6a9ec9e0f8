"""A run under the protocol of published papers, so that its figures stand beside theirs.

Cameras come from pixels alone, as in the papers. What differs is told: the cameras of photos kept
aside are looked for from learned neighbours, never from the reference's.
"""

import json
import math
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.engine.run_folder.opening import photos_of_run
from core.errors import InputError
from core.evaluation.protocols import PROTOCOLS, PoseErrors, Protocol, pose_errors
from core.exporting.jobs import Watch
from core.formats.llff import read_llff, read_llff_bounds
from core.formats.reference import read_reference
from core.geometry.cameras import Camera
from core.geometry.stored import upright
from core.photos import local_path
from core.runs import checkpoint
from studio.benchmarks.truth import GRACE, ended
from studio.jobs.measuring import compared, measure

PUBLISHED = Path(__file__).with_name("published.json")
COLUMNS = ("psnr", "ssim", "rotation", "translation")
LAUNCH = Path(__file__).parents[2] / "launch.py"


@dataclass(frozen=True)
class Outcome:
    """One run: the cameras of its training photos, and views of those kept aside."""

    poses: PoseErrors
    best_aligned: float  # degrees, which no error of positions turns
    focal: float  # as a part of the reference's
    psnr: float | None
    ssim: float | None
    training: int  # photos
    kept_aside: int
    resolution: str
    test_poses: str | None

    def facts(self) -> dict[str, Any]:
        """For a line of JSON."""
        numbers = {"rotation": self.poses.rotation, "translation": self.poses.translation}
        numbers |= {"psnr": self.psnr, "ssim": self.ssim}
        numbers |= {"rotation_best": self.best_aligned, "focal": self.focal}
        facts = {name: None if one is None else round(one, 4) for name, one in numbers.items()}
        facts |= {"training": self.training, "kept_aside": self.kept_aside}
        return facts | {"resolution": self.resolution, "test_poses": self.test_poses}


def measured(name: str, photos: Path, reference: Path | None, seconds: float) -> Outcome:
    """Train in a process of its own, as a protocol has it, and compare.

    Args:
        name: of `PROTOCOLS`.
        photos: the folder.
        reference: cameras of all photos; None takes the poses_bounds.npy beside the folder.
        seconds: of training.

    Raises:
        InputError: there is no reference, it misses a photo, or training failed.
    """
    protocol, photos = PROTOCOLS[name], local_path(photos)
    source = photos.parent / "poses_bounds.npy" if reference is None else reference
    known = read_llff(source) if source.suffix == ".npy" else read_reference(source)
    nearest = float(read_llff_bounds(source).min()) if source.suffix == ".npy" else None
    options = options_of(protocol, known)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        command = [
            *(sys.executable, str(LAUNCH), "train", "--photos", str(photos), "--run", str(run)),
            *("--seconds", f"{seconds:g}"),
            *(word for path, value in options.items() for word in (f"--{path}", str(value))),
        ]
        facts, failure, _ = ended(command, Path(folder), seconds + GRACE)
        if not facts:
            raise InputError(f"The run of the protocol has failed: {failure}")
        return outcome_of(protocol, run, known, nearest, source)


def options_of(protocol: Protocol, reference: dict[str, Camera]) -> dict[str, Any]:
    """The options of a run, by path."""
    options: dict[str, Any] = {
        "data.long_side": protocol.long_side,
        "data.held_out": protocol.split,
        "data.exif_focal": False,
        "cameras.search": "pixels",
    }
    if protocol.focal_known:
        one = next(iter(reference.values()))
        ratio = max(one.fx, one.fy) / max(one.width, one.height)
        fov = math.degrees(2 * math.atan(0.5 / ratio))
        options |= {"cameras.initial_fov": round(fov, 6), "cameras.learn_focal": False}
    return options


def published(name: str, photos: Path) -> dict[str, dict[str, float]]:
    """What papers state of a scene, by method; nothing of scenes that are not theirs."""
    stated: dict[str, dict[str, dict[str, float]]] = json.loads(PUBLISHED.read_text())[name]
    return stated.get(photos.parent.name, {})


def remarks(name: str, found: Outcome) -> list[str]:
    """What a reader has to know of the figures."""
    protocol = PROTOCOLS[name]
    focal = "known" if protocol.focal_known else f"learned, {found.focal:.1%} off"
    return [
        f"{found.training} photos to learn from, {found.kept_aside} kept aside ({protocol.split}), "
        f"{found.resolution} pixels, focal length {focal}.",
        "Rotation: mean degrees after the similarity that fits positions "
        f"({found.best_aligned:.3f} after the best rotation alone). "
        f"Translation: {protocol.translation}.",
        f"Cameras of photos kept aside: {found.test_poses}.",
        "Published figures as their authors or later papers state them; those of NeRF-- are "
        "quoted from memory of its tables.",
    ]


def outcome_of(
    protocol: Protocol, run: Path, known: dict[str, Camera], nearest: float | None, source: Path
) -> Outcome:
    """What a finished run is worth.

    Args:
        run: its folder.
        known: cameras of all photos, by name.
        nearest: depth of the nearest thing in their world; None where that is not known.
        source: where they are from.
    """
    found = checkpoint.newest_in(run)
    learned, config = checkpoint.learned(found), found.config
    others = upright(known, learned.stored_by_name)
    errors = compared(learned, source)
    pictures = photos_of_run(config, run, learned.names).pictures
    report = measure(learned, config, errors, pictures, os.cpu_count() or 1, Watch())
    assert errors is not None, "there is a reference"
    return Outcome(
        poses=pose_errors(protocol, learned.by_name, others, nearest),
        best_aligned=errors.rotation_best,
        focal=errors.focal,
        psnr=report.psnr,
        ssim=report.ssim,
        training=report.learned,
        kept_aside=report.held_out,
        resolution=report.resolution,
        test_poses=report.test_poses,
    )

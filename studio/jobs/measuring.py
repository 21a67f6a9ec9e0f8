"""Measuring a run: its cameras against a reference, its views against photos kept aside."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from core.config import Config
from core.errors import InputError
from core.evaluation.cameras import CameraErrors, beside_learned, compare_cameras
from core.evaluation.poses import description
from core.evaluation.report import Report, make_report
from core.evaluation.views import USUAL, ViewScore, score_views
from core.exporting.jobs import Watch
from core.geometry.cameras import Camera
from core.geometry.stored import upright
from core.perceptual import LOSSES
from core.perceptual.sources import PictureLoss, Source
from core.runs.cameras import known_cameras
from core.training.build import kept_aside
from core.training.learned import Learned


def compared(learned: Learned, reference: Path | None) -> CameraErrors | None:
    """How far the cameras are from those at a place, see `known_cameras`; None without one.

    Raises:
        InputError: the reference cannot be read or does not fit.
    """
    if reference is None:
        return None
    others = upright(known_cameras(reference), learned.stored_by_name)
    return compare_cameras(learned.by_name, others)


def others_beside(learned: Learned, reference: Path | None) -> dict[str, Camera]:
    """The cameras of a reference in the learned world; none without one.

    Raises:
        InputError: as `compared`.
    """
    if reference is None:
        return {}
    others = upright(known_cameras(reference), learned.stored_by_name)
    return beside_learned(learned.by_name, others)


def measure(
    learned: Learned,
    config: Config,
    errors: CameraErrors | None,
    pictures: Sequence[np.ndarray] | None,
    workers: int,
    watch: Watch,
    lpips: PictureLoss | None = None,
) -> Report:
    """Score the photos that were kept aside, and put all figures together.

    Args:
        learned: cameras and scene.
        config: which photos were kept aside, and left out by the person.
        errors: of the cameras.
        pictures: (h, w, 3) uint8 all photos; None scores none.
        workers: threads that score photos side by side.
        watch: told how many photos are scored, and asked whether to stop.
        lpips: where it can be had.

    Raises:
        Cancelled: the watch said so.
        InputError: views cannot be scored.
    """
    scores: list[tuple[str, ViewScore]] = []
    rows = kept_aside(config, learned.names)
    if pictures is not None and rows:
        found = score_views(
            learned.scene,
            learned.by_index,
            {row: pictures[row] for row in rows},
            workers=workers,
            progress=watch.progress,
            after_chunk=watch.after_chunk,
            lpips=lpips,
        )
        scores = [(learned.names[p], score) for p, score in zip(rows, found, strict=True)]
    return make_report(
        errors,
        scores,
        learned=len(learned.by_name),
        split=config.data.held_out,
        sizes=[(camera.width, camera.height) for camera in learned.cameras],
        search=description(USUAL, learned.scene),
    )


def lpips_at_hand(weights: str, config: Config, learned: Learned) -> tuple[PictureLoss | None, str]:
    """LPIPS, if views will be scored and it can be had without asking anyone.

    Args: `weights` is a file; where it is empty, the config's or what torch's cache holds.

    Returns:
        The loss or None, and a sentence where views are scored without it.

    Raises:
        InputError: the file that was named does not serve.
    """
    if not kept_aside(config, learned.names):
        return None, ""
    named = weights or config.losses.lpips_weights
    asker = "losses.lpips_weights" if named and not weights else "--lpips"
    try:
        return LOSSES["lpips"].load(Source("LPIPS", asker, named), torch.device("cpu")), ""
    except InputError as error:
        if named:
            raise
        return None, str(error)


def summary(report: Report) -> str:
    """The figures in a sentence or two."""
    said = []
    if report.ate is not None and report.rotation_best is not None and report.focal is not None:
        turned = ", and depth is reversed" if report.mirrored else ""
        said.append(
            f"{report.frames} cameras against the reference: positions {report.ate:.1%} of their "
            f"spread (ATE), rotation {report.rotation_best:.2f}°, focal {report.focal:.1%}{turned}."
        )
    if report.psnr is not None and report.ssim is not None:
        said.append(
            f"{report.held_out} photo{'s' if report.held_out > 1 else ''} kept aside: "
            f"PSNR {report.psnr:.1f} dB, SSIM {report.ssim:.2f}."
        )
    return " ".join(said)

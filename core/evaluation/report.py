"""All figures of one run, each with what it has to be known by: a number alone compares nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.evaluation.cameras import ALIGNMENT, CameraErrors
from core.evaluation.views import ViewScore


@dataclass(frozen=True)
class Report:
    """Figures and protocol of one evaluation; None where there was nothing to measure."""

    frames: int | None  # learned photos that the reference knows; see `CameraErrors` as far as
    ate: float | None
    rotation: float | None
    rotation_best: float | None
    focal: float | None
    mirrored: bool | None  # here
    psnr: float | None  # dB, the mean of `photos`
    ssim: float | None
    lpips: float | None  # of VGG-16; None without its weights too
    photos: dict[str, float]  # PSNR of each photo that was kept aside
    learned: int  # photos with a learned camera
    held_out: int  # photos that were kept aside and scored
    split: str  # which these are: a word of data.held_out
    resolution: str  # WxH that the run has learned at, and that the photos are scored at
    alignment: str | None  # of cameras with the reference
    test_poses: str | None  # how the cameras of scored photos were found

    def line(self, about: Mapping[str, Any] | None = None) -> str:
        """One line of JSON, rounded to what can be meant; `about` is told of the cameras beside."""
        digits = {"psnr": 3, "rotation": 3, "rotation_best": 3}
        facts = {
            name: round(value, digits.get(name, 4)) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }
        facts["photos"] = {name: round(value, 3) for name, value in self.photos.items()}
        return json.dumps(facts | dict(about or {}), ensure_ascii=False, allow_nan=False)


def make_report(
    errors: CameraErrors | None,
    scores: Sequence[tuple[str, ViewScore]],
    *,
    learned: int,
    split: str,
    sizes: Sequence[tuple[int, int]],
    search: str,
) -> Report:
    """What was measured as one report.

    Args:
        errors: of the learned cameras; None without a reference.
        scores: of the photos that were kept aside, with their names; may be empty.
        learned: how many cameras were learned.
        split: the word for which photos were kept aside.
        sizes: width and height of each photo in pixels.
        search: how the cameras of these were found.
    """
    lpips = [score.lpips for _, score in scores if score.lpips is not None]
    return Report(
        frames=errors.frames if errors else None,
        ate=errors.ate if errors else None,
        rotation=errors.rotation if errors else None,
        rotation_best=errors.rotation_best if errors else None,
        focal=errors.focal if errors else None,
        mirrored=errors.mirrored if errors else None,
        psnr=float(np.mean([score.psnr for _, score in scores])) if scores else None,
        ssim=float(np.mean([score.ssim for _, score in scores])) if scores else None,
        lpips=float(np.mean(lpips)) if lpips else None,
        photos={name: score.psnr for name, score in scores},
        learned=learned,
        held_out=len(scores),
        split=split,
        resolution=" and ".join(f"{width}x{height}" for width, height in dict.fromkeys(sizes)),
        alignment=ALIGNMENT if errors else None,
        test_poses=search if scores else None,
    )

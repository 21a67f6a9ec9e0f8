"""How differently two pictures look, as a number with a gradient.

Every loss takes a rendering and a photo (3, H, W) in [0, 1] and returns a scalar, 0 where they
look alike. The gradient reaches the rendering alone; networks are frozen and never downloaded.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from core.perceptual.clip import load_clip
from core.perceptual.lpips import SMALLEST, load_lpips
from core.perceptual.sources import PictureLoss, Source
from core.perceptual.ssim import WINDOW, load_ssim


@dataclass(frozen=True)
class Kind:
    """One way of telling two pictures apart."""

    load: Callable[[Source, torch.device], PictureLoss]  # raises InputError
    anywhere: bool  # tells what is seen and not where: views need not be the same
    smallest: int  # pixels that pictures need each way


LOSSES: dict[str, Kind] = {
    "clip": Kind(load_clip, True, 1),
    "ssim": Kind(load_ssim, False, WINDOW),
    "lpips": Kind(load_lpips, False, SMALLEST),
}

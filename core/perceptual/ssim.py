"""Structural similarity with a gradient."""

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from core.perceptual.sources import PictureLoss, Source

WINDOW, SIGMA = 11, 1.5  # pixels of the Gaussian window and its standard deviation
C1, C2 = 0.01**2, 0.03**2  # for colours in [0, 1]


def ssim(picture: Tensor, photo: Tensor) -> Tensor:
    """Structural similarity of pictures (3, H, W) in [0, 1]; 1 means equal.

    Wang et al., Image Quality Assessment (TIP 2004), section III-C and equation 13: an 11 x 11
    Gaussian window of standard deviation 1.5 that lies wholly inside, each channel by itself, the
    mean over channels and places.
    """
    offsets = torch.arange(WINDOW, device=picture.device, dtype=picture.dtype) - WINDOW // 2
    line = torch.exp(-offsets.square() / (2 * SIGMA**2))
    line = line / line.sum()

    def blurred(values: Tensor) -> Tensor:
        rows = conv2d(values.unsqueeze(1), line.view(1, 1, 1, -1))
        return conv2d(rows, line.view(1, 1, -1, 1))

    mean, other = blurred(picture), blurred(photo)
    variance = blurred(picture.square()) - mean.square()
    other_variance = blurred(photo.square()) - other.square()
    covariance = blurred(picture * photo) - mean * other
    light = (2 * mean * other + C1) / (mean.square() + other.square() + C1)
    return (light * (2 * covariance + C2) / (variance + other_variance + C2)).mean()


def ssim_loss(picture: Tensor, photo: Tensor) -> Tensor:
    """1 - SSIM of two pictures (C, H, W) in [0, 1], a number () that is differentiable."""
    return 1 - ssim(picture, photo)


def load_ssim(source: Source, device: torch.device) -> PictureLoss:
    """It has no weights."""
    return ssim_loss

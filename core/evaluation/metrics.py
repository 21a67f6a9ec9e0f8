"""How alike two pictures are. A figure of many pictures is the mean of theirs."""

import numpy as np
import torch

from core.errors import InputError
from core.perceptual.sources import PictureLoss
from core.perceptual.ssim import SIGMA, WINDOW

SMALLEST_ERROR = 1e-10  # mean squared: 100 dB stands for pictures that are equal


def mean_squared_error(picture: np.ndarray, photo: np.ndarray) -> float:
    """Over all pixels and channels of pictures (H, W, 3) in [0, 1]."""
    return float(np.mean(np.square(picture.astype(np.float64) - photo)))


def psnr(picture: np.ndarray, photo: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB of pictures (H, W, 3) in [0, 1]: -10 log10 of their MSE."""
    return float(-10 * np.log10(max(mean_squared_error(picture, photo), SMALLEST_ERROR)))


def ssim(picture: np.ndarray, photo: np.ndarray) -> float:
    """Structural similarity of pictures (H, W, 3) in [0, 1]; 1 means equal.

    Wang et al., Image Quality Assessment (TIP 2004), section III-C: an 11 x 11 Gaussian window of
    standard deviation 1.5, each channel by itself, the mean over channels and pixels.

    Raises:
        InputError: the pictures are smaller than the window.
    """
    from skimage.metrics import structural_similarity  # noqa: PLC0415  every command would wait

    if min(photo.shape[:2]) < WINDOW:
        raise InputError(
            f"Photos of {photo.shape[1]} x {photo.shape[0]} pixels are too small for SSIM, which "
            f"needs {WINDOW} each way; train a run with a larger data.long_side."
        )
    return float(
        structural_similarity(
            photo.astype(np.float64),
            picture.astype(np.float64),
            gaussian_weights=True,
            sigma=SIGMA,
            use_sample_covariance=False,
            data_range=1.0,
            channel_axis=-1,
        )
    )


@torch.inference_mode()
def distance(loss: PictureLoss, picture: np.ndarray, photo: np.ndarray) -> float:
    """A perceptual loss, such as LPIPS, of pictures (H, W, 3) in [0, 1]; 0 means alike."""
    pair = [torch.from_numpy(p.astype(np.float32)).permute(2, 0, 1) for p in (picture, photo)]
    return float(loss(*pair))

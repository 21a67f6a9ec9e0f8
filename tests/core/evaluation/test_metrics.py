"""PSNR and SSIM, against slow references written out by hand."""

import numpy as np
import pytest

from core.errors import InputError
from core.evaluation.metrics import psnr, ssim


def pictures(height: int = 14, width: int = 17) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    photo = rng.random((height, width, 3), dtype=np.float32)
    return (photo + rng.normal(0, 0.1, photo.shape)).clip(0, 1).astype(np.float32), photo


def slow_ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Wang et al. 2004, equation 13, window by window."""
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    window /= window.sum()
    found = []
    for row in range(5, a.shape[0] - 5):
        for column in range(5, a.shape[1] - 5):
            for channel in range(3):
                part = np.s_[row - 5 : row + 6, column - 5 : column + 6, channel]
                x, y = a[part].astype(float), b[part].astype(float)
                mx, my = (window * x).sum(), (window * y).sum()
                vx, vy = (window * (x - mx) ** 2).sum(), (window * (y - my) ** 2).sum()
                both = (window * (x - mx) * (y - my)).sum()
                light = (2 * mx * my + 0.01**2) / (mx**2 + my**2 + 0.01**2)
                found.append(light * (2 * both + 0.03**2) / (vx + vy + 0.03**2))
    return float(np.mean(found))


def test_psnr_of_a_known_error():
    photo = np.full((4, 5, 3), 0.5, np.float32)
    assert psnr(photo + np.float32(0.1), photo) == pytest.approx(20, abs=1e-5)
    one_pixel = photo.copy()
    one_pixel[0, 0, 0] += 0.5
    assert psnr(one_pixel, photo) == pytest.approx(-10 * np.log10(0.25 / 60), abs=1e-5)


def test_psnr_of_equal_pictures_is_a_number():
    assert psnr(*[pictures()[0]] * 2) == pytest.approx(100)


def test_ssim_equals_the_published_formula():
    assert ssim(*pictures()) == pytest.approx(slow_ssim(*pictures()), abs=1e-7)


def test_ssim_is_symmetric_and_one_for_equal_pictures():
    picture, photo = pictures()
    assert ssim(picture, photo) == pytest.approx(ssim(photo, picture))
    assert ssim(photo, photo) == pytest.approx(1)


def test_ssim_refuses_photos_smaller_than_its_window():
    with pytest.raises(InputError, match=r"17 x 10 pixels .* data\.long_side"):
        ssim(*pictures(height=10))

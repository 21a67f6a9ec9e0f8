"""SSIM with a gradient is the published one."""

import pytest
import torch
from torch import Tensor

from core.evaluation import metrics
from core.perceptual.ssim import ssim, ssim_loss


def test_it_equals_the_metric_of_the_report(pair: tuple[Tensor, Tensor]) -> None:
    picture, photo = pair
    shown = [p.permute(1, 2, 0).numpy() for p in pair]
    assert float(ssim(picture.double(), photo.double())) == pytest.approx(
        metrics.ssim(*shown), abs=1e-9
    )
    assert float(ssim(picture, photo)) == pytest.approx(metrics.ssim(*shown), abs=1e-5)
    narrow = [p[:, :14, :23] for p in pair]
    assert float(ssim(*narrow)) == pytest.approx(
        metrics.ssim(*(p.permute(1, 2, 0).numpy() for p in narrow)), abs=1e-5
    )


def test_equal_pictures_are_alike(pair: tuple[Tensor, Tensor]) -> None:
    assert float(ssim_loss(pair[0], pair[0])) == pytest.approx(0, abs=1e-6)
    assert float(ssim_loss(*pair)) > 0.1


def test_its_gradient_is_that_of_small_changes(pair: tuple[Tensor, Tensor]) -> None:
    picture, photo = (p[:, :12, :13].double() for p in pair)
    picture.requires_grad_()
    assert torch.autograd.gradcheck(lambda p: ssim_loss(p, photo), picture, fast_mode=True)

"""Laws of radial distortion."""

import cv2
import numpy as np
import pytest
import torch

from core.geometry.distortion import distorted, undistorted

SENSIBLE = [-0.29, -0.15, -0.02, 0.0, 0.02, 0.15, 0.29]


def picture(dtype: torch.dtype) -> torch.Tensor:
    """(P, 2) tangents of what a lens of 63 degrees sees: to .61 aside and .46 up."""
    x, y = torch.linspace(-0.61, 0.61, 41), torch.linspace(-0.46, 0.46, 31)
    return torch.cartesian_prod(x, y).to(dtype)


@pytest.mark.parametrize("k1", SENSIBLE)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_undistorting_undoes_distorting_and_the_other_way_round(
    k1: float, dtype: torch.dtype
) -> None:
    bend, plane = torch.tensor([k1], dtype=dtype), picture(dtype)
    closest = 1e-6 if dtype is torch.float32 else 1e-14
    seen = distorted(plane, bend)
    assert (undistorted(seen, bend) - plane).abs().max() <= closest
    assert (distorted(undistorted(seen, bend), bend) - seen).abs().max() <= closest


def test_without_distortion_points_stay_to_the_bit() -> None:
    plane = picture(torch.float32)
    assert torch.equal(undistorted(plane, torch.zeros(1)), plane)
    assert torch.equal(distorted(plane, torch.zeros(1)), plane)


@pytest.mark.parametrize("k1", SENSIBLE)
def test_opencv_agrees(k1: float) -> None:
    lens, plane = np.array([k1, 0, 0, 0]), picture(torch.float64).numpy()
    points = np.concatenate([plane, np.ones((len(plane), 1))], -1)
    seen, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), np.eye(3), lens)
    ours = distorted(torch.from_numpy(plane), torch.tensor(k1)).numpy()
    assert np.allclose(ours, seen[:, 0], atol=1e-12)
    until = (cv2.TERM_CRITERIA_COUNT, 500, 0)
    back = cv2.undistortPoints(seen, np.eye(3), lens, criteria=until)[:, 0]
    again = undistorted(torch.from_numpy(seen[:, 0]), torch.tensor(k1)).numpy()
    assert np.allclose(back, again, atol=1e-9)


@pytest.mark.parametrize("k1", SENSIBLE)
def test_derivatives_are_those_of_finite_differences(k1: float) -> None:
    bend = torch.tensor([k1], dtype=torch.float64, requires_grad=True)
    seen = distorted(picture(torch.float64)[::97], bend.detach()).requires_grad_()
    assert torch.autograd.gradcheck(undistorted, (seen, bend))


@pytest.mark.parametrize("k1", [-0.3, -2.0, -50.0])
def test_beyond_the_fold_of_a_barrel_rays_stay_finite_and_in_order(k1: float) -> None:
    along = torch.linspace(0.01, 2.0, 200)
    plane = torch.stack([along, torch.zeros_like(along)], -1)
    bend = torch.tensor([k1], requires_grad=True)
    seen = undistorted(plane, bend)
    (slope,) = torch.autograd.grad(seen.sum(), bend)
    assert torch.isfinite(seen).all() and torch.isfinite(slope).all()
    assert (seen[:, 0].diff() > 0).all()

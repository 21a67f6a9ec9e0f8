"""The error shown beside each photo: smoothed over steps, however seldom a step sees it."""

import torch

from core.training.step import StepResult, noted


def after(steps: int, at_once: int) -> float:
    """Of eight photos whose error fell from 1 to 0, as shown so many steps later, in the mean."""
    shown = torch.ones(8)
    for step in range(steps):
        photo = (torch.arange(at_once) + step * at_once) % 8
        shown = noted(shown, StepResult(0.0, photo, torch.zeros(at_once), True))
    return float(shown.mean())


def test_photos_that_are_seen_one_by_one_are_forgotten_as_soon_as_those_seen_at_once() -> None:
    assert abs(after(40, 8) - after(40, 1)) < 0.01 and after(40, 1) < 0.15


def test_a_photo_begins_with_its_first_error() -> None:
    shown = noted(
        torch.full((2,), torch.nan), StepResult(0.0, torch.tensor([1]), torch.ones(1), True)
    )
    assert shown[0].isnan() and shown[1] == 1

"""What a loss misses is said when it is asked for, and the run goes on as it was."""

from typing import Any

import pytest
import torch
from torch import Tensor

from core.config.paths import changed
from core.errors import InputError
from core.photos import PhotoSet
from core.training.changes import configure
from core.training.trainer import Trainer
from tests.conftest import small_config

SSIM = {"losses__ssim": 0.1, "losses__every": 1, "losses__side": 16}


def run_on(trainer: Trainer, steps: int) -> Tensor:
    """Train on, and the cameras' positions then."""
    for _ in range(steps):
        trainer.train_step(1)
    return trainer.rig.position.detach().clone()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"losses.clip": 0.1, "losses.clip_weights": "nowhere.pt"}, "nowhere.pt"),
        ({"losses.lpips": 0.1, "losses.lpips_weights": "nowhere.pth"}, "nowhere.pth"),
        ({"losses.ssim": 0.1, "field.kind": "planes"}, "field.kind"),
    ],
)
def test_what_is_missing_is_said_at_once_and_harms_nothing(
    photos: PhotoSet, changes: dict[str, Any], words: str
) -> None:
    wanted = changed(small_config(), changes)
    with pytest.raises(InputError, match=words):
        Trainer(wanted, photos)
    trainer, untouched = (Trainer(small_config(**SSIM), photos) for _ in range(2))
    run_on(trainer, 2)
    config = trainer.config
    with pytest.raises(InputError, match=words):
        configure(trainer, changed(config, changes))
    assert trainer.config is config
    assert torch.equal(run_on(trainer, 2), run_on(untouched, 4))


def test_photos_too_small_for_a_window_are_refused(photos: PhotoSet) -> None:
    low = PhotoSet(photos.names, photos.pixels[:, :10], 24, 10, None, ())
    with pytest.raises(InputError, match=r"11 pixels.*data\.long_side"):
        Trainer(small_config(**SSIM), low)

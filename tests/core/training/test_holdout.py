"""Pixels that nothing learns from, and who is shown."""

import pytest
import torch

from core.geometry.cameras import CameraRig
from core.geometry.rays import Rays
from core.multiplane.pyramid import SmallPhotos
from core.photos import PhotoSet
from core.training.holdout import ASIDE, BLOCK, LEAD, Holdout
from core.training.learners import field_learner
from core.training.trainer import Trainer
from tests.conftest import small_config
from tests.core.training.layers import brief
from tests.core.training.parts import error_of


def test_pixels_are_set_aside_in_blocks() -> None:
    holdout = Holdout(torch.zeros(2, 120, 180, 3, dtype=torch.uint8), torch.arange(2), 0)
    aside = torch.ones(120 * 180, dtype=torch.bool)
    aside[holdout.allowed] = False
    blocks = aside.reshape(120 // BLOCK, BLOCK, 180 // BLOCK, BLOCK).double().mean((1, 3))
    assert set(blocks.unique().tolist()) == {0.0, 1.0}
    assert 0.3 * ASIDE < aside.double().mean() < 3 * ASIDE


def test_the_winner_has_to_lead() -> None:
    holdout = Holdout(torch.zeros(2, 12, 18, 3, dtype=torch.uint8), torch.arange(2), 0)
    better = 0.01 * 10 ** (-LEAD / 10)
    assert holdout.winner("planes") == "planes"
    holdout.errors = {"planes": 0.01, "field": better * 1.005}
    assert holdout.winner("planes") == "planes" and holdout.winner("field") == "field"
    holdout.errors = {"planes": 0.01, "field": better * 0.995}
    assert holdout.winner("planes") == "field" and holdout.winner("field") == "field"
    holdout.errors = {"planes": 0.01}
    assert holdout.winner("field") == "planes"


def test_other_photos_are_asked_at_the_same_pixels() -> None:
    photos = torch.arange(4, dtype=torch.uint8).reshape(4, 1, 1, 1).expand(4, 120, 180, 3)
    rig, asked = CameraRig(4, 180, 120, "axis-angle", "square", True, 1.0), list[Rays]()
    with torch.no_grad():
        rig.position[:, 0] = torch.arange(4)

    def knows(rays: Rays) -> torch.Tensor:  # each photo is of one grey, told by where it was taken
        asked.append(rays)
        return rays.origins[:, :1].expand(-1, 3) / 255

    holdout = Holdout(photos, torch.arange(4), 0)
    assert error_of(holdout, knows, rig) == 0
    holdout.choose(photos, torch.tensor([1, 3]))
    assert error_of(holdout, knows, rig) == 0
    assert error_of(Holdout(photos, torch.tensor([1, 3]), 0), knows, rig) == 0
    before, chosen, later = asked
    assert set(before.origins[:, 0].tolist()) == {0.0, 1.0, 2.0, 3.0}
    assert set(chosen.origins[:, 0].tolist()) == {1.0, 3.0}
    assert len(before.directions.unique(dim=0)) > 100
    assert torch.equal(before.directions, chosen.directions)
    assert torch.equal(later.origins, chosen.origins)
    assert torch.equal(later.directions, chosen.directions)


@pytest.mark.parametrize("kind", ["relu", "planes"])
def test_pixels_set_aside_are_never_drawn_at_full_size(
    photos: PhotoSet, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Photos of 24 x 18 pixels are at full size from the second level on."""
    config = small_config(training__bootstrap=True, training__seed=13, field__kind=kind)
    trainer = Trainer(config, photos, brief())
    assert len(trainer.holdout.allowed) < 24 * 18
    allowed, drawn, batches = set(trainer.holdout.allowed.tolist()), [], []
    planes_pixels, draw = SmallPhotos.draw, field_learner.draw_batch

    def watched(small, rays, generator):
        photo, pixel = planes_pixels(small, rays, generator)
        if (small.width, small.height) == (24, 18):
            drawn.append(set(pixel.tolist()))
        return photo, pixel

    def watched_batch(*given):
        batch = draw(*given)
        x, y = batch.centres.long().T
        batches.append(set((y * 24 + x).tolist()))
        return batch

    monkeypatch.setattr(SmallPhotos, "draw", watched)
    monkeypatch.setattr(field_learner, "draw_batch", watched_batch)
    for _ in range(45):
        trainer.train_step(1)
    assert len(drawn) > 30 and set.union(*drawn) <= allowed
    assert bool(batches) is (kind == "relu")
    assert set().union(*batches) <= allowed

"""Every pixel of one photo in a step."""

import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from core.config.paths import changed
from core.errors import InputError
from core.photos import PhotoSet
from core.training.batch import WHOLE, draw_batch
from core.training.build import ray_settings
from core.training.changes import refine
from core.training.optimizers import learning_rate
from core.training.step import Piece, Sharing, training_step
from core.training.trainer import Trainer
from tests.conftest import small_config
from tests.core.training.parts import network_of


def test_every_pixel_of_one_photo_is_there_once(photos: PhotoSet) -> None:
    pixels = torch.from_numpy(photos.pixels.copy())
    generator = torch.Generator().manual_seed(0)
    batch = draw_batch(pixels, torch.tensor([3]), None, WHOLE, 4, True, 1.0, generator)
    assert batch.photo.unique().tolist() == [3]
    assert batch.jitter is not None and batch.noise is not None
    assert batch.jitter.shape == batch.noise.shape == (24 * 18, 4)
    column, row = (batch.centres - 0.5).long().unbind(-1)
    assert torch.equal(row * 24 + column, torch.arange(24 * 18))
    assert torch.equal(batch.colours, pixels[3].flatten(0, 1).float() / 255)


def test_pixels_kept_aside_are_not_taken(photos: PhotoSet) -> None:
    pixels, allowed = torch.from_numpy(photos.pixels.copy()), torch.tensor([5, 17, 400])
    generator = torch.Generator().manual_seed(0)
    batch = draw_batch(pixels, torch.tensor([1]), allowed, WHOLE, 4, False, 0.0, generator)
    column, row = (batch.centres - 0.5).long().unbind(-1)
    assert torch.equal(row * 24 + column, allowed)


@pytest.mark.parametrize("pixels_from", ["all-photos", "one-photo"])
def test_an_epoch_takes_every_photo_whole(photos: PhotoSet, pixels_from: str) -> None:
    config = small_config(training__rays=-1, training__pixels_from=pixels_from)
    trainer = Trainer(config, photos)
    results = [trainer.train_step(2) for _ in range(5)]
    assert all(len(result.photo) == 24 * 18 == len(result.errors) for result in results)
    assert {int(result.photo.unique()) for result in results} == {0, 1, 2, 3, 4}
    assert trainer.epoch == 1


def test_the_step_of_a_whole_photo_is_that_of_all_its_pixels_at_once(
    photos: PhotoSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def after_a_step() -> torch.Tensor:
        trainer = Trainer(small_config(training__rays=-1, field__rate=1e-4), photos)
        trainer.train_step(1)
        return torch.cat([p.detach().flatten() for p in trainer.field.parameters()])

    whole = after_a_step()
    monkeypatch.setattr("core.rendering.volume.SAMPLES_IN_CACHE", 8 * 5)
    assert torch.allclose(after_a_step(), whole, atol=1e-5)


def test_gradients_are_added_as_they_come(photos: PhotoSet) -> None:
    """The thousands of pieces of a whole photo would take gigabytes together."""
    trainer = Trainer(small_config(training__rays=-1), photos)
    alive: list[weakref.ref[Piece]] = []

    def one_by_one(act: Callable[[Any], Any], parts: Iterable[Any]) -> Iterator[Any]:
        for part in parts:
            assert sum(piece() is not None for piece in alive) <= 1
            piece = act(part)
            alive.append(weakref.ref(piece))
            yield piece
            del piece

    assert network_of(trainer) is not None
    before = network_of(trainer).field.density.weight.detach().clone()
    pixels = torch.from_numpy(np.zeros((2, 90, 120, 3), np.uint8))
    generator = torch.Generator().manual_seed(0)
    batch = draw_batch(pixels, torch.tensor([1]), None, WHOLE, 8, False, 0.0, generator)
    neural = network_of(trainer)
    neural.optimizers["field"].param_groups[0]["lr"] = 1e-3
    settings, optimizers = ray_settings(trainer.config), [neural.optimizers["field"]]
    training_step(
        trainer.rig, neural.field, batch, settings, optimizers, sharing=Sharing(one_by_one)
    )
    assert len(alive) > 5
    assert not torch.equal(neural.field.density.weight, before)


def test_no_rays_are_refused_with_both_remedies() -> None:
    with pytest.raises(InputError, match=r"training\.rays cannot be 0.* at least 1, or -1"):
        changed(small_config(), {"training.rays": 0})


def test_rates_decay_by_steps_where_that_is_asked_for() -> None:
    config = small_config(field__rate=1.0, field__decay=0.5, field__decay_steps=100)
    assert learning_rate(config, "field", 5000, 99) == 1.0
    assert learning_rate(config, "field", 0, 250) == 0.25
    config = small_config(cameras__rate=1.0, cameras__decay=0.5, cameras__decay_steps=3)
    assert learning_rate(config, "rotation", 0, 6) == 0.25
    assert learning_rate(config, "field", 0, 10**6) == config.field.rate


def test_steps_count_from_the_beginning_of_a_schedule(photos: PhotoSet) -> None:
    config = small_config(
        cameras__decay_steps=2, cameras__decay=0.5, field__decay_steps=3, field__decay=0.5
    )
    trainer, rates = Trainer(config, photos), []
    assert network_of(trainer) is not None
    for step in range(8):
        if step == 4:
            refine(trainer)
        trainer.train_step(1)
        groups = (network_of(trainer).optimizers[name] for name in ("field", "position"))
        rates.append(tuple(group.param_groups[0]["lr"] for group in groups))
    wanted = [(5e-3 * 0.5 ** (s // 3), 2e-3 * 0.5 ** (s // 2)) for s in range(4)]
    assert rates == [pytest.approx(pair) for pair in wanted + wanted]

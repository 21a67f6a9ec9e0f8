"""What a step does, and what each change of options leaves alone."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from core.config.declare import Effect
from core.config.paths import changed
from core.errors import InputError
from core.geometry.rays import camera_rays
from core.multiplane.compositing import sample_backward
from core.photos import PhotoSet
from core.training.batch import draw_batch
from core.training.changes import configure, refine
from core.training.optimizers import learning_rate
from core.training.trainer import Trainer
from tests.conftest import small_config
from tests.core.training.layers import brief
from tests.core.training.parts import network_of, planes_of


def trained(photos: PhotoSet, steps: int, workers: int = 1, **changes) -> Trainer:
    """A trainer after some steps."""
    trainer = Trainer(small_config(**changes), photos)
    for _ in range(steps):
        trainer.train_step(workers)
    return trainer


def numbers(trainer: Trainer) -> torch.Tensor:
    """Everything learned, in one row."""
    return torch.cat(
        [p.detach().flatten() for p in [*trainer.rig.parameters(), *trainer.field.parameters()]]
    )


def rendered(trainer: Trainer) -> np.ndarray:
    """The pixels of every camera."""
    learned = trainer.learned()
    return np.stack(
        [learned.scene.render(camera_rays(camera)).rgb.numpy() for camera in learned.cameras]
    )


def test_training_explains_the_photos_better(photos: PhotoSet) -> None:
    trainer = Trainer(small_config(field__rate=5e-3), photos)
    losses = [trainer.train_step(1).loss for _ in range(150)]
    assert np.mean(losses[-20:]) < 0.5 * np.mean(losses[:5])
    assert trainer.rig.position.abs().max() > 1e-3


def test_same_seed_same_run_other_seed_other_run(photos: PhotoSet) -> None:
    first, again = trained(photos, 6), trained(photos, 6)
    assert torch.equal(numbers(first), numbers(again))
    assert not torch.equal(numbers(first), numbers(trained(photos, 6, training__seed=1)))


def test_workers_share_a_step_without_changing_it(photos: PhotoSet) -> None:
    many = {"training__rays": 3000, "rendering__samples": 16}
    assert torch.equal(
        numbers(trained(photos, 3, workers=1, **many)),
        numbers(trained(photos, 3, workers=4, **many)),
    )


def test_gradient_of_the_pieces_is_the_gradient_of_the_whole(
    photos: PhotoSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = trained(photos, 1, training__rays=200)
    monkeypatch.setattr("core.rendering.volume.SAMPLES_IN_CACHE", 8 * 7)
    whole = trained(photos, 1, training__rays=200)
    assert torch.allclose(numbers(pieces), numbers(whole), atol=2e-4)


def test_an_epoch_visits_every_photo_once(photos: PhotoSet) -> None:
    trainer = Trainer(small_config(training__pixels_from="one-photo"), photos)
    for epoch in range(3):
        visited = [set(trainer.train_step(1).photo.tolist()) for _ in range(5)]
        assert all(len(v) == 1 for v in visited)
        assert set.union(*visited) == {0, 1, 2, 3, 4}
        assert trainer.epoch == epoch + 1


def test_photos_left_out_and_held_out_are_never_drawn(photos: PhotoSet) -> None:
    trainer = Trainer(small_config(data__held_out="every8", data__disabled=["3.png"]), photos)
    drawn = {int(i) for _ in range(5) for i in trainer.train_step(1).photo}
    assert drawn == {1, 2, 4}
    assert (trainer.rig.position[[0, 3]] == 0).all()


def test_too_few_photos_left_is_refused_and_changes_nothing(photos: PhotoSet) -> None:
    trainer = trained(photos, 1)
    with pytest.raises(InputError, match=r"data\.disabled"):
        configure(trainer, changed(trainer.config, {"data.disabled": list(photos.names[1:])}))
    assert trainer.config.data.disabled == ()
    trainer.train_step(1)


@pytest.mark.parametrize(
    ("rotation", "focal"), [("quaternion", "exp"), ("rotation6D", "ratio"), ("axis-angle", "exp")]
)
def test_conversion_moves_no_camera_and_no_pixel(
    photos: PhotoSet, rotation: str, focal: str
) -> None:
    trainer = trained(photos, 20, cameras__rate=1e-2)
    poses, pixels = trainer.rig.camera_to_world(), rendered(trainer)
    field = {k: v.clone() for k, v in trainer.field.state_dict().items()}
    moments = network_of(trainer).optimizers["field"].state_dict()["state"][0]["exp_avg"].clone()
    effect = configure(
        trainer, changed(trainer.config, {"cameras.rotation": rotation, "cameras.focal": focal})
    )
    assert effect is Effect.CONVERT
    assert (trainer.rig.camera_to_world() - poses).abs().max() <= 1e-6
    assert np.abs(rendered(trainer) - pixels).max() < 1e-4
    assert all(torch.equal(v, field[k]) for k, v in trainer.field.state_dict().items())
    assert torch.equal(
        network_of(trainer).optimizers["field"].state_dict()["state"][0]["exp_avg"], moments
    )
    before = trainer.rig.rotation.clone()
    trainer.train_step(1)
    assert not torch.equal(trainer.rig.rotation, before)


def test_changing_the_field_keeps_the_cameras(photos: PhotoSet) -> None:
    trainer = trained(photos, 5)
    poses = trainer.rig.camera_to_world().clone()
    moments = network_of(trainer).optimizers["position"].state_dict()["state"][0]["exp_avg"].clone()
    assert configure(trainer, changed(trainer.config, {"field.kind": "siren"})) is (
        Effect.REBUILD_FIELD
    )
    assert torch.equal(trainer.rig.camera_to_world(), poses)
    assert torch.equal(
        network_of(trainer).optimizers["position"].state_dict()["state"][0]["exp_avg"], moments
    )
    assert type(trainer.field).__name__ == "SirenField"
    trainer.train_step(1)


def test_refine_keeps_cameras_and_restarts_field_and_schedules(photos: PhotoSet) -> None:
    trainer = trained(photos, 12, training__freeze_cameras_epochs=1)
    poses, weights = trainer.rig.camera_to_world().clone(), numbers(trainer)
    refine(trainer)
    assert trainer.stage == "refine"
    assert torch.equal(trainer.rig.camera_to_world(), poses)
    assert not torch.equal(numbers(trainer), weights)
    assert all(not o.state_dict()["state"] for o in network_of(trainer).optimizers.values())
    while trainer.cameras_frozen:
        trainer.train_step(1)
        assert torch.equal(trainer.rig.camera_to_world(), poses)
    trainer.train_step(1)
    assert not torch.equal(trainer.rig.camera_to_world(), poses)


@pytest.mark.parametrize("part", ["rotation", "position", "focal"])
def test_each_part_of_a_camera_can_be_frozen_live(photos: PhotoSet, part: str) -> None:
    trainer = trained(photos, 2)
    configure(trainer, changed(trainer.config, {f"cameras.learn_{part}": False}))
    before = {name: p.clone() for name, p in trainer.rig.named_parameters()}
    trainer.train_step(1)
    moved = {n for n, p in trainer.rig.named_parameters() if not torch.equal(p, before[n])}
    assert moved == {"rotation", "position", "focal"} - {part}


def test_rates_decay_step_by_step_and_follow_edits() -> None:
    config = small_config(
        field__rate=1e-3,
        cameras__rate=1e-2,
        cameras__focal_rate=1e-3,
        cameras__decay=0.5,
        cameras__decay_epochs=10,
    )
    assert learning_rate(config, "rotation", 9) == 1e-2
    assert learning_rate(config, "rotation", 10) == 5e-3
    assert learning_rate(config, "focal", 25) == 2.5e-4
    assert learning_rate(config, "field", 10) == pytest.approx(1e-3 * 0.9954)
    assert learning_rate(small_config(cameras__rate=0.0), "position", 0) == 0


def test_nothing_moves_where_a_step_is_not_finite(
    photos: PhotoSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = trained(photos, 3)
    before = numbers(trainer)

    def poisoned(*given):
        batch = draw_batch(*given)
        batch.colours[7] = torch.nan
        return batch

    monkeypatch.setattr("core.training.learners.field_learner.draw_batch", poisoned)
    assert not trainer.train_step(1).finite
    assert torch.equal(numbers(trainer), before)
    monkeypatch.undo()
    assert trainer.train_step(1).finite
    assert torch.isfinite(numbers(trainer)).all()


def poisoned(sampled: Callable[..., Any], value: float) -> Callable[..., Any]:
    """The gradient of planes, one number of it another."""

    def backward(*given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        to_block, to_points = sampled(*given)
        to_block[0, 0, 0, 0] = value
        return to_block, to_points

    return backward


@pytest.mark.parametrize("value", [torch.nan, torch.inf, 1e25], ids=str)
def test_planes_do_not_move_where_a_gradient_is_not_finite(
    photos: PhotoSet, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    trainer = Trainer(small_config(training__bootstrap=True), photos, brief(steps=5))
    for _ in range(2):
        assert trainer.train_step(1).finite
    leader = planes_of(trainer)
    assert leader is not None
    before = {name: t.clone() for name, t in leader.state().items()}
    place = "core.multiplane.compositing.sample_backward"
    monkeypatch.setattr(place, poisoned(sample_backward, value))
    assert not trainer.train_step(1).finite
    moved = [n for n, t in leader.state().items() if n != "planes.at" and not t.equal(before[n])]
    assert not moved
    assert all(p.grad is None for p in (*leader.field.parameters(), *leader.rig.parameters()))
    monkeypatch.undo()
    assert trainer.train_step(1).finite
    assert all(torch.isfinite(t).all() for t in leader.state().values() if t.is_floating_point())


@pytest.mark.parametrize("number", [torch.nan, torch.inf])
def test_a_camera_that_is_nowhere_stops_a_step_and_not_the_process(
    photos: PhotoSet, number: float
) -> None:
    """What rays would meet is asked of memory: grid_sample's backward ended the process."""
    trainer = Trainer(small_config(training__bootstrap=True), photos, brief(steps=5))
    trainer.rig.position.data[1, 2] = number
    before = trainer.field.blocks[0].clone()
    assert not trainer.train_step(1).finite
    assert torch.equal(trainer.field.blocks[0], before)


def test_learned_is_a_copy_that_training_leaves_alone(photos: PhotoSet) -> None:
    trainer = trained(photos, 3)
    learned = trainer.learned()
    before = learned.scene.render(camera_rays(learned.cameras[0])).rgb
    poses = [camera.camera_to_world.copy() for camera in learned.cameras]
    for _ in range(3):
        trainer.train_step(1)
    assert torch.equal(learned.scene.render(camera_rays(learned.cameras[0])).rgb, before)
    now = [camera.camera_to_world for camera in learned.cameras]
    assert all(np.array_equal(old, new) for old, new in zip(poses, now, strict=True))

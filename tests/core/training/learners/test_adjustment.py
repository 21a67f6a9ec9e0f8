"""Cameras of planes made exact: nearer to the truth, in register with the planes, and resumable."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import roma
import torch

from core.config.paths import changed
from core.depthmaps.adjustment.refinement import Refinement
from core.depthmaps.cameras import Cameras
from core.geometry.alignment import Similarity
from core.geometry.cameras import Camera, CameraRig
from core.runs import checkpoint
from core.runs.soundness import require_sound
from core.training.changes import configure, refine
from core.training.learners import adjustment
from core.training.learners.adjustment import Adjustment, in_register
from core.training.learners.multiplane_learner import MultiplaneLearner
from core.training.trainer import Trainer
from tests.core.depthmaps.adjustment.test_joint import drift
from tests.core.depthmaps.rendered import shoot
from tests.core.training.wide_run import SIZE, in_rig, wide_run

DEGREES = 12.0


@pytest.fixture(autouse=True)
def at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a test need not make hundreds of steps of planes; one looks at the pace itself."""
    monkeypatch.setattr(adjustment, "EVERY", 1)


def planes_of(trainer: Trainer) -> MultiplaneLearner:
    found = trainer.find(MultiplaneLearner)
    assert found is not None
    return found


def begun(**changes: object) -> Trainer:
    """A run of planes whose cameras are right to a fifth of a degree, as after a bootstrap."""
    true = shoot(7, DEGREES, SIZE).cameras
    generator = torch.Generator().manual_seed(3)
    off = torch.randn(2, len(true), 3, generator=generator)
    turn = roma.rotvec_to_rotmat(off[0] * np.radians(0.2))
    moved = replace(true, rotation=true.rotation @ turn, centre=true.centre + 0.004 * off[1])
    options = {"field__kind": "planes", "field__geometry": "planes"} | changes
    trainer, _ = wide_run(DEGREES, moved, **options)
    planes_of(trainer).adjustment = Adjustment(over=False)
    return trainer


def until_over(trainer: Trainer) -> Trainer:
    while not planes_of(trainer).adjustment.over:
        trainer.train_step(1)
    return trainer


def error(trainer: Trainer) -> tuple[float, float]:
    shot = shoot(7, DEGREES, SIZE)
    return drift(in_rig(trainer, shot), shot.cameras)


def test_cameras_become_exact_and_then_keep_still() -> None:
    trainer = begun()
    before = error(trainer)
    until_over(trainer)
    after = error(trainer)
    assert after[0] < 0.5 * before[0] and after[1] < 0.5 * before[1]
    assert any("made the cameras exact" in said for said in trainer.drain_messages())
    numbers = [parameter.clone() for parameter in trainer.rig.parameters()]
    trainer.train_step(1)
    refine(trainer)  # the field begins anew, for these cameras
    trainer.train_step(1)
    assert all(map(torch.equal, numbers, trainer.rig.parameters()))
    configure(trainer, changed(trainer.config, {"cameras.exact": False}))
    trainer.train_step(1)
    assert not all(map(torch.equal, numbers, trainer.rig.parameters()))


def test_planes_sharpen_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adjustment, "EVERY", 3)
    trainer, pieces = begun(), []
    step = Refinement.step

    def noted(refinement: Refinement, *arguments: Any) -> bool:
        pieces.append(trainer.step)
        return step(refinement, *arguments)

    monkeypatch.setattr(Refinement, "step", noted)
    for _ in range(10):
        trainer.train_step(1)
    assert pieces == [0, 3, 6, 9]
    planes = planes_of(trainer)
    planes.level = len(planes.levels)  # over, so that nothing else is left to do
    for _ in range(3):
        planes.adjustment.step(planes, trainer.context(planes))
    assert pieces == [0, 3, 6, 9, 10, 10, 10]


def test_photos_that_are_small_few_or_many_do_without() -> None:
    rigs = {
        side: CameraRig(80, side, side, "axis-angle", "square", True, 1.0) for side in (84, 300)
    }
    for side, count, over in ((84, 20, True), (300, 2, True), (300, 20, False), (300, 80, True)):
        assert Adjustment.of(rigs[side], torch.arange(count)).over is over


def test_who_does_not_ask_gets_planes_alone() -> None:
    trainer = begun(cameras__exact=False)
    trainer.train_step(1)
    planes = planes_of(trainer)
    assert planes.adjustment.over and not planes.settled


@pytest.mark.parametrize("steps", [3, 40])
def test_it_goes_on_exactly_where_it_was(tmp_path: Path, steps: int) -> None:
    trainer = begun()
    for _ in range(steps):
        trainer.train_step(1)
    assert planes_of(trainer).adjustment.running
    made = checkpoint.taken(trainer, tmp_path / "x.safetensors", {})
    require_sound(made.path, made.facts, made.tensors)  # as whoever reads the file does
    other, _ = wide_run(DEGREES, field__kind="planes", field__geometry="planes")
    checkpoint.restore(other, made)
    until_over(trainer), until_over(other)
    assert trainer.step == other.step
    assert all(map(torch.equal, trainer.rig.parameters(), other.rig.parameters()))


def test_cameras_that_are_wrong_are_left_alone() -> None:
    trainer = begun()
    planes = planes_of(trainer)
    poses = [camera.camera_to_world for camera in trainer.rig.cameras()]
    mixed = torch.from_numpy(np.stack([poses[index] for index in (3, 0, 5, 1, 6, 2, 4)]))
    trainer.rig.place(torch.arange(len(mixed)), mixed)
    until_over(trainer)
    assert not planes.settled
    assert not any("Joint steps" in said for said in trainer.drain_messages())


def test_cameras_that_go_astray_are_not_taken() -> None:
    trainer = begun()
    trainer.train_step(1)
    planes = planes_of(trainer)
    cameras = [trainer.rig.cameras()[photo] for photo in planes.trained.tolist()]
    turned = [_turned(camera, 3.0 * (-1) ** index) for index, camera in enumerate(cameras)]
    numbers = [parameter.clone() for parameter in trainer.rig.parameters()]
    assert not adjustment.give(planes, planes.trained, turned)
    assert all(map(torch.equal, numbers, trainer.rig.parameters()))


def _turned(camera: Camera, degrees: float) -> Camera:
    pose = camera.camera_to_world.copy()
    turn = roma.rotvec_to_rotmat(torch.tensor([0.0, np.radians(degrees), 0.0])).numpy()
    pose[:3, :3] = pose[:3, :3] @ turn
    return replace(camera, camera_to_world=pose)


def test_planes_show_through_new_cameras_what_they_showed() -> None:
    """With f' for f, what lies z deep lies z f' / f deep: steps aside are as much shorter."""
    before = shoot(7, 30.0, SIZE).cameras.single()
    longer, found = 1.08, []
    for camera in before:
        pose = camera.camera_to_world.copy()
        pose[:3, 3] /= [longer, longer, 1.0]
        focal = {"fx": longer * camera.fx, "fy": longer * camera.fy}
        found.append(replace(camera, camera_to_world=pose, **focal))
    turn = roma.rotvec_to_rotmat(torch.tensor([0.1, -0.3, 0.2], dtype=torch.float64)).numpy()
    elsewhere = Similarity(2.5, turn, np.array([1.0, -2.0, 0.5]))
    carried = in_register([elsewhere.camera(camera) for camera in found], before)
    back = Cameras.of([carried.camera(elsewhere.camera(camera)) for camera in found])
    torch.testing.assert_close(back.centre, Cameras.of(found).centre)
    torch.testing.assert_close(back.rotation, Cameras.of(found).rotation)

"""Cameras from nothing: planes find them, rivals settle what pictures leave open."""

import math

import numpy as np
import pytest
import torch

from core.bootstrap.bootstrap import Bootstrap
from core.bootstrap.focal import likely_focals
from core.bootstrap.registration import spread
from core.evaluation.cameras import CameraErrors, compare_cameras
from core.geometry.cameras import Camera
from core.geometry.relief import bend
from core.geometry.rotations import matrix_to_axis_angle
from core.multiplane.schedule import Recipe
from core.photos import PhotoSet
from core.training.trainer import Trainer
from tests.conftest import small_config
from tests.core.training.layers import RECIPE, brief, layered, photo_set, thrifty
from tests.core.training.parts import bootstrap_of, network_of, planes_of

PHASES = ["starts", "mirror", "focal", "joining"]


def begun(photos: PhotoSet, recipe: Recipe, **changes) -> Trainer:
    """A trainer at the beginning of its bootstrap."""
    return Trainer(small_config(training__bootstrap=True, **changes), photos, recipe)


def until(trainer: Trainer, phase: str, workers: int = 1) -> Trainer:
    """Train until a phase begins; `explore` is after the last."""
    while bootstrap_of(trainer) is not None and bootstrap_of(trainer).phase != phase:
        trainer.train_step(workers)
    return trainer


def compared(trainer: Trainer, cameras: list[Camera]) -> CameraErrors:
    """The learned cameras against those that took the photos."""
    names = trainer.photos.names
    learned = dict(zip(names, trainer.rig.cameras(), strict=True))
    return compare_cameras(learned, dict(zip(names, cameras, strict=True)))


def everything(trainer: Trainer) -> torch.Tensor:
    """All that is learned, in one row."""
    assert planes_of(trainer) is not None
    learned = [*trainer.rig.parameters(), *planes_of(trainer).field.parameters()]
    if network_of(trainer) is not None:
        learned += network_of(trainer).field.parameters()
    return torch.cat([parameter.detach().flatten() for parameter in learned])


def test_it_finds_the_cameras() -> None:
    photos, cameras = layered(6, 64, 48)
    trainer = until(begun(photos, thrifty(), field__kind="planes"), "explore", workers=2)
    errors = compared(trainer, cameras)
    assert errors.ate < 0.1
    assert errors.rotation_best < 1
    assert errors.mirrored is False
    assert trainer.course.findings.mirror_gap is not None and trainer.course.findings.mirror_gap > 1
    assert trainer.course.findings.focal_interval is not None
    low, high = trainer.course.findings.focal_interval
    assert low < 0.82 < high
    assert trainer.stage == "explore" and not trainer.drain_messages()


def test_a_leader_inside_out_loses_to_its_mirror_image() -> None:
    photos, cameras = layered(6, 64, 48)
    trainer = begun(photos, thrifty(), field__kind="planes")
    boot = bootstrap_of(trainer)
    assert boot is not None
    true = torch.from_numpy(np.stack([camera.camera_to_world for camera in cameras])).float()
    for learner in (boot.leader, *boot.hypotheses):
        with torch.no_grad():
            learner.rig.position.copy_(true[:, :3, 3])
            learner.rig.rotation.copy_(matrix_to_axis_angle(true[:, :3, :3]))
        bend(learner.rig, -1.0, 0.4, 0.4)
    until(trainer, "mirror", workers=2)
    assert compared(trainer, cameras).mirrored is True
    (hypothesis,) = boot.hypotheses
    while boot.hypotheses:
        trainer.train_step(2)
    assert boot.leader is hypothesis
    assert any("turned" in sentence for sentence in trainer.drain_messages())
    assert compared(trainer, cameras).mirrored is False


def test_workers_share_a_bootstrap_without_changing_it(photos: PhotoSet) -> None:
    results = []
    for workers in (1, 2):
        trainer = until(begun(photos, brief(steps=3, most_photos=3)), "explore", workers)
        for _ in range(16):
            trainer.train_step(workers)
        results.append(everything(trainer))
    assert torch.equal(*results)


def test_it_tells_how_far_it_is(photos: PhotoSet) -> None:
    trainer = begun(photos, brief(steps=3, most_photos=2), data__held_out="none")
    parts: dict[int, list[float]] = {}
    while (boot := bootstrap_of(trainer)) is not None:
        gone = trainer.gone
        assert gone is not None
        parts.setdefault(id(boot.leader), []).append(gone)  # a new leader may be behind
        trainer.train_step(1)
    assert all(part == sorted(part) for part in parts.values())
    assert min(map(min, parts.values())) == 0 and gone > 0.9
    found_after = trainer.course.found_after
    assert found_after is not None and 0 < found_after <= trainer.seconds
    while (gone := trainer.gone) is not None:
        before = gone
        trainer.train_step(1)
    assert before > 0.8 and trainer.sharp


def test_trials_of_focal_lengths_leave_the_leader_as_it_is(photos: PhotoSet) -> None:
    trainer = until(begun(photos, brief(steps=3)), "focal")
    leader, before = bootstrap_of(trainer).leader, everything(trainer)
    while bootstrap_of(trainer) is not None:
        trainer.train_step(1)
    assert planes_of(trainer) is leader and trainer.course.findings.focal_interval is not None
    rig = torch.cat([parameter.detach().flatten() for parameter in leader.rig.parameters()])
    assert torch.equal(rig, before[: len(rig)])


def test_photos_beyond_the_first_join(photos: PhotoSet) -> None:
    recipe = brief(steps=3, most_photos=2)
    trainer = until(begun(photos, recipe, data__held_out="none"), "joining")
    assert bootstrap_of(trainer) is not None
    first = bootstrap_of(trainer).leader.trained.tolist()
    assert first == [0, 4]
    planes = [block.detach().clone() for block in bootstrap_of(trainer).leader.field.blocks]
    poses, groups = trainer.rig.camera_to_world()[first].detach().clone(), []
    while bootstrap_of(trainer) is not None:
        groups.append(tuple(bootstrap_of(trainer).hypotheses[0].trained.tolist()))
        assert torch.equal(trainer.rig.camera_to_world()[first], poses)
        for block, before in zip(bootstrap_of(trainer).leader.field.blocks, planes, strict=True):
            assert torch.equal(block, before)
        trainer.train_step(1)
    assert set(groups) == {(1, 2), (3,)}
    assert planes_of(trainer) is not None and planes_of(trainer).trained.tolist() == [0, 1, 2, 3, 4]
    assert not torch.isnan(trainer.photo_error).any()


def test_a_step_of_many_photos_is_of_all_of_them_and_costs_no_more() -> None:
    rng, cast = np.random.default_rng(0), set[int]()
    for count in (100, 190):
        pictures = rng.integers(0, 256, (count, 12, 16, 3), np.uint8)
        trainer = begun(photo_set(pictures), RECIPE, data__held_out="none")
        for _ in range(3):
            result = trainer.train_step(1)
            assert result.photo.unique().tolist() == list(range(count))
            cast.add(len(result.photo))
    assert cast == {level.rays for level in RECIPE.bootstrap}


def test_photos_held_out_or_left_out_never_enter(photos: PhotoSet) -> None:
    chosen = {"data__held_out": "every8", "data__disabled": ["3.png"]}
    trainer = begun(photos, brief(steps=3), **chosen)
    drawn: set[int] = set()
    while trainer.step < 45:
        drawn |= set(trainer.train_step(1).photo.tolist())
    assert trainer.stage == "explore"
    assert drawn == {1, 2, 4}
    assert (trainer.rig.position[[0, 3]] == 0).all()
    assert trainer.photo_error.isnan().tolist() == [True, False, False, True, False]


def test_spread_takes_the_ends_and_keeps_the_order() -> None:
    first, others = spread(torch.arange(10, 20), 4)
    assert first.tolist() == [10, 13, 16, 19]
    assert others.tolist() == [11, 12, 14, 15, 17, 18]
    assert spread(torch.arange(3), 4)[1].tolist() == []


def test_likely_focals_are_about_the_peak() -> None:
    low, high = likely_focals(0.8, 19.0, 20.0, 19.0)
    assert low < 0.8 < high and low * high == pytest.approx(0.64)
    assert math.log(high / low) < math.log(math.prod(likely_focals(1, 19.9, 20, 19.9)) + 2)
    further = likely_focals(0.8, 18.0, 20.0, 19.5)
    assert further[1] > high * 0.99 and further[0] < 0.8
    for flat in ((20.0, 20.0, 20.0), (20.0, 19.0, 20.0), (19.0, 20.0, 21.0)):
        widest = likely_focals(0.8, *flat)
        assert math.log(widest[1] / widest[0]) == pytest.approx(1.0)


NOISE = {"tiny": (7, 9), "panorama": (4, 160), "noise": (18, 24)}  # height, width


def pictures(kind: str) -> np.ndarray:
    """Photos that a person should not have taken."""
    if kind in NOISE:
        return np.random.default_rng(0).integers(0, 255, (3, *NOISE[kind], 3), np.uint8)
    smooth = layered(3, 40, 30)[0].pixels
    match kind:
        case "portrait":
            return layered(3, 20, 40)[0].pixels
        case "two":
            return smooth[:2]
        case "identical":
            return np.repeat(smooth[:1], 4, 0)
        case _:
            return np.zeros_like(smooth)


@pytest.mark.parametrize(
    "kind", ["tiny", "portrait", "panorama", "two", "identical", "black", "noise"]
)
def test_photos_that_tell_little_leave_finite_cameras(kind: str) -> None:
    kept = {"field__kind": "planes", "field__geometry": "planes"}  # however far such cameras look
    trainer = begun(photo_set(pictures(kind)), brief(steps=4), **kept)
    for _ in range(40):
        assert trainer.train_step(1).finite
    assert trainer.stage == "explore"
    assert torch.isfinite(everything(trainer)).all()
    assert math.isfinite(trainer.course.findings.mirror_gap or 0.0)
    assert all(math.isfinite(ratio) for ratio in trainer.course.findings.focal_interval or ())
    learned = trainer.learned()
    assert all(np.isfinite(camera.camera_to_world).all() for camera in learned.cameras)


def test_photos_without_parallax_are_said_to_be() -> None:
    trainer = begun(photo_set(pictures("identical")), brief(steps=4), field__kind="planes")
    said = []
    while bootstrap_of(trainer) is not None:
        trainer.train_step(1)
        said += trainer.drain_messages()
    assert any("inside out" in sentence for sentence in said)


@pytest.mark.parametrize("space", ["camera", "ndc"])
def test_either_space_can_be_explored_afterwards(photos: PhotoSet, space: str) -> None:
    far = 6.0 if space == "camera" else 1.0
    trainer = begun(photos, brief(steps=3), rendering__space=space, rendering__far=far)
    until(trainer, "explore")
    for _ in range(4):
        assert trainer.train_step(1).finite
    assert planes_of(trainer) is not None
    assert planes_of(trainer).field.near_depth == pytest.approx(
        0.2 * 6 if space == "camera" else 1.0
    )
    assert torch.isfinite(everything(trainer)).all()


def test_a_bootstrap_of_nothing_that_may_learn_moves_no_camera(photos: PhotoSet) -> None:
    fixed = {f"cameras__learn_{part}": False for part in ("rotation", "position", "focal")}
    trainer = until(begun(photos, brief(steps=3), **fixed), "mirror")
    assert isinstance(bootstrap_of(trainer), Bootstrap)
    pose = trainer.rig.camera_to_world()
    assert torch.allclose(pose, torch.eye(4).expand_as(pose))
    until(trainer, "explore")
    assert trainer.course.findings.focal_interval is None

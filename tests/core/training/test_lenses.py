"""Distortion and focal lengths of each photo: learned in every stage, kept by every file."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.config.declare import Effect
from core.config.paths import changed
from core.formats.transforms import write_transforms
from core.geometry.cameras import Camera, CameraRig
from core.geometry.rays import camera_rays
from core.geometry.rotations import ROTATIONS
from core.multiplane.compositing import planes_along
from core.multiplane.lens import follow
from core.multiplane.schedule import Level
from core.photos import PhotoSet
from core.runs import checkpoint
from core.runs.starting.warm_start import started
from core.training.camera_optimizer import CameraOptimizer, Learns
from core.training.changes import configure
from core.training.learners.multiplane_learner import MultiplaneLearner
from core.training.trainer import Trainer
from tests.cameras import camera
from tests.conftest import small_config
from tests.core.training.layers import RATIO, brief, circle, layered, taken
from tests.core.training.parts import alone, planes_of

BOTH = {"cameras.focal_of": "each-photo", "cameras.learn_distortion": True}
ASKED = {path.replace(".", "__"): value for path, value in BOTH.items()}
QUICK = {"cameras__focal_rate": 1e-3, "cameras__distortion_rate": 1e-2}
COARSE = Level(432, 8, 0, 30, (0.2, 0.2), (0, 0), (0, 0), (0, 0), 0.003)
FINE = Level(432, 8, 0, 50, (0.1, 0.1), (0, 0), (0, 0), (4e-3, 1e-3), 0.003)


def run_on(trainer: Trainer, steps: int, workers: int = 1) -> torch.Tensor:
    """Train on, and the cameras' numbers then."""
    for _ in range(steps):
        trainer.train_step(workers)
    return torch.cat([p.detach().flatten() for p in trainer.rig.parameters()])


def explored(photos: PhotoSet, **changes) -> Trainer:
    """A trainer whose bootstrap is over, with planes that still sharpen."""
    trainer = Trainer(small_config(training__bootstrap=True, **changes), photos, brief(steps=4))
    while trainer.stage == "bootstrap":
        assert not trainer.rig.zooms and not trainer.rig.distorts
        trainer.train_step(1)
    return trainer


def posed(cameras: list[Camera]) -> CameraRig:
    """A rig of pinholes with these poses and the focal length of `circle`."""
    width, height = cameras[0].width, cameras[0].height
    rig = CameraRig(len(cameras), width, height, "axis-angle", "square", True, RATIO)
    poses = torch.from_numpy(np.stack([camera.camera_to_world for camera in cameras]))
    with torch.no_grad():
        rig.position.copy_(poses[:, :3, 3])
        rig.rotation.copy_(ROTATIONS["axis-angle"].from_matrix(poses[:, :3, :3]))
    return rig


def learned(rig: CameraRig, photos: PhotoSet, learns: Learns) -> MultiplaneLearner:
    """Planes that learned the photos and what may be learned of their lenses."""
    pixels = torch.from_numpy(photos.pixels.copy())
    learner = MultiplaneLearner(
        rig, pixels, torch.arange(len(pixels)), learns, (COARSE, FINE), near_depth=1.0
    )
    while not learner.finished:
        learner.step(alone(learner))
    return learner


def test_planes_find_the_distortion_of_photos() -> None:
    photos, cameras = taken([replace(camera, k1=-0.15) for camera in circle(5, 24, 18)])
    rig = posed(cameras)
    rig.convert(distorts=True)
    learned(rig, photos, Learns(focal=False, distortion=True))
    assert float(rig.distortion.detach()) == pytest.approx(-0.15, abs=0.06)


def test_planes_find_which_photos_were_zoomed() -> None:
    zoom = [0.06, -0.06, 0.0, 0.06, -0.06]
    photos, cameras = taken(
        [
            replace(camera, fx=camera.fx * np.exp(z), fy=camera.fy * np.exp(z))
            for camera, z in zip(circle(5, 24, 18), zoom, strict=True)
        ]
    )
    rig = posed(cameras)
    rig.convert(zooms=True)
    learned(rig, photos, Learns())
    found = rig.zoom.detach()[:, 0] - rig.zoom.detach().mean()
    wanted = torch.tensor(zoom)
    assert (found - wanted).abs().max() < 0.025


@pytest.mark.parametrize("rays", [0, 500])
def test_planes_are_looked_at_through_the_lens_of_each_photo(rays: int) -> None:
    photos, cameras = layered()
    rig = posed(cameras)
    rig.convert(zooms=True, distorts=True)
    with torch.no_grad():
        rig.zoom += 0.1 * torch.randn(rig.zoom.shape, generator=torch.Generator().manual_seed(0))
        rig.distortion += -0.1
    level, trained = replace(COARSE, pixels=64 * 48, rays=rays), torch.tensor([1, 3, 4])
    learner = MultiplaneLearner(
        rig, torch.from_numpy(photos.pixels.copy()), trained, Learns(), (level,), 1.0
    )
    photo, pixel = learner.small.draw(rays or 10**6, torch.Generator().manual_seed(0))
    cast = learner.small.rays(rig, rig.normalized_focal(), trained, photo, pixel)
    whole = torch.stack([camera_rays(rig.cameras()[i]).directions for i in trained])
    assert torch.allclose(cast.directions, whole[photo, pixel], atol=1e-5)


@pytest.mark.parametrize("rays", [0, 500])
def test_planes_of_pinholes_are_looked_at_as_ever_to_the_bit(rays: int) -> None:
    photos, cameras = layered()
    rig, trained = posed(cameras), torch.tensor([1, 3, 4])
    level = replace(COARSE, rays=rays)
    learner = MultiplaneLearner(
        rig, torch.from_numpy(photos.pixels.copy()), trained, Learns(), (level,), 1.0
    )
    photo, pixel = learner.small.draw(rays or 10**6, torch.Generator().manual_seed(0))
    normalized_focal, small = rig.normalized_focal(), learner.small
    poses, tangents = rig.camera_to_world(trained), (small.centres - 0.5) / normalized_focal
    local = torch.cat([tangents, torch.ones_like(tangents[:, :1])], -1)
    if rays:
        before = (poses[photo, :3, :3] @ local[pixel].unsqueeze(-1)).squeeze(-1)
    else:
        before = (local[small.drawn] @ poses[:, :3, :3].mT).flatten(0, 1)
    (then,) = torch.autograd.grad(before.square().sum(), rig.focal)
    normalized_focal = rig.normalized_focal()
    now = small.rays(rig, normalized_focal, trained, photo, pixel).directions
    assert torch.equal(now, before)
    assert torch.equal(torch.autograd.grad(now.square().sum(), rig.focal)[0], then)


def test_planes_that_follow_leave_the_reference_picture_as_it_is() -> None:
    photos, cameras = layered()
    rig = posed(cameras)
    field = learned(rig, photos, Learns()).field.requires_grad_(False)
    normalized_focal = rig.normalized_focal().detach()
    reference = Camera(np.eye(4), *rig.focal_lengths().tolist(), 32, 24, 64, 48)

    def shown(k1: float) -> torch.Tensor:
        return planes_along(field, camera_rays(replace(reference, k1=k1)), normalized_focal)[0]

    before, unmoved = shown(0.0), shown(-0.1)
    follow(field, normalized_focal, torch.zeros(1), torch.tensor([-0.1]))
    assert (shown(-0.1) - before).abs().mean() < 0.3 * (unmoved - before).abs().mean()


def test_each_focal_length_has_steps_of_its_own_logarithm() -> None:
    rig = CameraRig(3, 40, 30, "axis-angle", "square", True, 0.8)
    rig.convert(zooms=True, distorts=True)
    optimizer = CameraOptimizer(rig, Learns(distortion=True), (1.0, 50.0))
    rig.zoom.grad = torch.tensor([[-3.0], [1e-3], [0.0]])
    rig.distortion.grad = torch.tensor([2.0])
    optimizer.step(0.0, 1e-3)
    assert torch.allclose(rig.zoom, torch.tensor([[1e-3], [-1e-3], [0.0]]))
    assert -1e-2 < float(rig.distortion.detach()) < -1e-3
    optimizer = CameraOptimizer(rig, Learns(focal=False), (1.0, 50.0))
    before = {name: p.detach().clone() for name, p in rig.named_parameters()}
    rig.zoom.grad, rig.distortion.grad = torch.ones(3, 1), torch.ones(1)
    optimizer.step(0.0, 1e-3)
    assert all(torch.equal(p, before[name]) for name, p in rig.named_parameters())


def test_a_network_learns_lenses_only_where_that_is_asked_for(photos: PhotoSet) -> None:
    plain, asked = (Trainer(small_config(**QUICK, **extra), photos) for extra in ({}, ASKED))
    run_on(plain, 5), run_on(asked, 5)
    assert len(plain.rig.zoom) == 0 and float(plain.rig.distortion.detach()) == 0
    assert (asked.rig.zoom != 0).all() and float(asked.rig.distortion.detach()) != 0
    configure(asked, changed(asked.config, {"cameras.learn_distortion": False}))
    kept = asked.rig.distortion.clone()
    run_on(asked, 2)
    assert torch.equal(asked.rig.distortion, kept) and asked.rig.distorts


def test_the_gradient_for_distortion_descends(photos: PhotoSet) -> None:
    """Photos as they are seen with k1: a step along the gradient from 0 goes towards it."""
    asked = {"cameras__learn_focal": False, "cameras__learn_rotation": False}
    trainer = Trainer(
        small_config(**asked, **QUICK, cameras__learn_position=False, training__rays=400), photos
    )
    run_on(trainer, 50)
    bent = [
        trainer.learned().scene.render(camera_rays(replace(camera, k1=-0.2))).rgb
        for camera in trainer.rig.cameras()
    ]
    trainer.colours = (torch.stack(bent).reshape(trainer.colours.shape) * 255).round().byte()
    changes = {"cameras.learn_distortion": True, "field.rate": 0.0, "rendering.perturb": False}
    assert configure(trainer, changed(trainer.config, changes)) is Effect.LIVE
    run_on(trainer, 60)
    assert float(trainer.rig.distortion.detach()) == pytest.approx(-0.2, abs=0.03)


def test_both_begin_when_the_bootstrap_is_over(photos: PhotoSet) -> None:
    trainer = explored(photos, **ASKED)
    assert trainer.rig.zooms and trainer.rig.distorts and planes_of(trainer) is not None
    assert planes_of(trainer).rig is trainer.rig
    numbers = run_on(trainer, 4)
    assert (trainer.rig.zoom != 0).all() and float(trainer.rig.distortion.detach()) != 0
    shared = run_on(explored(photos, **ASKED), 4, workers=2)
    assert torch.equal(shared, numbers), "workers record gradients where they are told to"


@pytest.mark.parametrize("bootstrap", [True, False])
def test_switching_mid_run_moves_no_pixel(photos: PhotoSet, bootstrap: bool) -> None:
    if bootstrap:
        trainer = explored(photos)
    else:
        trainer = Trainer(small_config(**QUICK), photos)
        run_on(trainer, 4)
    before = trainer.rig.cameras()
    assert configure(trainer, changed(trainer.config, BOTH)) is Effect.CONVERT
    for now, then in zip(trainer.rig.cameras(), before, strict=True):
        assert (now.fx, now.fy, now.k1) == (then.fx, then.fy, then.k1)
        assert np.array_equal(now.camera_to_world, then.camera_to_world)
    run_on(trainer, 3)
    assert (trainer.rig.zoom != 0).all() and float(trainer.rig.distortion.detach()) != 0
    own = [camera.fx for camera in trainer.rig.cameras()]
    configure(trainer, changed(trainer.config, {"cameras.focal_of": "all-photos"}))
    assert trainer.rig.cameras()[0].fx == pytest.approx(np.exp(np.log(own).mean()), rel=1e-5)
    run_on(trainer, 2)


@pytest.mark.parametrize("bootstrap", [True, False])
@pytest.mark.parametrize("kind", ["planes", "relu"])
def test_resume_is_bit_for_bit(photos: PhotoSet, tmp_path, bootstrap: bool, kind: str) -> None:
    many = {**ASKED, **QUICK, "field__kind": kind}
    if bootstrap:
        trainer = explored(photos, **many)
    else:
        trainer = Trainer(small_config(**many), photos, brief(steps=4))
    for steps in (0, 3):
        run_on(trainer, steps)
        found = checkpoint.read(checkpoint.save(trainer, tmp_path / str(steps), {}))
        again = Trainer(found.config, photos, brief(steps=4))
        checkpoint.restore(again, found)
        read, now = checkpoint.learned(found).cameras, trainer.rig.cameras()
        assert [(c.fx, c.k1) for c in read] == [(c.fx, c.k1) for c in now]
        assert torch.equal(run_on(again, 5), run_on(trainer, 5))


def test_a_checkpoint_from_before_there_were_lenses_holds_pinholes(
    photos: PhotoSet, tmp_path
) -> None:
    trainer = explored(photos)
    found = checkpoint.read(checkpoint.save(trainer, tmp_path, {}))
    for name in ("rig.zoom", "rig.distortion", "planes.rig.zoom", "planes.rig.distortion"):
        del found.tensors[name]
    del found.tensors["planes.followed"]
    again = Trainer(found.config, photos, brief(steps=4))
    checkpoint.restore(again, found)
    assert torch.equal(run_on(again, 4), run_on(trainer, 4))


@pytest.mark.parametrize("of_a_run", [True, False])
def test_a_run_begins_with_the_lenses_of_the_cameras_it_is_given(
    photos: PhotoSet, tmp_path, of_a_run: bool
) -> None:
    known = {
        name: replace(
            camera((0.1 * i, 0.05 * i**2, 0), fx=20.0 + i, size=(24, 18)),
            k1=-0.1,
            cx=12.48,
            cy=8.82,
        )
        for i, name in enumerate(photos.names)
    }
    write_transforms(known, tmp_path / "transforms.json")
    pixel, own = tmp_path / "transforms.json", {"cameras__focal_of": "each-photo"}
    trainer = started(small_config(training__start_from=str(pixel), **own), photos)
    if of_a_run:
        checkpoint.save(trainer, tmp_path / "run", {})
        again = {"training__start_from": str(tmp_path / "run")}
        trainer = started(small_config(**again, **own), photos)
        common = started(small_config(**again), photos).rig.cameras()
        mean = np.exp(np.mean(np.log([camera.fx for camera in known.values()])))
        assert [camera.fx for camera in common] == pytest.approx([mean] * 5, rel=1e-5)
    cameras = trainer.rig.cameras()
    assert [camera.fx for camera in cameras] == pytest.approx([20, 21, 22, 23, 24], rel=1e-5)
    assert [camera.k1 for camera in cameras] == pytest.approx([-0.1] * 5)
    assert [camera.principal for camera in cameras] == [pytest.approx((0.02, -0.01), abs=1e-6)] * 5
    assert trainer.rig.distorts, "what is known of the lens is heeded, learned or not"


def test_who_asks_too_late_is_told_what_to_do(photos: PhotoSet) -> None:
    trainer = explored(photos)
    trainer.drain_messages()
    configure(trainer, changed(trainer.config, {"cameras.learn_distortion": True}))
    assert trainer.drain_messages() == []
    while not planes_of(trainer).finished:
        trainer.train_step(1)
    trainer.drain_messages()
    configure(trainer, changed(trainer.config, {"cameras.focal_of": "each-photo"}))
    assert "cameras.rate_beside_planes" in trainer.drain_messages()[0]
    beside = {"cameras.focal_of": "all-photos", "cameras.rate_beside_planes": 1.0}
    configure(trainer, changed(trainer.config, beside))
    configure(trainer, changed(trainer.config, {"cameras.focal_of": "each-photo"}))
    assert trainer.drain_messages() == []
    run_on(trainer, 6)
    assert (trainer.rig.zoom != 0).all()

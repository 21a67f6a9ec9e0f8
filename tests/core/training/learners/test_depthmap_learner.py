"""Depth maps as a learner: they come to an end, keep right cameras, and go on exactly."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.config.paths import changed
from core.depthmaps.adjustment import refinement
from core.depthmaps.adjustment.trial import Trial
from core.depthmaps.adjustment.unknowns import PRINCIPAL
from core.depthmaps.warping.scene import WarpedScene
from core.errors import InputError
from core.rendering.progressive import picture_of
from core.rendering.scene import FieldScene
from core.runs import checkpoint
from core.runs.checkpoint import Checkpoint
from core.training.changes import configure, refine
from core.training.learners import depthmap_learner
from core.training.learners.depthmap_cameras import read, unknowns_of, write
from core.training.learners.field_learner import FieldLearner
from core.training.learners.multiplane_learner import MultiplaneLearner
from core.training.trainer import Trainer
from tests.core.depthmaps.adjustment.test_joint import drift
from tests.core.depthmaps.rendered import shoot
from tests.core.training.wide_run import SIZE, in_rig, maps_of, photos_of, to_the_end, wide_run


@pytest.fixture(scope="module")
def way() -> list[float]:
    """How far the run told that it was, after each step."""
    return []


@pytest.fixture(scope="module")
def done(way: list[float]) -> Trainer:
    trainer, _ = wide_run()
    while (gone := trainer.gone) is not None:
        way.append(gone)
        trainer.train_step(1)
    return to_the_end(trainer)


def psnr(seen: np.ndarray, photo: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(seen - photo / 255).mean()))


@pytest.mark.parametrize("degrees, wide", [(40.0, True), (5.0, False)])
def test_the_cameras_tell_what_holds_the_scene(degrees: float, wide: bool) -> None:
    trainer, _ = wide_run(degrees)
    assert (trainer.find(MultiplaneLearner) is None) is wide
    assert (trainer.shown == "depth-maps") is wide


def test_options_choose() -> None:
    trainer, _ = wide_run(5.0, field__geometry="depth-maps")
    assert trainer.shown == "depth-maps"
    trainer, _ = wide_run(40.0, field__geometry="planes", field__kind="planes")
    assert [learner.shows for learner in trainer.learners] == ["planes"]
    configure(trainer, changed(trainer.config, {"field.geometry": "depth-maps"}))
    assert [learner.shows for learner in trainer.learners] == ["depth-maps"]
    assert trainer.shown == "depth-maps"


def test_there_is_an_end_and_photos_are_seen(done: Trainer) -> None:
    errors = done.photo_error
    assert not errors.isnan().any()
    assert any("as sharp as its photos" in text for text in done.drain_messages())
    learned = done.learned()
    for camera, photo in zip(learned.cameras, done.photos.pixels, strict=True):
        assert psnr(picture_of(learned.scene, camera).rgb, photo) > 25


def test_it_tells_how_far_it_is(done: Trainer, way: list[float]) -> None:
    assert done.gone is None and done.sharp and done.complete
    assert way == sorted(way) and way[0] == 0 and way[-1] > 0.9
    assert max(map(way.count, way)) <= 2, "it never stands still"


def test_right_cameras_stay(done: Trainer) -> None:
    shot = shoot(7, 40, SIZE)
    assert max(drift(in_rig(done, shot), shot.cameras)) < 0.25


def test_a_refinement_that_is_worse_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    falling = itertools.count(0, -1)

    class Falling(Trial):
        """One that finds whatever comes later worse."""

        def step(self, *given: Any) -> None:
            known = self.score is not None
            super().step(*given)
            if self.score is not None and not known:
                self.score = float(next(falling))

    monkeypatch.setattr(refinement, "Trial", Falling)
    trainer, _ = wide_run()
    before = [number.detach().clone() for number in trainer.rig.parameters()]
    to_the_end(trainer)
    assert any("was taken back" in text for text in trainer.drain_messages())
    pairs = zip(before, trainer.rig.parameters(), strict=True)
    assert all(torch.allclose(*pair, atol=1e-6) for pair in pairs)


def test_what_is_held_does_not_move() -> None:
    held = {f"cameras__learn_{name}": False for name in ("rotation", "position", "focal")}
    trainer, _ = wide_run(**held)
    before = [number.detach().clone() for number in trainer.rig.parameters()]
    to_the_end(trainer)
    assert all(torch.equal(*pair) for pair in zip(before, trainer.rig.parameters(), strict=True))
    alone, _ = wide_run(cameras__learn_rotation=False)
    with torch.no_grad():  # so far off that moving is clearly better; less would be taken back
        generator = torch.Generator().manual_seed(0)
        alone.rig.position.add_(0.02 * torch.randn(alone.rig.position.shape, generator=generator))
    alone.learners = [learner.restarted(alone.context()) for learner in alone.learners]
    turn = alone.rig.camera_to_world()[:, :3, :3].detach()
    position = alone.rig.position.detach().clone()
    to_the_end(alone)
    assert torch.allclose(alone.rig.camera_to_world()[:, :3, :3].detach(), turn, atol=1e-6)
    assert not torch.equal(alone.rig.position, position)


def test_principal_points_are_looked_for_where_photos_are_whole() -> None:
    trainer, _ = wide_run()
    rig, learns = trainer.rig, trainer.context().learns
    for middle, zooms, free in ((True, False, 2), (False, False, 0), (True, True, 0)):
        rig.convert(zooms=zooms)
        unknowns = unknowns_of(rig, learns, "features", 7, middle)
        assert unknowns is not None
        assert int((unknowns.index[0, PRINCIPAL:] < unknowns.count).sum()) == free
    cameras = read(rig, torch.arange(7))
    aside = cameras.intrinsics + torch.tensor([0.0, 0.0, 2.1, -0.63])
    write(rig, torch.arange(7), replace(cameras, intrinsics=aside))
    assert rig.principal.tolist() == pytest.approx([2.1 / rig.width, -0.63 / rig.height], abs=1e-6)
    assert rig.principal_point().tolist() == pytest.approx(aside[0, 2:].tolist(), abs=1e-4)


@pytest.fixture(scope="module")
def turning() -> tuple[Trainer, Checkpoint]:
    """A run in its first joint steps, and what is kept of it."""
    trainer = until_turning(wide_run()[0])
    return trainer, checkpoint.taken(trainer, Path("none"), {})


def until_turning(trainer: Trainer) -> Trainer:
    """Into the first joint steps."""
    while not any(name.startswith("depthmaps.turns.joint.") for name in maps_of(trainer).state()):
        trainer.train_step(1)
    return trainer


@pytest.mark.parametrize("turning", [False, True])
def test_a_run_goes_on_exactly(turning: bool, tmp_path: Path) -> None:
    trainer, shot = wide_run()
    for _ in range(3):
        trainer.train_step(1)
    if turning:
        until_turning(trainer)
    made = checkpoint.taken(trainer, tmp_path / "x.safetensors", {})
    other = Trainer(made.config, photos_of(shot))
    checkpoint.restore(other, made)
    for _ in range(3):
        mine, theirs = trainer.train_step(1), other.train_step(2)
        assert torch.equal(mine.errors, theirs.errors)
    ours, others = maps_of(trainer).state(), maps_of(other).state()
    assert ours.keys() == others.keys()
    assert all(torch.equal(ours[name], others[name]) for name in ours)


FORGED = {
    "turns.camera.rotation": lambda old: old * 2,
    "turns.camera.intrinsics": lambda old: -old,
    "turns.camera.sizes": lambda old: old * 2,
    "turns.camera.k1": lambda old: old[:3],
    "turns.joint.rotation": lambda old: old[0, 0, 0],
    "turns.joint.centre": lambda old: old.float(),
    "turns.joint.worth": lambda old: torch.ones(3).double(),
    "turns.joint.inverse": lambda old: old[:-1],
    "turns.depths.stage": lambda old: old - 100,
    "turns.depths.now.inverse": lambda old: old[..., :9],
    "turns.depths.now.support": lambda old: old[:, :9],
    "turns.depths.now.sources": lambda old: old + 7,
    "turns.depths.now.step": None,
    "turns.depths.maps.gains": lambda old: old.mT,
    "turns.depths.maps.support": lambda old: old.bool(),
    "turns.made": None,
    "unknowns": lambda old: old + 1000,
    "count": lambda old: old * 1000,
    "photos": lambda old: old[:3],
}


@pytest.mark.parametrize("name", FORGED)
def test_what_none_of_ours_would_hold_is_refused(
    name: str, turning: tuple[Trainer, Checkpoint]
) -> None:
    trainer, made = turning
    tensors, change = dict(made.tensors), FORGED[name]
    old = tensors.pop(f"depthmaps.{name}")
    if change is not None:
        tensors[f"depthmaps.{name}"] = change(old)
    journey = trainer.learners[0].state()["depthmaps.turns.depths.journey"]
    if name.startswith("turns.depths.now."):  # its stages are over, so let some be left
        tensors["depthmaps.turns.depths.stage"] = torch.tensor(len(journey) - 3)
    other = Trainer(made.config, trainer.photos)
    with pytest.raises(InputError, match="is damaged"):
        checkpoint.restore(other, replace(made, tensors=tensors))


@pytest.mark.parametrize("stage", [3, 8])
def test_what_a_look_around_has_left_is_all_that_the_next_stages_read(stage: int) -> None:
    trainer, _ = wide_run()
    while int(maps_of(trainer).state()["depthmaps.turns.depths.stage"]) < stage:
        trainer.train_step(1)
    trainer.train_step(1)  # and a photo more
    made = checkpoint.taken(trainer, Path("none"), {})
    left = [name for name in made.tensors if ".now." in name or ".fresh." in name]
    refused = 0
    for name in left:
        tensors = {n: tensor for n, tensor in made.tensors.items() if n != name}
        other = Trainer(made.config, trainer.photos)
        try:
            checkpoint.restore(other, replace(made, tensors=tensors))
        except InputError:
            refused += 1
        else:
            for _ in range(10):  # more than a stage of seven photos
                assert other.train_step(1).finite
    assert refused, "what is read is missed"


def test_a_checkpoint_shows_what_the_run_shows(tmp_path: Path) -> None:
    done = until_turning(wide_run()[0])
    path = checkpoint.save(done, tmp_path, {})
    reopened, live = checkpoint.learned(checkpoint.read(path)), done.learned()
    assert isinstance(reopened.scene, WarpedScene)
    camera = live.cameras[3]
    ours, theirs = (picture_of(one.scene, camera) for one in (live, reopened))
    assert np.array_equal(ours.rgb, theirs.rgb)
    assert np.array_equal(ours.depth, theirs.depth)


def test_a_photo_that_is_switched_off_is_in_no_view_and_another_begins_anew() -> None:
    trainer = until_turning(wide_run(data__disabled=["6.png"])[0])
    configure(trainer, changed(trainer.config, {"data.disabled": ["2.png", "6.png"]}))
    scene = trainer.learned().scene
    assert isinstance(scene, WarpedScene) and scene.without == {2}
    configure(trainer, changed(trainer.config, {"data.disabled": []}))
    assert maps_of(trainer).maps is None
    assert len(maps_of(trainer).depths.cameras) == 7


def test_planes_are_seen_until_maps_in_their_place_show_something() -> None:
    trainer, _ = wide_run(field__geometry="planes", field__kind="planes")
    trainer.train_step(1)
    planes = trainer.learned().scene
    configure(trainer, changed(trainer.config, {"field.geometry": "depth-maps"}))
    learned = trainer.learned()
    assert learned.scene is learned.planes is planes and learned.shown == "planes"
    while maps_of(trainer).maps is None:
        trainer.train_step(1)
    learned = trainer.learned()
    assert isinstance(learned.scene, WarpedScene) and learned.scene.views is not None
    assert learned.shown == "depth-maps" and learned.planes is None


def test_refining_begins_anew_with_cameras_as_they_are() -> None:
    trainer = until_turning(wide_run()[0])
    before = trainer.rig.position.detach().clone()
    refine(trainer)
    assert not trainer.complete
    assert maps_of(trainer).maps is None
    assert torch.equal(before, trainer.rig.position)


def beside(**changes: object) -> Trainer:
    """A run whose network is looked at beside depth maps that stand."""
    small = {"field__width": 32, "field__depth": 3, "field__skip": 1, "training__rays": 256}
    trainer, _ = wide_run(explore__show="both", **(small | changes))
    while len(trainer.ready()) < 2:
        trainer.train_step(1)
    return trainer


def test_a_network_learns_beside_maps_while_it_is_looked_at(done: Trainer) -> None:
    assert done.find(FieldLearner) is None and done.learned().pair == ()
    trainer = beside()
    network, maps = trainer.find(FieldLearner), maps_of(trainer)
    assert network is not None and maps.refinement is not None and maps.refinement.done
    position = trainer.rig.position.detach().clone()
    photo, camera = trainer.photos.pixels[3], trainer.rig.cameras()[3]
    seen = []
    for _ in range(2):
        learned = trainer.learned()
        assert learned.shown == "depth-maps" and isinstance(learned.pair[0], WarpedScene)
        seen.append(psnr(picture_of(learned.pair[1], camera).rgb, photo))
        for _ in range(400):
            trainer.train_step(1)
    assert seen[1] > seen[0] + 5 and seen[1] > 15
    assert torch.equal(position, trainer.rig.position)
    assert trainer.shown == "depth-maps" and set(trainer.holdout.errors) <= {"field"}

    weights = [number.detach().clone() for number in network.field.parameters()]
    assert not trainer.complete
    configure(trainer, changed(trainer.config, {"explore.show": "best"}))
    to_the_end(trainer)
    assert trainer.find(FieldLearner) is network and trainer.learned().pair == ()
    assert all(map(torch.equal, weights, network.field.parameters()))
    configure(trainer, changed(trainer.config, {"explore.show": "network"}))
    assert isinstance(trainer.learned().scene, FieldScene) and not trainer.complete


def test_a_network_begins_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = to_the_end(wide_run()[0])
    with monkeypatch.context() as patched:
        patched.setattr(depthmap_learner, "occupancy_of", None)  # nobody asks maps that are alone
        assert trainer.learned().shown == "depth-maps"
    configure(trainer, changed(trainer.config, {"explore.show": "network"}))
    (_, field) = trainer.learners
    assert isinstance(field, FieldLearner) and not trainer.complete
    configure(trainer, changed(trainer.config, {"field.kind": "planes"}))
    assert trainer.find(FieldLearner) is None and trainer.complete


def test_a_network_beside_maps_goes_on_exactly(tmp_path: Path) -> None:
    trainer = beside(training__bootstrap=True)
    for _ in range(7):
        trainer.train_step(1)
    made = checkpoint.taken(trainer, tmp_path / "x.safetensors", {})
    checkpoint.write(made)
    read = checkpoint.read(made.path)
    other = Trainer(read.config, trainer.photos)
    checkpoint.restore(other, read)
    for _ in range(7):
        mine, theirs = trainer.train_step(1), other.train_step(2)
        assert torch.equal(mine.errors, theirs.errors)
    ours, others = (run.find(FieldLearner) for run in (trainer, other))
    assert ours is not None and others is not None
    assert all(map(torch.equal, ours.field.parameters(), others.field.parameters()))
    camera = trainer.rig.cameras()[2]
    live, reopened = (
        trainer.learned(),
        checkpoint.learned(checkpoint.read(checkpoint.save(trainer, tmp_path, {}))),
    )
    assert len(reopened.pair) == 2
    for one, two in zip(live.pair, reopened.pair, strict=True):
        assert np.allclose(picture_of(one, camera).rgb, picture_of(two, camera).rgb, atol=1e-5)

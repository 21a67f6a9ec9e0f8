"""Whatever is changed or stopped while planes find the cameras, the run goes on as it should."""

from pathlib import Path

import pytest
import torch

from core.config.paths import changed
from core.multiplane.field import MultiplaneImage
from core.photos import PhotoSet
from core.rendering.scene import FieldScene
from core.runs import checkpoint
from core.training.changes import configure, refine
from core.training.trainer import Trainer
from tests.conftest import small_config
from tests.core.bootstrap.test_bootstrap import PHASES, begun, everything, until
from tests.core.training.layers import brief
from tests.core.training.parts import bootstrap_of, network_of, planes_of

RECIPE = brief(steps=3, most_photos=3)


def run_on(trainer: Trainer, steps: int) -> torch.Tensor:
    """Train on, and what is learned then."""
    for _ in range(steps):
        trainer.train_step(1)
    return everything(trainer)


def reopened(trainer: Trainer, run: Path) -> Trainer:
    """Another trainer that continues from a file of this one."""
    found = checkpoint.read(checkpoint.save(trainer, run, {}))
    again = Trainer(found.config, trainer.photos, trainer.recipe)
    checkpoint.restore(again, found)
    return again


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("further", [0, 2])
def test_resume_in_every_phase_is_bit_for_bit(
    photos: PhotoSet, tmp_path: Path, phase: str, further: int
) -> None:
    trainer = until(begun(photos, RECIPE), phase)
    run_on(trainer, further)
    assert bootstrap_of(trainer) is not None and bootstrap_of(trainer).phase == phase
    again = reopened(trainer, tmp_path)
    assert bootstrap_of(again) is not None and bootstrap_of(again).phase == phase
    assert torch.equal(run_on(again, 22), run_on(trainer, 22))
    assert again.course.findings == trainer.course.findings and again.stage == trainer.stage


@pytest.mark.parametrize("kind", ["relu", "planes"])
@pytest.mark.parametrize("further", [1, 20])
def test_resume_in_explore_is_bit_for_bit(
    photos: PhotoSet, tmp_path: Path, kind: str, further: int
) -> None:
    trainer = until(begun(photos, RECIPE, field__kind=kind), "explore")
    run_on(trainer, further)
    again = reopened(trainer, tmp_path)
    assert torch.equal(run_on(again, 7), run_on(trainer, 7))
    assert (again.shown, again.holdout.errors) == (trainer.shown, trainer.holdout.errors)


@pytest.mark.parametrize("bootstrap", [True, False])
def test_resume_in_refine_of_planes_is_bit_for_bit(
    photos: PhotoSet, tmp_path: Path, bootstrap: bool
) -> None:
    config = small_config(training__bootstrap=bootstrap, field__kind="planes")
    trainer = until(Trainer(config, photos, RECIPE), "explore")
    run_on(trainer, 6)
    refine(trainer)
    run_on(trainer, 6)
    again = reopened(trainer, tmp_path)
    assert again.stage == "refine"
    assert torch.equal(run_on(again, 8), run_on(trainer, 8))


def test_resume_after_photos_were_left_out_asks_for_the_same_pixels(
    photos: PhotoSet, tmp_path: Path
) -> None:
    trainer = until(begun(photos, RECIPE), "explore")
    configure(trainer, changed(trainer.config, {"data.disabled": ["2.png"]}))
    again = reopened(trainer, tmp_path)
    for one in (trainer, again):
        run_on(one, 60)
    assert trainer.holdout.errors and trainer.holdout.errors == again.holdout.errors


CHANGES = [
    {"cameras.rotation": "quaternion"},
    {"cameras.rotation": "rotation6D", "cameras.focal": "exp"},
    {"cameras.focal": "ratio", "cameras.shared_focal": False},
    {"cameras.learn_position": False, "cameras.learn_focal": False},
    {"data.disabled": ["1.png", "3.png"]},
    {"field.kind": "siren"},
]


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("change", CHANGES, ids="+".join)
def test_changes_amid_a_bootstrap_move_no_camera(
    photos: PhotoSet, tmp_path: Path, phase: str, change: dict[str, object]
) -> None:
    trainer = until(begun(photos, RECIPE), phase)
    run_on(trainer, 1)
    before = trainer.rig.camera_to_world().detach().clone()
    configure(trainer, changed(trainer.config, change))
    assert (trainer.rig.camera_to_world() - before).abs().max() < 1e-6
    again = reopened(trainer, tmp_path)
    assert torch.equal(run_on(again, 4), run_on(trainer, 4))
    until(trainer, "explore")
    assert torch.isfinite(run_on(trainer, 3)).all()


def test_photos_taken_back_join_and_those_that_joined_stay(photos: PhotoSet) -> None:
    trainer = begun(photos, RECIPE, data__disabled=["1.png"])
    until(trainer, "joining")
    run_on(trainer, 1)
    configure(trainer, changed(trainer.config, {"data.disabled": []}))
    assert bootstrap_of(trainer) is not None
    assert bootstrap_of(trainer).others.tolist() == [1]
    until(trainer, "explore")
    assert planes_of(trainer) is not None and planes_of(trainer).trained.tolist() == [0, 1, 2, 3, 4]
    assert trainer.rig.position[1].abs().max() > 0


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("kind", ["relu", "planes"])
def test_refine_ends_the_bootstrap_and_keeps_the_cameras(
    photos: PhotoSet, tmp_path: Path, phase: str, kind: str
) -> None:
    trainer = until(begun(photos, RECIPE, field__kind=kind), phase)
    run_on(trainer, 1)
    assert bootstrap_of(trainer) is not None
    known = bootstrap_of(trainer).leader.trained
    before = trainer.rig.camera_to_world()[known].detach().clone()
    refine(trainer)
    assert trainer.stage == "refine" and bootstrap_of(trainer) is None
    assert torch.equal(trainer.rig.camera_to_world()[known], before)
    assert planes_of(trainer) is not None and planes_of(trainer).trained.tolist() == [0, 1, 2, 3, 4]
    again = reopened(trainer, tmp_path)
    assert torch.equal(run_on(again, 6), run_on(trainer, 6))
    assert torch.isfinite(everything(trainer)).all()


@pytest.mark.parametrize("bootstrap", [True, False])
def test_planes_and_networks_change_places_in_a_run(photos: PhotoSet, bootstrap: bool) -> None:
    config = small_config(training__bootstrap=bootstrap)
    trainer = until(Trainer(config, photos, RECIPE), "explore")
    for kind in ("planes", "relu", "planes", "siren"):
        run = [trainer.train_step(1).finite for _ in range(4)]
        poses = trainer.rig.camera_to_world().detach().clone()
        configure(trainer, changed(trainer.config, {"field.kind": kind}))
        assert all(run) and torch.equal(trainer.rig.camera_to_world(), poses)
        assert (network_of(trainer) is None) is (kind == "planes")
        assert (planes_of(trainer) is None) is (kind != "planes" and not bootstrap)
        trainer.learned()
    assert trainer.train_step(1).finite


def test_planes_without_bootstrap_learn_from_every_photo(photos: PhotoSet) -> None:
    trainer = Trainer(small_config(field__kind="planes"), photos, RECIPE)
    assert trainer.stage == "explore" and trainer.holdout.allowed is None
    first = trainer.train_step(1)
    assert set(first.photo.tolist()) == {0, 1, 2, 3, 4}
    run_on(trainer, 25)
    assert planes_of(trainer) is not None and planes_of(trainer).finished
    assert trainer.train_step(1).loss < first.loss


def test_a_photo_taken_back_late_starts_beside_its_neighbour(photos: PhotoSet) -> None:
    trainer = until(begun(photos, RECIPE, data__disabled=["4.png"]), "explore")
    run_on(trainer, 2)
    configure(trainer, changed(trainer.config, {"data.disabled": []}))
    assert torch.equal(trainer.rig.position[4], trainer.rig.position[3])
    before = trainer.rig.position[3].detach().clone()
    configure(trainer, changed(trainer.config, {"data.disabled": ["0.png"]}))
    assert torch.equal(trainer.rig.position[3], before)


def test_a_fresh_copy_of_the_planes_is_the_newest(photos: PhotoSet) -> None:
    trainer = until(begun(photos, RECIPE), "explore")
    trainer.learned()
    run_on(trainer, 1)
    newest = trainer.learned().planes
    assert newest is not None and planes_of(trainer) is not None
    assert torch.equal(newest.field.blocks[0], planes_of(trainer).field.blocks[0])


def test_it_says_how_large_the_photos_are_that_steps_compare_with(photos: PhotoSet) -> None:
    trainer = begun(photos, RECIPE)
    trainer.train_step(1)
    small = trainer.showing.compared_at
    until(trainer, "explore")
    assert planes_of(trainer) is not None and bootstrap_of(trainer) is None
    assert small < trainer.showing.compared_at <= max(photos.pixels.shape[1:3])
    trainer.shown = "field"
    assert trainer.showing.compared_at == max(photos.pixels.shape[1:3]), (
        "networks learn from whole photos"
    )


def test_a_network_takes_one_turn_in_three_while_planes_sharpen(photos: PhotoSet) -> None:
    trainer = until(begun(photos, RECIPE), "explore")
    assert network_of(trainer) is not None
    moved = []
    for _ in range(6):
        before = network_of(trainer).field.density.weight.detach().clone()
        trainer.train_step(1)
        moved.append(not torch.equal(network_of(trainer).field.density.weight, before))
    assert sum(moved) == 2


@pytest.mark.parametrize("kind", ["relu", "planes"])
def test_planes_say_how_well_they_know_unseen_pixels_once_all_have_cameras(
    photos: PhotoSet, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.turns.EVERY", 2)
    trainer = until(begun(photos, RECIPE, field__kind=kind), "explore")
    run_on(trainer, 2)
    assert trainer.holdout.errors.keys() == (
        {"planes"} if kind == "planes" else {"planes", "field"}
    )


def looks_at(trainer: Trainer, show: str) -> None:
    """Ask for a scene."""
    configure(trainer, changed(trainer.config, {"explore.show": show}))


def test_a_person_chooses_whose_scene_is_shown(photos: PhotoSet, tmp_path: Path) -> None:
    trainer = begun(photos, RECIPE)
    trainer.train_step(1)
    looks_at(trainer, "network")
    assert trainer.learned().shown == "planes", "there is no network yet"
    until(trainer, "explore")
    run_on(trainer, 1)
    best = trainer.shown
    for asked, shown, kinds in (
        ("network", "field", []),
        ("planes", "planes", []),
        ("best", best, []),
        ("both", best, ["MultiplaneImage", "ReluField"]),
    ):
        looks_at(trainer, asked)
        found = checkpoint.read(checkpoint.save(trainer, tmp_path, {}))
        for learned in (trainer.learned(), checkpoint.learned(found)):
            assert learned.shown == shown
            assert isinstance(learned.scene, FieldScene)
            assert isinstance(learned.scene.field, MultiplaneImage) is (shown == "planes")
            pair = [side.field for side in learned.pair if isinstance(side, FieldScene)]
            assert [type(field).__name__ for field in pair] == kinds
    assert trainer.shown == best

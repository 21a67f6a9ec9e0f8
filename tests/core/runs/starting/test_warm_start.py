"""A new run that begins with the cameras, or with more, of something else."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.config.declare import Effect
from core.config.paths import changed, options
from core.engine.run_folder.opening import open_run
from core.errors import InputError
from core.photos import PhotoSet
from core.runs import checkpoint
from core.runs.starting.warm_start import started
from core.training.changes import refine
from core.training.trainer import Trainer
from tests.conftest import small_config, small_options
from tests.core.training.layers import brief
from tests.core.training.parts import bootstrap_of, network_of, planes_of

EVERYTHING = ["cameras", "field", "optimizers"]
RECIPE = brief(steps=3)


def run_on(trainer: Trainer, steps: int) -> torch.Tensor:
    """Train on, and everything learned then in one row."""
    for _ in range(steps):
        trainer.train_step(1)
    parts = [*trainer.rig.parameters()]
    if network_of(trainer) is not None:
        parts += network_of(trainer).field.parameters()
    if planes_of(trainer) is not None:
        parts += planes_of(trainer).field.blocks
    return torch.cat([part.detach().flatten() for part in parts])


@pytest.fixture
def source(photos: PhotoSet, tmp_path: Path) -> Path:
    """The folder of a run whose cameras have moved."""
    trainer = Trainer(small_config(cameras__rate=1e-2), photos)
    run_on(trainer, 12)
    checkpoint.save(trainer, tmp_path / "source", {})
    return tmp_path / "source"


def from_it(path: Path, **changes: Any) -> dict[str, Any]:
    """Options that start from a place; others as `section__name`."""
    return {"training__start_from": str(path)} | changes


def refusal(photos: PhotoSet, path: Path, **changes: Any) -> str:
    """The one sentence with which a start is refused."""
    with pytest.raises(InputError) as refused:
        started(small_config(**from_it(path, **changes)), photos)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def poses(trainer: Trainer) -> torch.Tensor:
    """(N, 4, 4)."""
    return trainer.rig.camera_to_world().detach().clone()


# -- from a run ------------------------------------------------------------------------------------


@pytest.mark.parametrize("bootstrap", [False, True])
def test_cameras_of_a_run_are_exactly_equal_and_the_rest_is_new(
    photos: PhotoSet, source: Path, bootstrap: bool
) -> None:
    old = checkpoint.newest_in(source)
    config = small_config(**from_it(source, training__bootstrap=bootstrap))
    trainer = started(config, photos, RECIPE)
    for name, parameter in trainer.rig.named_parameters():
        assert torch.equal(parameter, old.tensors[f"rig.{name}"])
    assert trainer.rig.position.abs().max() > 1e-3
    assert (trainer.stage, trainer.step, trainer.epoch) == ("refine", 0, 0)
    assert bootstrap_of(trainer) is None and network_of(trainer) is not None
    assert (planes_of(trainer) is not None) is bootstrap
    weights = dict(network_of(trainer).field.named_parameters())
    assert not torch.equal(weights["density.weight"], old.tensors["field.density.weight"])
    assert trainer.drain_messages() == [f"Begun with cameras of {source}."]
    assert all(trainer.train_step(1).finite for _ in range(4))


@pytest.mark.parametrize("bootstrap", [False, True])
@pytest.mark.parametrize("kind", ["relu", "planes"])
def test_cameras_that_were_given_keep_still_for_the_epochs_asked_for(
    photos: PhotoSet, source: Path, bootstrap: bool, kind: str
) -> None:
    config = small_config(
        **from_it(source, training__bootstrap=bootstrap, field__kind=kind),
        training__freeze_cameras_epochs=2,
    )
    trainer = started(config, photos, RECIPE)
    held = poses(trainer)
    while trainer.epoch < 2:
        trainer.train_step(1)
        assert torch.equal(poses(trainer), held)
    run_on(trainer, 6)
    assert not torch.equal(poses(trainer), held)


def test_a_checkpoint_file_is_as_good_as_its_run(photos: PhotoSet, source: Path) -> None:
    file = checkpoint.newest_in(source).path
    first, second = (started(small_config(**from_it(p)), photos) for p in (source, file))
    assert torch.equal(run_on(first, 3), run_on(second, 3))


def test_other_representations_move_no_camera(photos: PhotoSet, source: Path) -> None:
    plain = started(small_config(**from_it(source)), photos)
    other = {"cameras__rotation": "quaternion", "cameras__focal": "exp"}
    trainer = started(small_config(**from_it(source), **other), photos)
    assert trainer.rig.rotation.shape[1] == 4
    assert torch.allclose(poses(trainer), poses(plain), atol=1e-6)
    assert torch.allclose(trainer.rig.focal_lengths(), plain.rig.focal_lengths(), rtol=1e-6)


def test_cameras_belong_to_names_and_newcomers_begin_beside_their_neighbour(
    photos: PhotoSet, source: Path
) -> None:
    old = checkpoint.newest_in(source).tensors["rig.position"]
    names = ("0.png", "1.jpg", "1b.png", "3.png", "4.png", "zz.png")
    pixels = np.concatenate([photos.pixels, photos.pixels[:1]])
    trainer = started(small_config(**from_it(source)), PhotoSet(names, pixels, 24, 18, None, ()))
    assert torch.equal(trainer.rig.position, old[[0, 1, 1, 3, 4, 4]])
    said = trainer.drain_messages()[1]
    assert "2 of 6 photos" in said and "1b.png, zz.png" in said and "0.png" not in said


def test_photos_kept_aside_there_begin_beside_their_neighbour(
    photos: PhotoSet, tmp_path: Path
) -> None:
    trainer = Trainer(small_config(data__held_out="every8", cameras__rate=1e-2), photos)
    run_on(trainer, 8)
    path = checkpoint.save(trainer, tmp_path, {})
    again = started(small_config(**from_it(path)), photos)
    assert torch.equal(again.rig.position[0], again.rig.position[1])
    assert "0.png" in again.drain_messages()[1]
    alike = started(small_config(**from_it(path), data__held_out="every8"), photos)
    assert len(alike.drain_messages()) == 1


def test_a_bootstrap_under_way_gives_the_cameras_it_has(photos: PhotoSet, tmp_path: Path) -> None:
    trainer = Trainer(small_config(training__bootstrap=True), photos, brief(steps=3, most_photos=3))
    run_on(trainer, 4)
    path = checkpoint.save(trainer, tmp_path, {})
    again = started(small_config(**from_it(path)), photos)
    assert "2 of 5 photos" in again.drain_messages()[1]
    assert "still finding" in refusal(photos, path, training__keep=["cameras", "field"])


def test_new_cameras_beside_finished_planes_need_somebody_who_moves_them(
    photos: PhotoSet, tmp_path: Path
) -> None:
    trainer = Trainer(small_config(training__bootstrap=True), photos, RECIPE)
    while (
        network_of(trainer) is None or planes_of(trainer) is None or not planes_of(trainer).finished
    ):
        trainer.train_step(1)
    path = checkpoint.save(trainer, tmp_path, {})
    asked = from_it(path, training__bootstrap=True, training__keep=["field"])
    with pytest.raises(InputError, match="nothing would move the new cameras"):
        started(small_config(**asked), photos, RECIPE)
    moving = started(small_config(**asked, cameras__rate_beside_planes=0.5), photos, RECIPE)
    before = poses(moving)
    run_on(moving, 2)
    assert not torch.equal(poses(moving), before)


@pytest.mark.parametrize("bootstrap", [False, True])
def test_resume_of_a_started_run_is_exact_without_its_source(
    photo_folder: Path, source: Path, tmp_path: Path, bootstrap: bool
) -> None:
    asked = small_options(
        **from_it(source, data__photos=str(photo_folder), training__bootstrap=bootstrap),
        training__freeze_cameras_epochs=1,
    )
    trainer, recorder, _ = open_run(tmp_path / "second", asked)
    run_on(trainer, 4)
    checkpoint.save(trainer, tmp_path / "second", recorder.tensors())
    for file in checkpoint.folder(source).iterdir():
        file.unlink()
    again, _, complaints = open_run(tmp_path / "second", asked)
    assert not complaints and (again.step, again.stage) == (4, "refine")
    assert torch.equal(run_on(again, 6), run_on(trainer, 6))
    with pytest.raises(InputError, match="source"):
        open_run(tmp_path / "third", asked)


def test_a_started_run_can_be_refined_again(photos: PhotoSet, source: Path) -> None:
    trainer = started(small_config(**from_it(source), training__freeze_cameras_epochs=1), photos)
    run_on(trainer, 11)
    held = poses(trainer)
    refine(trainer)
    assert trainer.cameras_frozen
    run_on(trainer, 3)
    assert torch.equal(poses(trainer), held)


# -- more than the cameras -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["relu", "siren", "planes"])
@pytest.mark.parametrize("bootstrap", [False, True])
def test_with_everything_kept_the_next_step_is_the_one_the_run_would_have_made(
    photos: PhotoSet, tmp_path: Path, kind: str, bootstrap: bool
) -> None:
    config = small_config(
        training__bootstrap=bootstrap, field__kind=kind, field__view_epochs=1, field__decay=0.5,
        field__decay_epochs=2, cameras__decay_steps=3,
    )  # fmt: skip
    trainer = Trainer(config, photos, RECIPE)
    while bootstrap_of(trainer) is not None or trainer.step < 10:
        trainer.train_step(1)
    run_on(trainer, -trainer.step % 15)  # an epoch of five photos ends, and the network's turn
    path = checkpoint.save(trainer, tmp_path, {})
    options = from_it(path, training__keep=EVERYTHING)
    again = started(
        changed(config, {n.replace("__", "."): v for n, v in options.items()}), photos, RECIPE
    )
    again.generator.set_state(trainer.generator.get_state())
    assert again.step == 0 and again.shown == trainer.shown
    assert torch.equal(run_on(again, 7), run_on(trainer, 7))


def test_a_field_alone_is_kept_and_the_cameras_begin_at_the_identity(
    photos: PhotoSet, source: Path
) -> None:
    old = checkpoint.newest_in(source).tensors
    trainer = started(small_config(**from_it(source), training__keep=["field"]), photos)
    assert torch.equal(poses(trainer), torch.eye(4).expand(5, 4, 4))
    assert trainer.stage == "explore" and network_of(trainer) is not None
    for name, parameter in network_of(trainer).field.named_parameters():
        assert torch.equal(parameter, old[f"field.{name}"])
    assert not any(adam.state_dict()["state"] for adam in network_of(trainer).optimizers.values())


def test_a_field_of_a_run_without_planes_is_shown_beside_new_ones(
    photos: PhotoSet, source: Path
) -> None:
    keep = {"training__keep": ["cameras", "field"], "training__bootstrap": True}
    trainer = started(small_config(**from_it(source), **keep), photos, RECIPE)
    assert trainer.shown == "field" and planes_of(trainer) is not None
    assert "flatters" in trainer.drain_messages()[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"training__keep": ()}, ["training.keep", "start_from"]),
        ({"training__keep": ["cameras", "optimizers"]}, ["training.keep", "cameras,field"]),
        ({"field__width": 24}, ["field.width", "16", "24"]),
        ({"field__kind": "siren"}, ["relu", "field.kind", "siren"]),
        ({"rendering__space": "camera"}, ["ndc", "rendering.space camera", "leave field out"]),
        (
            {"training__keep": EVERYTHING, "cameras__rotation": "quaternion"},
            ["optimizers", "representations"],
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    photos: PhotoSet, source: Path, changes: dict[str, Any], words: list[str]
) -> None:
    sentence = refusal(photos, source, **({"training__keep": ["cameras", "field"]} | changes))
    assert all(word in sentence for word in words), sentence


def test_groups_are_known_words() -> None:
    with pytest.raises(InputError, match=r"training\.keep .* cameras, field, optimizers"):
        small_config(training__keep=["camera"])
    assert {options()[f"training.{name}"].effect for name in ("start_from", "keep")} == {
        Effect.RESTART
    }


# -- another space ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("near", "far"), [(0.0, 1.0), (0.2, 4.0)])
def test_another_space_and_back_is_where_it_was(
    photos: PhotoSet, source: Path, tmp_path: Path, near: float, far: float
) -> None:
    bounds = {"rendering__near": near, "rendering__far": far}
    there = started(small_config(**from_it(source), rendering__space="camera", **bounds), photos)
    path = checkpoint.save(there, tmp_path / "there", {})
    back = started(small_config(**from_it(path)), photos)
    old = checkpoint.newest_in(source).tensors
    assert not torch.allclose(there.rig.position, old["rig.position"], atol=1e-3)
    assert torch.equal(there.rig.rotation, old["rig.rotation"])
    assert torch.allclose(back.rig.position, old["rig.position"], atol=1e-5)
    assert torch.equal(back.rig.rotation, old["rig.rotation"])

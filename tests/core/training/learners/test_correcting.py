"""What planes leave of the photos: warped into views, as far as unseen pixels bear it out."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.config.paths import changed
from core.depthmaps.warping.corrected import CorrectedScene, Correction
from core.errors import InputError
from core.geometry.cameras import CameraRig
from core.rendering.progressive import picture_of
from core.rendering.scene import FieldScene
from core.runs import checkpoint
from core.runs.soundness import require_sound
from core.training.changes import configure
from core.training.learners import correcting
from core.training.learners.correcting import Correcting, kept_aside
from core.training.learners.multiplane_learner import MultiplaneLearner
from core.training.trainer import Trainer
from tests.core.training.wide_run import to_the_end, wide_run

DEGREES, UNSEEN = 12.0, "3.png"  # a photo in the middle that nothing is learned from
STEPS = 40  # of planes: far from enough, so that they leave much and learn few photos by heart


@pytest.fixture(autouse=True, scope="module")
def small_photos_do() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(correcting, "SMALLEST", 64)
        yield


@pytest.fixture(scope="module")
def done() -> Trainer:
    """A run whose planes are corrected, for tests that only look."""
    return to_the_end(sharpened())


def planes_of(trainer: Trainer) -> MultiplaneLearner:
    found = trainer.find(MultiplaneLearner)
    assert found is not None
    return found


def begun(**changes: object) -> Trainer:
    """A run of planes without the photo in the middle, before its first step."""
    options = {"field__kind": "planes", "field__geometry": "planes", "data__disabled": [UNSEEN]}
    options |= {f"cameras__learn_{part}": False for part in ("rotation", "position", "focal")}
    trainer, _ = wide_run(DEGREES, **options | changes)
    return trainer


def sharpened(**changes: object) -> Trainer:
    """The same when planes are over, before anything is corrected."""
    trainer = begun(**changes)
    for _ in range(STEPS):
        trainer.train_step(1)
    planes = planes_of(trainer)
    planes.level = len(planes.levels)
    return trainer


def decibels_at(trainer: Trainer, scene: FieldScene, photo: int) -> float:
    """PSNR of a scene from a photo's true place."""
    seen = picture_of(scene, trainer.rig.cameras()[photo]).rgb
    error = np.square(seen - trainer.photos.pixels[photo].astype(np.float32) / 255).mean()
    return float(-10 * np.log10(error))


def test_a_photo_that_nothing_was_learned_from_is_known_better(done: Trainer) -> None:
    trainer = done
    scene, plain = trainer.learned().scene, planes_of(trainer).plain(trainer.context())
    assert isinstance(scene, CorrectedScene)
    assert decibels_at(trainer, scene, 3) > decibels_at(trainer, plain, 3) + 0.1
    said = [sentence for sentence in trainer.drain_messages() if "dB better" in sentence]
    assert len(said) == 1
    promised = float(said[0].split(" dB better")[0].rsplit(" ", 1)[1])
    assert promised > 0.5 and scene.error_left == pytest.approx(10 ** (-promised / 10), abs=0.02)


def test_planes_and_cameras_stand_still_meanwhile() -> None:
    trainer = sharpened()
    planes = planes_of(trainer)
    planes.adjustment.over = False  # cameras are not exact yet, so that planes go on
    waiting = [planes.gone for _ in range(2) if planes.advance() is None]
    planes.adjustment.over = True
    assert waiting[0] == waiting[1] == planes.gone, "the part that is gone never falls"
    assert planes.level == len(planes.levels)
    before = [p.detach().clone() for p in (*planes.field.parameters(), *trainer.rig.parameters())]
    loss = trainer.train_step(1).loss
    assert 0 < planes.gone < 1 and not planes.finished
    assert to_the_end(trainer).train_step(1).loss == loss == planes.correction.loss
    after = (*planes.field.parameters(), *trainer.rig.parameters())
    assert all(map(torch.equal, before, after))
    assert planes.finished and planes.gone is None


@pytest.mark.parametrize("steps", [1, 40, 46, 48])
def test_it_goes_on_exactly_where_it_was(tmp_path: Path, steps: int) -> None:
    trainer = sharpened()
    for _ in range(steps):
        trainer.train_step(1)
    assert not planes_of(trainer).finished
    made = checkpoint.taken(trainer, tmp_path / "x.safetensors", {})
    require_sound(made.path, made.facts, made.tensors)  # as whoever reads the file does
    other = begun()
    checkpoint.restore(other, made)
    to_the_end(trainer), to_the_end(other)
    assert trainer.step == other.step
    one, two = (planes_of(each).correction.state() for each in (trainer, other))
    assert set(one) == set(two) and all(torch.equal(one[name], two[name]) for name in one)


def test_a_checkpoint_shows_what_the_run_shows(done: Trainer, tmp_path: Path) -> None:
    trainer = done
    made = checkpoint.taken(trainer, tmp_path / "x.safetensors", {})
    require_sound(made.path, made.facts, made.tensors)
    camera = trainer.rig.cameras()[3]
    scenes = trainer.learned().scene, checkpoint.learned(made).scene
    shown, kept = (picture_of(scene, camera).rgb for scene in scenes)
    assert np.array_equal(shown, kept)
    other = begun()
    checkpoint.restore(other, made)
    assert other.complete
    assert np.array_equal(shown, picture_of(other.learned().scene, camera).rgb)


def test_several_threads_make_the_same_of_it(done: Trainer) -> None:
    other = sharpened()
    while not other.complete:
        other.train_step(3)
    states = [planes_of(each).correction.state() for each in (done, other)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_a_photo_that_is_switched_off_adds_nothing() -> None:
    trainer = to_the_end(sharpened())
    configure(trainer, changed(trainer.config, {"data.disabled": [UNSEEN, "0.png"]}))
    planes = planes_of(trainer)
    assert planes.correction.found is None and not trainer.complete
    to_the_end(trainer)
    assert planes.correction.found is not None
    assert len(planes.correction.found.views.maps.photos) == 5


def test_who_does_not_ask_gets_planes_alone_until_asking() -> None:
    trainer = sharpened(field__corrected=False)
    trainer.train_step(1)
    assert planes_of(trainer).finished and not trainer.complete
    assert type(trainer.learned().scene) is FieldScene
    configure(trainer, changed(trainer.config, {"field.corrected": True}))
    assert isinstance(to_the_end(trainer).learned().scene, CorrectedScene)
    configure(trainer, changed(trainer.config, {"field.corrected": False}))
    assert type(trainer.learned().scene) is FieldScene


def test_what_photos_do_not_bear_out_is_not_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correcting, "missing", lambda views, camera, without, where: -here(where))

    def here(where: np.ndarray) -> np.ndarray:
        return np.full((int(where.sum()), 3), 1e-9, np.float32)

    trainer = sharpened()
    while not planes_of(trainer).finished:
        trainer.train_step(1)
    assert planes_of(trainer).correction.found is None
    assert type(trainer.learned().scene) is FieldScene


def test_photos_that_are_small_or_few_do_without() -> None:
    allowed = torch.arange(9)
    rigs = {side: CameraRig(9, side, side, "axis-angle", "square", True, 1.0) for side in (63, 64)}
    for side, count, pixels, over in (
        (63, 9, allowed, True), (64, 2, allowed, True), (64, 9, None, True), (64, 9, allowed, False)
    ):  # fmt: skip
        assert Correcting.of(rigs[side], torch.arange(count), pixels).over is over


def test_pixels_kept_aside_are_those_that_may_not_be_learned_from() -> None:
    trainer = begun()
    rig, allowed = trainer.rig, trainer.holdout.allowed
    aside = kept_aside(rig, allowed, 0, (rig.width, rig.height))
    assert isinstance(allowed, torch.Tensor)
    assert not aside.flatten()[allowed.numpy()].any()
    assert aside.sum() == aside.size - len(allowed)
    half = kept_aside(rig, allowed, 0, (rig.width // 2, rig.height // 2))
    assert 0.2 < 4 * half.sum() / aside.sum() <= 1.1


def test_what_was_never_kept_of_one_in_the_making_is_refused(tmp_path: Path) -> None:
    trainer = sharpened()
    while len(planes_of(trainer).correction.state().get("correction.left", ())) < 6:
        trainer.train_step(1)
    made = checkpoint.taken(trainer, tmp_path / "x.safetensors", {})
    left = made.tensors["correction.left"]
    forged = {
        "left": (left[:, :2], left[..., :-1], left.float(), torch.cat([left, left])),
        "asked": (torch.tensor(7), torch.tensor(-1)),
        "sums": (torch.zeros(2).double(),),
    }
    for name, values in forged.items():
        for value in values:
            tensors = made.tensors | {f"correction.{name}": value}
            with pytest.raises(InputError, match="is damaged"):
                checkpoint.restore(begun(), replace(made, tensors=tensors))


def test_a_forged_share_is_refused(done: Trainer) -> None:
    found = planes_of(done).correction.found
    assert found is not None
    kept = found.state()
    for share in ([1.5, 0.5], [0.5, -0.1], [float("nan"), 0.5]):
        with pytest.raises(ValueError, match="share"):
            Correction.of(kept | {"share": torch.tensor(share)})
    with pytest.raises(ValueError, match="inverse"):
        Correction.of(kept | {"seen": kept["seen"][:2]})

"""Pictures judged in a step: the right gradient, repeatable chance, and only if asked."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from core.config.paths import changed
from core.config.sections.losses import Losses
from core.geometry.rays import cast_rays
from core.perceptual import LOSSES
from core.perceptual.ssim import ssim_loss
from core.photos import PhotoSet
from core.rendering.volume import render_rays
from core.runs import checkpoint
from core.training.build import ray_settings
from core.training.changes import configure
from core.training.losses.judges import Judges
from core.training.losses.patches import Glimpse, pull
from core.training.trainer import Trainer
from core.training.turns import TURNS
from tests.conftest import small_config
from tests.core.training.layers import brief, layered
from tests.core.training.parts import network_of, planes_of
from tests.perceptual import MODEL, refuse_network, tiny_clip


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights are files."""
    refuse_network(monkeypatch)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Options that switch a small CLIP on."""
    file = tiny_clip(tmp_path_factory.mktemp("clip"))
    return {
        "losses__clip": 0.1, "losses__clip_model": MODEL, "losses__clip_weights": str(file),
        "losses__every": 1, "losses__side": 16,
    }  # fmt: skip


SSIM = {"losses__ssim": 0.1, "losses__every": 1, "losses__side": 16}
MOVING = ("rotation", "position", "focal")  # of the cameras, where nothing more is asked for


def numbers(trainer: Trainer) -> Tensor:
    """Everything learned, in one row."""
    return torch.cat(
        [p.detach().flatten() for p in [*trainer.rig.parameters(), *trainer.field.parameters()]]
    )


def run_on(trainer: Trainer, steps: int, workers: int = 1) -> Tensor:
    for _ in range(steps):
        trainer.train_step(workers)
    return numbers(trainer)


def parameters(trainer: Trainer) -> list[torch.nn.Parameter]:
    cameras = [trainer.rig.get_parameter(group) for group in MOVING]
    return [*trainer.field.parameters(), *cameras]


def glimpse_of(trainer: Trainer, allowed: Tensor | None = None, seed: int = 3) -> Glimpse:
    """What the only loss would judge next."""
    trained = trainer.trained
    (glimpse,) = trainer.judges.glimpses(
        trainer.config, trainer.rig, trainer.colours, trained, trained, allowed,
        ray_settings(trainer.config).points(None), torch.Generator().manual_seed(seed),
    )  # fmt: skip
    return glimpse


def pulled(trainer: Trainer, glimpse: Glimpse, piece: int = 7) -> tuple[Tensor, Any]:
    settings = ray_settings(trainer.config)
    return pull(glimpse, trainer.rig, trainer.field, settings, parameters(trainer), piece)


def at_once(trainer: Trainer, glimpse: Glimpse) -> tuple[Tensor, Any]:
    """The same by autograd through the whole picture."""
    rig, batch = trainer.rig, glimpse.batch
    pose = rig.camera_to_world(batch.photo) if glimpse.pose is None else glimpse.pose
    focal, normalized_focal = rig.focal_lengths(), rig.normalized_focal()
    if glimpse.pose is not None:
        focal, normalized_focal = focal.detach(), normalized_focal.detach()
    rays = cast_rays(pose, focal, rig.principal_point(), batch.centres)
    seen = render_rays(
        trainer.field, rays, normalized_focal, ray_settings(trainer.config), batch.jitter
    ).rgb
    side = round(len(seen) ** 0.5)
    picture, photo = (rows.T.reshape(3, side, side) for rows in (seen, batch.colours))
    loss = glimpse.weight * glimpse.loss(picture, photo)
    return loss, torch.autograd.grad(loss, parameters(trainer), allow_unused=True)


def test_every_loss_has_its_weight_among_the_options() -> None:
    assert set(LOSSES) <= Losses.model_fields.keys()
    assert all(getattr(Losses(), name) == 0 for name in LOSSES)


@pytest.mark.parametrize("kind", ["ssim", "clip"])
def test_the_gradient_of_pieces_is_that_of_the_whole_picture(
    photos: PhotoSet, clip: dict[str, Any], kind: str
) -> None:
    trainer = Trainer(small_config(**(clip if kind == "clip" else SSIM)), photos)
    run_on(trainer, 5)
    glimpse = glimpse_of(trainer)
    (loss, found), (whole, wanted) = pulled(trainer, glimpse), at_once(trainer, glimpse)
    assert float(loss) == pytest.approx(float(whole.detach()), rel=1e-4) and float(loss) > 0
    scale = max(float(g.abs().max()) for g in wanted if g is not None)
    for one, other in zip(found, wanted, strict=True):
        assert (one is None) == (other is None)
        assert one is None or torch.allclose(one, other, atol=1e-4 * scale)


def test_a_patch_moves_cameras_and_a_view_between_them_does_not(
    photos: PhotoSet, clip: dict[str, Any]
) -> None:
    for options, moves in ((SSIM, True), (clip, False)):
        trainer = Trainer(small_config(**options), photos)
        run_on(trainer, 3)
        glimpse = glimpse_of(trainer)
        assert (glimpse.pose is None) == moves
        cameras = pulled(trainer, glimpse)[1][-3:]
        assert all((gradient is not None) == moves for gradient in cameras)


def test_a_patch_is_seen_through_the_lens_of_its_photo(photos: PhotoSet) -> None:
    asked = {"cameras__focal_of": "each-photo", "cameras__learn_distortion": True}
    trainer = Trainer(small_config(**SSIM, **asked), photos)
    run_on(trainer, 3)
    learned = [trainer.rig.zoom, trainer.rig.distortion]
    settings, glimpse = ray_settings(trainer.config), glimpse_of(trainer)
    slopes = pull(glimpse, trainer.rig, trainer.field, settings, learned, 7)[1]
    assert all(slope is not None and (slope != 0).any() for slope in slopes)


def test_a_pose_lies_between_two_cameras(photos: PhotoSet, clip: dict[str, Any]) -> None:
    trainer = Trainer(small_config(**clip), photos)
    with torch.no_grad():
        trainer.rig.position[:, 0] = torch.arange(5.0)
        trainer.rig.rotation[:, 1] = 0.1 * torch.arange(5.0)
    pose = glimpse_of(trainer).pose
    assert pose is not None and 0 < pose[0, 3] < 4
    assert torch.atan2(pose[0, 2], pose[2, 2]) == pytest.approx(0.1 * float(pose[0, 3]), abs=1e-5)
    assert torch.allclose(pose[:3, :3] @ pose[:3, :3].T, torch.eye(3), atol=1e-5)


def test_a_patch_is_the_photos_own_pixels_and_a_view_is_all_of_its_height(
    photos: PhotoSet, clip: dict[str, Any]
) -> None:
    batch = glimpse_of(Trainer(small_config(**SSIM), photos)).batch
    column, row = (batch.centres - 0.5).long().unbind(-1)
    shown = torch.from_numpy(photos.pixels.copy()).float() / 255
    wanted = shown[batch.photo, row, column]
    assert torch.allclose(batch.colours, wanted, atol=1e-6)
    batch = glimpse_of(Trainer(small_config(**clip), photos)).batch
    tops, sides = batch.centres[:, 1].unique(), batch.centres[:, 0]
    assert len(tops) == 16 and tops[0] == 18 / 32 and tops[-1] == 18 - 18 / 32
    assert sides.max() - sides.min() == pytest.approx(18 * 15 / 16)
    left = round(float(sides.min()) - 18 / 32)
    square = shown[batch.photo[0], :, left : left + 18]  # a cell is the mean of what it touches
    assert torch.allclose(batch.colours[0], square[:2, :2].mean((0, 1)), atol=1e-6)
    assert torch.allclose(batch.colours[-1], square[-2:, -2:].mean((0, 1)), atol=1e-6)


def test_pixels_kept_aside_teach_nothing(photos: PhotoSet) -> None:
    trainer = Trainer(small_config(**SSIM), photos)
    run_on(trainer, 3)
    aside = torch.zeros(18 * 24, dtype=torch.bool)
    aside[::5] = True
    allowed = (~aside).nonzero().flatten()
    before = pulled(trainer, glimpse_of(trainer, allowed))[1]
    trainer.colours.flatten(1, 2)[:, aside] = 255 - trainer.colours.flatten(1, 2)[:, aside]
    after = pulled(trainer, glimpse_of(trainer, allowed))[1]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    everything = pulled(trainer, glimpse_of(trainer))[1]
    assert not torch.equal(everything[0], after[0])


def test_training_with_clip_brings_embeddings_nearer(
    photos: PhotoSet, clip: dict[str, Any]
) -> None:
    found = []
    glimpses = [glimpse_of(Trainer(small_config(**clip), photos), seed=seed) for seed in range(6)]
    for weight in (1.0, 1e-9):
        options = clip | {"losses__clip": weight, "field__rate": 1e-3}
        trainer = Trainer(small_config(**options), photos)
        run_on(trainer, 30)
        found.append(sum(float(pulled(trainer, one, 256)[0]) for one in glimpses))
    assert found[0] < 0.6 * found[1]


def test_training_with_ssim_brings_structure_nearer(photos: PhotoSet) -> None:
    found = []
    for options in (SSIM, {}):
        trainer = Trainer(small_config(**options), photos)
        run_on(trainer, 40)
        own = Trainer(small_config(**SSIM | {"losses__side": 18}), photos)
        glimpse = glimpse_of(own)
        assert glimpse.loss is ssim_loss
        found.append(float(pulled(trainer, glimpse)[0]))
    assert found[0] < found[1]


def test_off_takes_no_time_and_no_chance(photos: PhotoSet, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = run_on(Trainer(small_config(), photos), 4)

    def refuse(*given: object) -> None:
        raise AssertionError("nothing is to be judged")

    monkeypatch.setattr(Judges, "glimpses", refuse)
    assert torch.equal(run_on(Trainer(small_config(losses__every=1), photos), 4), usual)


def test_a_picture_is_judged_in_every_kth_step(
    photos: PhotoSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[int] = []
    trainer = Trainer(small_config(**SSIM | {"losses__every": 4}), photos)
    whole = Judges.glimpses

    def counted(self: Judges, *given: Any) -> list[Glimpse]:
        judged.append(trainer.step)
        return whole(self, *given)

    monkeypatch.setattr(Judges, "glimpses", counted)
    run_on(trainer, 13)
    assert judged == [0, 4, 8, 12]


@pytest.mark.parametrize("stop_at", [1, 5, 8])
@pytest.mark.parametrize("pixels_from", ["all-photos", "one-photo"])
def test_resume_is_bit_for_bit(
    photos: PhotoSet, tmp_path: Path, clip: dict[str, Any], stop_at: int, pixels_from: str
) -> None:
    options = clip | SSIM | {"losses__every": 3, "training__pixels_from": pixels_from}
    unbroken = Trainer(small_config(**options), photos)
    stopped = Trainer(small_config(**options), photos)
    run_on(stopped, stop_at)
    found = checkpoint.read(checkpoint.save(stopped, tmp_path, {}))
    again = Trainer(found.config, photos)
    checkpoint.restore(again, found)
    assert torch.equal(run_on(again, 11 - stop_at), run_on(unbroken, 11))


def test_workers_share_a_picture_without_changing_it(
    photos: PhotoSet, clip: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.rendering.volume.SAMPLES_IN_CACHE", 8 * 40)
    options = clip | SSIM
    alone = run_on(Trainer(small_config(**options), photos), 3, workers=1)
    assert torch.equal(run_on(Trainer(small_config(**options), photos), 3, workers=4), alone)


def test_a_loss_that_is_changed_is_loaded_again_and_others_are_not(
    photos: PhotoSet, clip: dict[str, Any]
) -> None:
    trainer = Trainer(small_config(**clip), photos)
    first = glimpse_of(trainer)
    configure(trainer, changed(trainer.config, {"losses.clip": 0.3}))
    second = glimpse_of(trainer)
    assert second.loss is first.loss and second.weight == 0.3
    configure(trainer, changed(trainer.config, {"losses.clip": 0.0}))
    assert not trainer.judges.waiting


def test_a_network_beside_planes_is_judged_in_every_kth_of_its_own_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photos, _ = layered(4, 32, 24)
    options = SSIM | {"training__bootstrap": True, "losses__every": 2}
    trainer = Trainer(small_config(**options), photos, brief(steps=12))
    judged: list[int] = []
    whole = Judges.glimpses

    def counted(self: Judges, *given: Any) -> list[Glimpse]:
        judged.append(trainer.step)
        return whole(self, *given)

    monkeypatch.setattr(Judges, "glimpses", counted)
    while network_of(trainer) is None:
        trainer.train_step(1)
    assert not judged and planes_of(trainer) is not None
    beside: list[int] = []
    while not planes_of(trainer).finished:
        beside.append(trainer.step)
        trainer.train_step(1)
    assert judged == [step for step in beside if step % (TURNS * 2) == 0] and judged
    judged.clear()
    run_on(trainer, 4)
    assert len(judged) == 2

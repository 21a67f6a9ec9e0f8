"""A published checkpoint shows here what it shows in its own program, and can be trained on."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from core.config import Config
from core.config.paths import changed
from core.errors import InputError
from core.formats.legacy import read_published
from core.geometry.rays import cast_rays
from core.photos import PhotoSet
from core.runs import checkpoint
from core.runs.starting.importing import imported, recipe
from core.training.learned import Learned
from core.training.trainer import Trainer
from tests.core.formats import published

SIZE = (24, 18)
PIXELS = torch.rand(40, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor(SIZE)
SAMPLES = 16


def cameras(rotation: str = "axis-angle", focal: str = "square", count: int = 5) -> dict[str, Any]:
    """Cameras as improved-nerfmm saves them, a little turned and moved."""
    identity = {
        "axis-angle": [0.0, 0, 0],
        "quaternion": [1.0, 0, 0, 0],
        "rotation6D": [1.0, 0, 0, 0, 1, 0],
    }[rotation]
    generator = torch.Generator().manual_seed(1)
    turned = torch.randn(count, len(identity), generator=generator) * 0.05 + torch.tensor(identity)
    return {
        "phi": turned,
        "t": torch.randn(count, 3, generator=generator) * 0.05,
        "f": {
            "square": torch.tensor([1.1, 1.2]),
            "ratio": torch.tensor([1.21, 1.44]),
            "exp": torch.tensor([1.21, 1.44]).log(),
        }[focal],
        "so3_repr": rotation,
        "intr_repr": focal,
        "W0": 96,
        "H0": 72,
    }


def taken_over(source: Path, photos: PhotoSet, **changes: Any) -> Trainer:
    """The trainer of a checkpoint."""
    asked = {name.replace("__", "."): value for name, value in changes.items()}
    found = read_published(source, asked.get("cameras.focal", "square"))
    options = recipe(found) | {"rendering.samples": SAMPLES} | asked
    return imported(found, changed(Config(), options), photos)


def colours(learned: Learned, number: int) -> Tensor:
    """What one of our cameras sees at the pixels."""
    camera = learned.cameras[number]
    pose = torch.tensor(camera.camera_to_world).float()
    rays = cast_rays(
        pose, torch.tensor([camera.fx, camera.fy]), torch.tensor([camera.cx, camera.cy]), PIXELS
    )
    return learned.scene.render(rays).rgb


@torch.no_grad()
def assert_same(net: torch.nn.Module, clamp: str, learned: Learned) -> None:
    """Every camera sees the same colours in both programs."""
    for number, camera in enumerate(learned.cameras):
        assert camera.fx == pytest.approx(1.21 * SIZE[0], rel=1e-5)
        assert camera.fy == pytest.approx(1.44 * SIZE[1], rel=1e-5)
        pose, focal = (
            torch.tensor(camera.camera_to_world).float(),
            torch.tensor([camera.fx, camera.fy]),
        )
        theirs = published.improved_colours(net, clamp, pose, focal, SIZE, PIXELS, SAMPLES)
        ours = colours(learned, number)
        assert ours.std() > 1e-3  # there is something to see
        assert torch.allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("views", [-1, 2])
@pytest.mark.parametrize("skip", [1, 9])
def test_improved_nerfmms_relu(photos: PhotoSet, tmp_path: Path, skip: int, views: int) -> None:
    torch.manual_seed(1)
    net = published.Net(16, 4, skip, 3, views)
    published.save_improved(net, cameras(), tmp_path / "latest.pt")
    trainer = taken_over(tmp_path / "latest.pt", photos)
    assert (trainer.step, trainer.epoch, trainer.stage) == (42, 8, "explore")
    assert trainer.config.field.view_directions == (views >= 0)
    assert_same(net, "relu", trainer.learned())


@pytest.mark.parametrize("clamp", ["relu", "softplus"])
def test_improved_nerfmms_siren_with_its_real_w0(
    photos: PhotoSet, tmp_path: Path, clamp: str
) -> None:
    torch.manual_seed(2)
    net = published.SirenNet(16, 3, 40.0, 1.5, 0.8)
    published.save_improved(net, cameras(), tmp_path / "latest.pt")
    trainer = taken_over(
        tmp_path / "latest.pt", photos, field__density_scale=40, field__first_w0=40,
        field__following_w0=1.5, field__rgb_scale=0.8, field__density_activation=clamp,
    )  # fmt: skip
    assert_same(net, clamp, trainer.learned())


@pytest.mark.parametrize("focal", ["square", "ratio", "exp"])
@pytest.mark.parametrize("rotation", ["axis-angle", "quaternion", "rotation6D"])
def test_cameras_in_every_representation(
    photos: PhotoSet, tmp_path: Path, rotation: str, focal: str
) -> None:
    stored = cameras(rotation, focal)
    published.save_improved(published.Net(8, 2, 9, 1, 0), stored, tmp_path / "a.pt")
    trainer = taken_over(tmp_path / "a.pt", photos)
    assert torch.equal(trainer.rig.rotation, stored["phi"])
    assert torch.equal(trainer.rig.position, stored["t"])
    assert torch.allclose(trainer.rig.normalized_focal(), torch.tensor([1.21, 1.44]), rtol=1e-6)
    other = "rotation6D" if rotation == "quaternion" else "quaternion"
    again = taken_over(tmp_path / "a.pt", photos, cameras__rotation=other)
    assert torch.allclose(again.rig.camera_to_world(), trainer.rig.camera_to_world(), atol=1e-6)


def other_poses(count: int = 5) -> dict[str, Tensor]:
    """nerfmm's poses; the first camera stands at the origin."""
    generator = torch.Generator().manual_seed(1)
    poses = {name: torch.randn(count, 3, generator=generator) * 0.1 for name in ("r", "t")}
    for numbers in poses.values():
        numbers[0] = 0
    return poses


@torch.no_grad()
def test_nerfmm_from_the_origin(photos: PhotoSet, tmp_path: Path) -> None:
    torch.manual_seed(3)
    net = published.OtherNet(16, 3, 2)
    net.fc_density.bias.fill_(2.0)  # so that the last sample, 1e10 long there, is full here too
    focal = {"fx": torch.tensor(1.1), "fy": torch.tensor(1.2)}
    wrapped = {f"module.{name}": value for name, value in focal.items()}  # as DataParallel has it
    published.save_other(net, wrapped, other_poses(), tmp_path)
    trainer = taken_over(tmp_path, photos)
    assert trainer.config.rendering.space == "ndc"
    assert (trainer.epoch, trainer.step) == (9, 45)
    pixels = torch.tensor([1.21 * SIZE[0], 1.44 * SIZE[1]])
    theirs = published.other_colours(net, pixels, SIZE, PIXELS, SAMPLES)
    ours = colours(trainer.learned(), 0)
    assert ours.std() > 1e-3
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_nerfmms_poses_have_y_and_z_the_other_way(photos: PhotoSet, tmp_path: Path) -> None:
    poses = other_poses()
    given = torch.eye(4).repeat(5, 1, 1)
    given[:, :3, :3] = torch.linalg.matrix_exp(
        torch.tensor([[0.0, -1, 2], [1, 0, -3], [-2, 3, 0]]) / 9
    )
    given[:, :3, 3] = torch.tensor([0.1, 0.2, 0.3])
    focal = {"fx": torch.tensor(1.1)}
    published.save_other(published.OtherNet(8, 1, 0), focal, poses | {"init_c2w": given}, tmp_path)
    trainer = taken_over(tmp_path, photos)
    flip = torch.diag(torch.tensor([1.0, -1, -1, 1]))
    for number, pose in enumerate(trainer.rig.camera_to_world().detach()):
        x, y, z = poses["r"][number]
        delta = torch.eye(4)
        delta[:3, :3] = torch.linalg.matrix_exp(torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]]))
        delta[:3, 3] = poses["t"][number]
        assert torch.allclose(pose, flip @ delta @ given[number] @ flip, atol=1e-5)
    fx, fy = trainer.rig.focal_lengths().tolist()  # fx_only: square pixels
    assert fx == pytest.approx(fy) == pytest.approx(1.21 * SIZE[0])
    first_order = taken_over(tmp_path, photos, cameras__focal="ratio")
    assert first_order.learned().cameras[0].fx == pytest.approx(1.1 * SIZE[0])


def test_cameras_belong_to_photos_in_sorted_order(photos: PhotoSet, tmp_path: Path) -> None:
    stored = cameras()
    published.save_improved(published.Net(8, 2, 9, 1, 0), stored, tmp_path / "a.pt")
    names = ("1.png", "2.png", "3.png", "10.png", "20.png")  # sorted() puts 10 after 1
    natural = PhotoSet(names, photos.pixels, *SIZE, None, ())
    trainer = taken_over(tmp_path / "a.pt", natural)
    assert torch.equal(trainer.rig.position[[0, 3, 1, 4, 2]], stored["t"])


def test_a_run_kept_aside_as_nerfmm_does(photos: PhotoSet, tmp_path: Path) -> None:
    published.save_improved(published.Net(8, 2, 9, 1, 0), cameras(count=4), tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"4 cameras .* 5 photos .* every8"):
        taken_over(tmp_path / "a.pt", photos)
    trainer = taken_over(tmp_path / "a.pt", photos, data__held_out="every8")
    assert trainer.learned().held_out == (True, False, False, False, False)


def test_training_goes_on_from_where_it_was(photos: PhotoSet, tmp_path: Path) -> None:
    published.save_improved(published.Net(8, 2, 9, 1, 0), cameras(), tmp_path / "a.pt")
    trainer = taken_over(tmp_path / "a.pt", photos, training__pretrain_epochs=3, training__rays=16)
    assert (trainer.stage, trainer.course.stage_began.epoch) == ("refine", 3)
    path = checkpoint.save(trainer, tmp_path / "run", {})
    again = Trainer(checkpoint.read(path).config, photos)
    checkpoint.restore(again, checkpoint.read(path))
    before = again.rig.position.detach().clone()
    losses = [again.train_step(1).loss for _ in range(5)]
    assert again.step == 47 and again.epoch == 9
    assert all(loss < 1 for loss in losses)
    assert not torch.equal(again.rig.position, before)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"field.width": 16}, "hidden.0.weight"),
        ({"field.kind": "siren"}, "relu field"),
        ({"training.bootstrap": True}, "training.bootstrap"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    photos: PhotoSet, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    published.save_improved(published.Net(8, 2, 9, 1, 0), cameras(), tmp_path / "a.pt")
    with pytest.raises(InputError, match=words):
        taken_over(
            tmp_path / "a.pt", photos, **{n.replace(".", "__"): v for n, v in changes.items()}
        )


def test_photos_of_another_shape_are_refused(photos: PhotoSet, tmp_path: Path) -> None:
    stored = cameras() | {"W0": 72, "H0": 96}
    published.save_improved(published.Net(8, 2, 9, 1, 0), stored, tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"24 x 18 .* 72 x 96"):
        taken_over(tmp_path / "a.pt", photos)

"""Photos of several shapes in one run: each with its own pixels, its own picture and lens."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.evaluation.poses import before
from core.formats.transforms import write_transforms
from core.geometry.cameras import Camera
from core.geometry.canvas import window
from core.geometry.rays import camera_rays, cast_rays
from core.multiplane.pyramid import SmallPhotos
from core.photos import PhotoSet
from core.rendering.progressive import picture_of
from core.runs import checkpoint
from core.runs.starting.adopting import adopted
from core.runs.starting.warm_start import started
from core.search.judging.audit import Figures
from core.search.judging.witnesses import Witness
from core.training import build
from core.training.learners import field_learner
from core.training.trainer import Trainer
from tests.cameras import same
from tests.conftest import small_config
from tests.core.depthmaps.rendered import shoot
from tests.core.training.layers import brief
from tests.core.training.learners.test_depthmap_learner import psnr
from tests.core.training.parts import error_of
from tests.core.training.wide_run import to_the_end

SHAPES = ((84, 62), (62, 84), (84, 62), (84, 40))
BESIDE = 255  # of red, which no photo here has


def put(pictures: list[np.ndarray]) -> PhotoSet:
    """Pictures (h, w, 3) as they are read from files, but red around."""
    sizes = tuple((picture.shape[1], picture.shape[0]) for picture in pictures)
    canvas = tuple(max(side) for side in zip(*sizes, strict=True))
    pixels = np.zeros((len(pictures), canvas[1], canvas[0], 3), np.uint8)
    pixels[..., 0] = BESIDE
    for photo, picture in enumerate(pictures):
        pixels[photo, *window(sizes[photo], canvas)] = picture
    names = tuple(f"{number}.png" for number in range(len(pictures)))
    return PhotoSet(names, pixels, *sizes[0], None, (), sizes=sizes)


def rendered(count: int = 7) -> tuple[PhotoSet, list[Camera]]:
    """Photos of four shapes, without red, and the cameras that took them."""
    shot = shoot(count, 40.0, SHAPES)
    pictures = []
    for photo, (width, height) in zip(shot.photos, shot.cameras.sizes.tolist(), strict=True):
        picture = (photo[:, :height, :width] * 255).round().byte().permute(1, 2, 0).numpy()
        picture[..., 0] = 0
        pictures.append(picture)
    return put(pictures), shot.cameras.single()


def test_a_cameras_own_picture_is_the_middle_of_the_canvas() -> None:
    photos, _ = rendered()
    rig = build.build_rig(small_config(), photos)
    index = torch.tensor([1])
    for photo, camera in enumerate(rig.cameras()):
        assert (camera.width, camera.height) == photos.size(photo)
        rows, columns = window(photos.size(photo), photos.canvas)
        corner = torch.tensor([[columns.start + 0.5, rows.start + 0.5]])
        poses, focal = rig.camera_to_world(index), rig.focal_lengths_of(index)
        wanted = cast_rays(poses, focal, rig.principal_point(), corner).directions
        assert torch.allclose(camera_rays(camera).directions[:1], wanted.float())


@pytest.mark.parametrize("kind", ["relu", "planes"])
@pytest.mark.parametrize("rays", [64, -1])
def test_nothing_is_learned_from_beside_a_photo(
    monkeypatch: pytest.MonkeyPatch, kind: str, rays: int
) -> None:
    photos, _ = rendered()
    config = small_config(training__bootstrap=True, field__kind=kind, training__rays=rays)
    trainer = Trainer(config, photos, brief(steps=2))
    black, red = (
        error_of(
            trainer.holdout, lambda rays, rgb=rgb: rgb.expand(len(rays.origins), 3), trainer.rig
        )
        for rgb in (torch.zeros(3), torch.tensor([1.0, 0.0, 0.0]))
    )
    assert red - black == pytest.approx(1 / 3, abs=1e-5), "no pixel that is asked for has any red"
    seen: list[torch.Tensor] = []
    planes_pixels, draw = SmallPhotos.draw, field_learner.draw_batch

    def watched(small, rays, generator):
        photo, pixel = planes_pixels(small, rays, generator)
        seen.append(small.colours[photo, pixel])
        return photo, pixel

    def watched_batch(*given):
        batch = draw(*given)
        seen.append(batch.colours)
        return batch

    monkeypatch.setattr(SmallPhotos, "draw", watched)
    monkeypatch.setattr(field_learner, "draw_batch", watched_batch)
    while len(seen) < 30:
        assert trainer.train_step(1).finite
    assert trainer.stage == "explore"
    assert all((colours[:, 0] == 0).all() for colours in seen)
    assert all(len(colours) for colours in seen)


def test_depth_maps_hold_photos_of_several_shapes_and_leave_right_cameras_right(
    tmp_path: Path,
) -> None:
    photos, cameras = rendered()
    write_transforms(dict(zip(photos.names, cameras, strict=True)), tmp_path / "transforms.json")
    config = small_config(
        training__start_from=str(tmp_path / "transforms.json"), field__geometry="depth-maps",
        training__bootstrap=True,
    )  # fmt: skip
    trainer = to_the_end(started(config, photos))
    learned = trainer.learned()
    for number, camera in enumerate(learned.cameras):
        assert (camera.width, camera.height) == photos.size(number)
        assert camera.fx == pytest.approx(cameras[number].fx, rel=0.01)
        assert psnr(picture_of(learned.scene, camera).rgb, photos.picture(number)) > 25
    checkpoint.save(trainer, tmp_path / "run", {})
    again = checkpoint.learned_in(tmp_path / "run")
    assert all(same(*pair) for pair in zip(again.cameras, learned.cameras, strict=True))


@pytest.mark.parametrize("zoom", [1.0, 1.3])
def test_lenses_that_differ_are_held_where_photos_differ_in_shape(zoom: float) -> None:
    photos, cameras = rendered(5)
    found = {
        number: replace(camera, fx=camera.fx * zoom**number, fy=camera.fy * zoom**number)
        for number, camera in enumerate(cameras)
    }
    trainer = Trainer(small_config(training__bootstrap=True), photos)
    heir = adopted(trainer, Witness("features", found, np.zeros((0, 3)), Figures(())))
    assert heir.config.cameras.focal_of == ("each-photo" if zoom > 1 else "all-photos")
    assert any("each has its own" in said for said in heir.drain_messages()) is (zoom > 1)
    for number, camera in enumerate(heir.rig.cameras()):
        assert camera.fx == pytest.approx(found[number].fx, rel=1e-5)
        assert (camera.width, camera.height) == photos.size(number)
    heir.close()
    trainer.close()


def test_a_photo_kept_aside_is_looked_for_with_a_picture_of_its_own_shape() -> None:
    _, (wide, high, *_) = rendered()
    seen = before(wide, high.width, high.height)
    assert (seen.width, seen.height, seen.cx, seen.cy) == (62, 84, 31, 42) and seen.fx == wide.fx
    small = before(wide, 31, 42)
    assert (small.width, small.height) == (31, 42) and small.fx == pytest.approx(wide.fx / 2)
    assert before(wide, 42, 31) is wide

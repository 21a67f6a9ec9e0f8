"""A new run that begins with cameras that another program found."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from core.exporting.cameras import write_cameras
from core.formats.colmap_text import write_colmap_text
from core.formats.llff import write_llff
from core.formats.transforms import write_transforms
from core.geometry.alignment import Similarity
from core.geometry.cameras import Camera
from core.photos import PhotoSet
from core.runs.starting.adopting import adopted
from core.runs.starting.warm_start import HELD, started
from core.search.judging.audit import Figures
from core.search.judging.witnesses import Witness
from core.training.trainer import Trainer
from tests.conftest import small_config
from tests.core.runs.starting.test_warm_start import from_it, poses, refusal, run_on


def reference(photos: PhotoSet) -> dict[str, Camera]:
    """Known cameras at twice the size of the photos, in a world of their own."""
    rng = np.random.default_rng(3)
    home = Similarity(7.0, Rotation.from_rotvec([1, 2, -0.5]).as_matrix(), np.array([9.0, -4, 2]))
    cameras = {}
    for name in photos.names:
        pose = np.eye(4)
        pose[:3, :3] = Rotation.from_rotvec(0.05 * rng.normal(size=3)).as_matrix()
        pose[:3, 3] = 0.3 * rng.normal(size=3)
        cameras[name] = home.camera(Camera(pose, 40, 40, 24, 18, 48, 36))
    return cameras


def scene_points(photos: PhotoSet) -> np.ndarray:
    """(P, 3) before those cameras, at 2 to 9 units of their own."""
    rng = np.random.default_rng(4)
    depth = rng.uniform(2, 9, 300)
    local = np.column_stack([depth * rng.uniform(-0.3, 0.3, 300), 0 * depth, depth])
    turn = Rotation.from_rotvec([1, 2, -0.5]).as_matrix()
    return 7.0 * local @ turn.T + [9.0, -4, 2]


def written(form: str, cameras: dict[str, Camera], points: np.ndarray, folder: Path) -> Path:
    """The reference in one form; returns what is named in training.start_from."""
    match form:
        case "colmap":
            write_colmap_text(cameras, folder / "model")
            lines = [f"{n} {x} {y} {z} 1 2 3 0.5 1 2" for n, (x, y, z) in enumerate(points)]
            (folder / "model" / "points3D.txt").write_text("# points\n" + "\n".join(lines))
            return folder / "model"
        case "llff":
            (folder / "images").mkdir()
            for name in cameras:
                cv2.imwrite(str(folder / "images" / name), np.zeros((4, 4, 3), np.uint8))
            write_llff(cameras, folder / "poses_bounds.npy", dict.fromkeys(cameras, (14.0, 63.0)))
            return folder / "poses_bounds.npy"
        case _:
            write_transforms(cameras, folder / "transforms.json")
            return folder / "transforms.json"


def seen_from(camera: Camera, points: np.ndarray) -> np.ndarray:
    """(P, 2) where a camera sees points, over its width and height."""
    local = (points - camera.position) @ camera.camera_to_world[:3, :3]
    x = camera.fx * local[:, 0] / local[:, 2] + camera.cx
    y = camera.fy * local[:, 1] / local[:, 2] + camera.cy
    return np.column_stack([x / camera.width, y / camera.height])


@pytest.mark.parametrize("space", ["ndc", "camera"])
@pytest.mark.parametrize("form", ["colmap", "llff", "transforms"])
def test_cameras_of_another_program_see_the_scene_as_they_did(
    photos: PhotoSet, tmp_path: Path, form: str, space: str
) -> None:
    cameras, points = reference(photos), scene_points(photos)
    path = written(form, cameras, points, tmp_path)
    trainer = started(small_config(**from_it(path), rendering__space=space), photos)
    assert trainer.stage == "explore"
    known = trainer.learned().by_name
    old, new = (np.stack([c.position for c in found.values()]) for found in (cameras, known))
    scale = np.linalg.norm(new - new.mean(0)) / np.linalg.norm(old - old.mean(0))
    first = cameras["0.png"].camera_to_world[:3, :3]
    turn = known["0.png"].camera_to_world[:3, :3] @ first.T
    carried = scale * (points - old.mean(0)) @ turn.T + new.mean(0)
    for name, camera in cameras.items():
        assert np.allclose(seen_from(known[name], carried), seen_from(camera, points), atol=1e-4)
        assert (known[name].width, known[name].height) == (24, 18)
        assert known[name].fx == pytest.approx(20)
    depths = carried[:, 2]
    if form != "transforms":
        assert depths.min() > (1 if space == "ndc" else 0.0)
        assert space == "ndc" or np.percentile(depths, 95) <= 1
    assert trainer.train_step(1).finite


def test_given_cameras_keep_still_first_and_then_move(photos: PhotoSet, tmp_path: Path) -> None:
    path = written("colmap", reference(photos), scene_points(photos), tmp_path)
    config = small_config(**from_it(path), training__freeze_cameras_epochs=1)
    trainer = started(config, photos)
    held = poses(trainer)
    while trainer.epoch < 1:
        trainer.train_step(1)
        assert torch.equal(poses(trainer), held)
    run_on(trainer, 2)
    assert not torch.equal(poses(trainer), held)


def test_a_model_that_our_own_exporter_wrote_is_the_run_again(
    photos: PhotoSet, tmp_path: Path
) -> None:
    source = Trainer(small_config(cameras__rate=1e-2), photos)
    run_on(source, 12)
    old = source.learned()
    write_cameras("colmap-binary", old, tmp_path / "model")
    trainer = started(small_config(**from_it(tmp_path / "model")), photos)
    fresh = trainer.learned()
    turns = [
        b.camera_to_world[:3, :3] @ a.camera_to_world[:3, :3].T
        for a, b in zip(old.cameras, fresh.cameras, strict=True)
    ]
    assert np.allclose(turns, turns[0], atol=1e-5)
    assert fresh.cameras[0].fx == pytest.approx(old.cameras[0].fx, rel=1e-5)
    steps = [
        np.diff([camera.position for camera in cameras], axis=0) @ turn
        for cameras, turn in ((old.cameras, np.eye(3)), (fresh.cameras, turns[0]))
    ]
    scale = np.linalg.norm(steps[1]) / np.linalg.norm(steps[0])
    assert np.allclose(steps[1], scale * steps[0], atol=1e-4)


def test_a_lens_of_its_own_is_kept_and_said(photos: PhotoSet, tmp_path: Path) -> None:
    cameras = reference(photos)
    one = cameras["2.png"]
    cameras["2.png"] = Camera(one.camera_to_world, 60, 60, 24, 18, 48, 36)
    path = written("transforms", cameras, np.zeros((0, 3)), tmp_path)
    trainer = started(small_config(**from_it(path)), photos)
    assert any("each has its own" in said for said in trainer.drain_messages())
    by_name = trainer.learned().by_name
    assert by_name["2.png"].fx == pytest.approx(30) and by_name["1.png"].fx == pytest.approx(20)


def test_principal_points_aside_are_said(photos: PhotoSet, tmp_path: Path) -> None:
    cameras = {name: replace(one, cx=one.cx + 2) for name, one in reference(photos).items()}
    path = written("transforms", cameras, np.zeros((0, 3)), tmp_path)
    trainer = started(small_config(**from_it(path)), photos)
    assert any("all begin with the median" in said for said in trainer.drain_messages())
    aside = trainer.rig.principal.detach() * trainer.rig.width
    assert float(aside[0]) == pytest.approx(2 * trainer.rig.width / cameras["1.png"].width)


def test_given_cameras_are_held_by_depth_maps(photos: PhotoSet, tmp_path: Path) -> None:
    path = written("transforms", reference(photos), np.zeros((0, 3)), tmp_path)
    trainer = started(small_config(**from_it(path) | {"training__bootstrap": True}), photos)
    assert trainer.config.field.geometry == "depth-maps" and trainer.shown == "depth-maps"
    assert HELD in trainer.drain_messages()
    alone = started(small_config(**from_it(path) | {"training__bootstrap": False}), photos)
    assert alone.config.field.geometry == "auto" and alone.shown == "field"


@pytest.mark.parametrize("bootstrap", [True, False])
def test_cameras_taken_over_under_way_are_held_by_the_same_rule(
    bootstrap: bool, photos: PhotoSet
) -> None:
    trainer = Trainer(small_config(training__bootstrap=bootstrap), photos)
    cameras = dict(enumerate(reference(photos).values()))
    heir = adopted(trainer, Witness("given", cameras, np.zeros((0, 3)), Figures(())))
    assert heir.config.field.geometry == ("depth-maps" if bootstrap else "auto")
    assert heir.shown == ("depth-maps" if bootstrap else "field")
    heir.close()
    trainer.close()


def damaged(file: Path) -> Path:
    """A file of nothing sensible."""
    file.write_bytes(b"nothing")
    return file


def renamed(folder: Path, cameras: dict[str, Camera]) -> Path:
    """Cameras of other photos."""
    others = {f"other-{name}": camera for name, camera in cameras.items()}
    return written("transforms", others, np.zeros((0, 3)), folder)


def turned(folder: Path, cameras: dict[str, Camera]) -> Path:
    """Cameras of square photos."""
    square = {name: c.resized(48, 48) for name, c in cameras.items()}
    return written("transforms", square, np.zeros((0, 3)), folder)


def around(folder: Path, cameras: dict[str, Camera]) -> Path:
    """Cameras one of which looks back."""
    content = json.loads(written("t", cameras, np.zeros((0, 3)), folder).read_text())
    matrix = np.array(content["frames"][0]["transform_matrix"])
    matrix[:3, [0, 2]] *= -1
    content["frames"][0]["transform_matrix"] = matrix.tolist()
    (folder / "transforms.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder, cameras: folder / "nowhere", ["nowhere", "training.start_from"]),
        (lambda folder, cameras: folder, ["transforms.json", "COLMAP"]),
        (lambda folder, cameras: damaged(folder / "a.safetensors"), ["a.safetensors", "damaged"]),
        (lambda folder, cameras: damaged(folder / "transforms.json"), ["not JSON"]),
        (renamed, ["None of the photos", "'0.png'"]),
        (turned, ["48 x 48", "24 x 18", "shape"]),
        (around, ["all sides", "rendering.space"]),
    ],
)
def test_wrong_paths_and_wrong_cameras_get_one_sentence(
    photos: PhotoSet, tmp_path: Path, make: Callable[..., Path], words: list[str]
) -> None:
    sentence = refusal(photos, make(tmp_path, reference(photos)))
    assert all(word in sentence for word in words), sentence


def test_only_cameras_can_be_kept_of_another_program(photos: PhotoSet, tmp_path: Path) -> None:
    path = written("transforms", reference(photos), np.zeros((0, 3)), tmp_path)
    assert "cameras alone" in refusal(photos, path, training__keep=["cameras", "field"])

"""What a run has learned, in every form, in the world a person chose."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pycolmap
import pytest
from scipy.spatial.transform import Rotation

from core.errors import InputError
from core.exporting.cameras import EXPORTS, depth_bounds, write_cameras
from core.exporting.pictures import shrunk, whole_picture
from core.formats.npz import read_npz
from core.formats.transforms import read_transforms
from core.geometry.alignment import umeyama
from core.geometry.cameras import Camera
from core.geometry.gauge import Gauge
from core.geometry.stored import upright
from core.rendering.picture import Pace
from core.training.learned import Learned
from tests.cameras import same


def kept(learned: Learned) -> dict[str, Camera]:
    """The five that were learned; the fourth of six was held out."""
    cameras = dict(zip(learned.names, learned.cameras, strict=True))
    del cameras["photo 3.jpg"]
    return cameras


def unblanked(learned: Learned) -> Learned:
    """With names that every form can hold."""
    names = tuple(name.replace(" ", "-") for name in learned.names)
    return dataclasses.replace(learned, names=names)


@pytest.mark.parametrize("form", EXPORTS)
def test_every_form_is_written_to_its_usual_file_and_nothing_else(form, learned, tmp_path):
    out = tmp_path / EXPORTS[form].file
    write_cameras(form, unblanked(learned), out)
    assert list(tmp_path.iterdir()) == [out] and out.stat().st_size > 100


def test_every_form_has_a_file_of_its_own():
    assert len({form.file for form in EXPORTS.values()}) == len(EXPORTS)


@pytest.mark.parametrize(("form", "read"), [("npz", read_npz), ("transforms", read_transforms)])
def test_held_out_photos_are_left_out(form, read, learned, tmp_path):
    write_cameras(form, learned, tmp_path / "out")
    written, expected = read(tmp_path / "out"), kept(learned)
    assert list(written) == list(expected)
    assert all(same(written[name], expected[name]) for name in expected)


def test_an_independent_alignment_finds_the_same_cameras_in_another_world(learned, tmp_path):
    """Written twice, once from a turned, grown and moved world; compared by files alone."""
    turn, grow, move = Rotation.from_rotvec([0.5, -1, 2]).as_matrix(), 3.0, np.array([1, 2, 3])
    moved = []
    for turned in learned.cameras:
        pose = turned.camera_to_world.copy()
        pose[:3, :3] = turn @ pose[:3, :3]
        pose[:3, 3] = grow * turn @ pose[:3, 3] + move
        moved.append(dataclasses.replace(turned, camera_to_world=pose))
    write_cameras("transforms", learned, tmp_path / "a.json")
    there = dataclasses.replace(learned, cameras=tuple(moved))
    write_cameras("transforms", there, tmp_path / "b.json")
    a, b = (
        np.array([f["transform_matrix"] for f in json.loads(p.read_text())["frames"]])
        for p in (tmp_path / "a.json", tmp_path / "b.json")
    )
    fit = umeyama(a[:, :3, 3], b[:, :3, 3])
    assert fit.scale == pytest.approx(grow)
    assert np.allclose(fit.points(a[:, :3, 3]), b[:, :3, 3])
    assert np.allclose(fit.rotation @ a[:, :3, :3], b[:, :3, :3])


def test_the_world_is_the_one_asked_for(learned, tmp_path):
    write_cameras("npz", learned, tmp_path / "c.npz", Gauge(scale=2.0, up="z", origin="mean"))
    poses = np.stack([c.camera_to_world for c in read_npz(tmp_path / "c.npz").values()])
    positions = poses[:, :3, 3]
    assert np.allclose(positions.mean(axis=0), 0)
    assert np.sqrt(np.mean(np.sum(positions**2, axis=-1))) == pytest.approx(2)
    up = -poses[:, :3, 1].mean(axis=0)
    assert np.allclose(up / np.linalg.norm(up), [0, 0, 1])


@pytest.mark.parametrize("form", ["colmap-text", "colmap-binary"])
def test_a_colmap_model_fits_the_files_and_has_points_where_they_show_them(form, learned, tmp_path):
    """Read by COLMAP itself; the second photo lies as phones store them, the third is larger."""
    stored = ((64, 48, 1), (96, 128, 6), (320, 240, 1), *[(64, 48, 1)] * 3)
    there = dataclasses.replace(unblanked(learned), stored=stored)
    write_cameras(form, there, tmp_path / "model", Gauge(scale=2.0))
    model = pycolmap.Reconstruction(tmp_path / "model")
    sizes = {
        image.name: (image.camera.width, image.camera.height) for image in model.images.values()
    }
    assert sizes["photo-1.jpg"] == (96, 128) and sizes["photo-2.jpg"] == (320, 240)
    assert 1000 < model.num_points3D() <= 20_000
    for number, image in model.images.items():
        pose = image.cam_from_world()
        for seen in image.get_observation_points2D()[::50]:
            point = model.points3D[seen.point3D_id]
            assert [one.image_id for one in point.track.elements] == [number]
            assert np.allclose(image.camera.img_from_cam(pose * point.xyz), seen.xy, atol=1e-6)
            assert (seen.xy >= 0).all() and (seen.xy <= sizes[image.name]).all()


def test_forms_of_their_own_stay_upright_and_small(learned, tmp_path):
    there = dataclasses.replace(learned, stored=((96, 128, 6),) * 6)
    for form in ("npz", "transforms"):
        write_cameras(form, there, tmp_path / form)
    said = json.loads((tmp_path / "transforms").read_text())["pictures"]
    assert said == "the photos' files, as they lie before EXIF turns them"
    own, files = read_npz(tmp_path / "npz"), read_transforms(tmp_path / "transforms")
    assert {(c.width, c.height) for c in own.values()} == {(32, 24)}
    assert {(c.width, c.height) for c in files.values()} == {(96, 128)}
    back = upright(files, there.stored_by_name)
    assert all(same(back[name].resized(32, 24), camera, 1e-6) for name, camera in own.items())


def test_llff_states_depths_that_are_there_in_the_units_it_is_written_in(learned, tmp_path):
    """Brute force: every pixel's depth is within the bounds, save a few."""
    bounds = depth_bounds(learned.scene, kept(learned))
    for name, one in kept(learned).items():
        depth = whole_picture(learned.scene, shrunk(one), Pace()).depth
        near, far = bounds[name]
        assert depth.min() <= near < far <= depth.max()
        assert np.mean((depth < near) | (depth > far)) <= 0.002 + 2 / depth.size
    write_cameras("llff", learned, tmp_path / "1.npy")
    write_cameras("llff", learned, tmp_path / "7.npy", Gauge(scale=7.0))
    first, seventh = np.load(tmp_path / "1.npy"), np.load(tmp_path / "7.npy")
    assert np.allclose(first[:, 15:], [bounds[name] for name in sorted(bounds)])
    grown = np.linalg.norm(np.diff(seventh[:, 3:15:5], axis=0), axis=-1)
    grown /= np.linalg.norm(np.diff(first[:, 3:15:5], axis=0), axis=-1)
    assert np.allclose(seventh[:, 15:], first[:, 15:] * grown[0]) and np.allclose(grown, grown[0])


@pytest.mark.parametrize("form", EXPORTS)
@pytest.mark.parametrize("gauge", [Gauge(), Gauge(1.0, "z", "mean")])
@pytest.mark.parametrize("fault", [{"camera_to_world": np.full((4, 4), np.nan)}, {"fx": np.inf}])
def test_cameras_that_diverged_are_not_written(form, gauge, fault, learned, tmp_path):
    broken = dataclasses.replace(learned.cameras[0], **fault)
    diverged = dataclasses.replace(learned, cameras=(broken, *learned.cameras[1:]))
    with pytest.raises(InputError, match="not finite"):
        write_cameras(form, diverged, tmp_path / "out", gauge)
    assert list(tmp_path.iterdir()) == []


def test_without_learned_cameras_there_is_nothing_to_write(learned, tmp_path):
    none = dataclasses.replace(learned, held_out=(True,) * 6)
    with pytest.raises(InputError, match="no cameras"):
        write_cameras("npz", none, tmp_path / "out")


@pytest.mark.parametrize("form", ["", "colmap", "pickle"])
def test_an_unknown_form_is_refused_with_the_choices(form, learned, tmp_path: Path):
    with pytest.raises(InputError, match="colmap-text"):
        write_cameras(form, learned, tmp_path / "out")

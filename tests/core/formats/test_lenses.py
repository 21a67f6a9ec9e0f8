"""Distortion and focal lengths of each photo, written and read back."""

import json
from dataclasses import replace

import numpy as np
import pycolmap
import pytest
import torch

from core.errors import InputError
from core.formats.colmap_binary import read_colmap_binary, write_colmap_binary
from core.formats.colmap_text import read_colmap_text, write_colmap_text
from core.formats.llff import write_llff
from core.formats.npz import read_npz, write_npz
from core.formats.ply import write_ply
from core.formats.transforms import read_transforms, write_transforms
from core.geometry.rays import camera_rays
from core.multiplane.field import Extent, MultiplaneImage, even_places
from core.rendering.scene import FieldScene
from core.rendering.volume import RaySettings
from tests.cameras import camera
from tests.core.formats.comparing import all_same, pixel

FORMS = {
    "transforms.json": (write_transforms, read_transforms),
    "text": (write_colmap_text, read_colmap_text),
    "binary": (write_colmap_binary, read_colmap_binary),
    "cameras.npz": (write_npz, read_npz),
}


@pytest.fixture
def lensed():
    """Cameras that differ in focal length and share a barrel, near the origin."""
    turns = np.random.default_rng(4).normal(0, 0.05, (3, 2, 3))
    return {
        f"{i}.png": replace(camera(place, turn, 40 + i, (24, 18)), k1=-0.17)
        for i, (place, turn) in enumerate(turns)
    }


@pytest.mark.parametrize("form", FORMS)
def test_what_is_written_is_read_back_and_shows_the_same_pixels(form, lensed, tmp_path):
    write, read = FORMS[form]
    write(lensed, tmp_path / form)
    again = read(tmp_path / form)
    assert all_same(again, lensed)
    torch.manual_seed(0)
    field = MultiplaneImage(even_places(4), 40, 30, Extent((2, 2), (2, 2)), 0.1, 1.0)
    for block in field.blocks:
        block.data += torch.randn_like(block)
    settings = RaySettings("ndc", 0, 1, 4, False)
    scene = FieldScene(field.requires_grad_(False), torch.tensor([0.6, 0.8]), settings)
    for name, own in lensed.items():
        seen = scene.render(camera_rays(again[name])).rgb
        assert torch.allclose(seen, scene.render(camera_rays(own)).rgb, atol=1e-5)
        assert not torch.allclose(seen, scene.render(camera_rays(own.pinhole)).rgb, atol=1e-2)


@pytest.mark.parametrize("form", ["text", "binary"])
@pytest.mark.parametrize(("wide", "model"), [(1.0, "SIMPLE_RADIAL"), (1.1, "OPENCV")])
def test_colmap_sees_every_point_where_we_do(form, wide, model, lensed, tmp_path):
    stretched = {name: replace(own, fx=own.fx * wide) for name, own in lensed.items()}
    FORMS[form][0](stretched, tmp_path / "model")
    found = pycolmap.Reconstruction(tmp_path / "model")
    assert found.num_cameras() == 3
    for image in found.images.values():
        ours = stretched[image.name]
        assert image.camera.model_name == model
        for aside in ([0.3, -0.2, 2.0], [-0.5, 0.4, 2.0]):
            point = ours.position + ours.camera_to_world[:3, :3] @ aside
            seen = image.camera.img_from_cam(image.cam_from_world() * point)
            assert np.allclose(seen, pixel(ours, point), atol=1e-6)


def test_nerfstudio_finds_the_distortion_of_every_frame(lensed, tmp_path):
    write_transforms(lensed, tmp_path / "t.json")
    content = json.loads((tmp_path / "t.json").read_text())
    assert content["camera_model"] == "OPENCV" and "k1" not in content
    assert [frame["fl_x"] for frame in content["frames"]] == [40, 41, 42]
    assert all(frame["k1"] == -0.17 and frame["k2"] == 0 for frame in content["frames"])
    alike = {name: replace(own, fx=40.0, fy=40.0) for name, own in lensed.items()}
    write_transforms(alike, tmp_path / "t.json")
    assert json.loads((tmp_path / "t.json").read_text())["k1"] == -0.17


@pytest.mark.parametrize(
    "more", [{"k2": 0.1}, {"p1": 0.01}, {"camera_model": "OPENCV_FISHEYE"}, {"is_fisheye": True}]
)
def test_of_a_lens_with_more_than_k1_the_pinhole_part_is_read(more, lensed, tmp_path):
    write_transforms(lensed, tmp_path / "t.json")
    content = json.loads((tmp_path / "t.json").read_text())
    content["frames"] = [frame | more for frame in content["frames"]]
    (tmp_path / "t.json").write_text(json.dumps(content))
    assert [read.k1 for read in read_transforms(tmp_path / "t.json").values()] == [0, 0, 0]


@pytest.mark.parametrize("k1", ["much", float("nan"), float("inf"), [0.1]])
def test_a_distortion_that_is_no_number_is_refused(k1, lensed, tmp_path):
    write_transforms(lensed, tmp_path / "t.json")
    content = json.loads((tmp_path / "t.json").read_text())
    content["frames"][1]["k1"] = k1
    (tmp_path / "t.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"frame 1.*k1"):
        read_transforms(tmp_path / "t.json")


def test_an_archive_from_before_there_was_distortion_holds_pinholes(lensed, tmp_path):
    write_npz(lensed, tmp_path / "c.npz")
    with np.load(tmp_path / "c.npz") as stated:
        kept = {key: stated[key] for key in stated.files if key != "k1"}
    np.savez(tmp_path / "c.npz", **kept)
    assert [read.k1 for read in read_npz(tmp_path / "c.npz").values()] == [0, 0, 0]


@pytest.mark.parametrize("form", FORMS)
def test_distortion_that_diverged_is_not_written(form, lensed, tmp_path):
    lensed["1.png"] = replace(lensed["1.png"], k1=float("nan"))
    with pytest.raises(InputError, match="not finite"):
        FORMS[form][0](lensed, tmp_path / form)


def test_llff_says_that_it_cannot_hold_distortion_but_holds_focal_lengths(lensed, tmp_path):
    bounds = dict.fromkeys(lensed, (1.0, 9.0))
    with pytest.raises(InputError, match="distortion"):
        write_llff(lensed, tmp_path / "poses_bounds.npy", bounds)
    straight = {name: own.pinhole for name, own in lensed.items()}
    write_llff(straight, tmp_path / "poses_bounds.npy", bounds)
    assert np.load(tmp_path / "poses_bounds.npy")[:, 14].tolist() == [40, 41, 42]


def test_frustums_end_at_what_the_corners_of_the_picture_see(lensed, tmp_path):
    write_ply(lensed, tmp_path / "f.ply")
    lines = (tmp_path / "f.ply").read_text().split("end_header\n")[1].splitlines()
    own = lensed["0.png"]
    corner = np.array(lines[1].split()[:3], float)
    assert np.allclose(pixel(own, corner), [0, 0], atol=1e-5)

"""Whatever a person has for a reference, it is recognised, or refused in one sentence."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.formats.colmap_binary import write_colmap_binary
from core.formats.colmap_text import write_colmap_text
from core.formats.llff import write_llff
from core.formats.npz import write_npz
from core.formats.reference import read_reference
from core.formats.transforms import write_transforms
from core.geometry.cameras import Camera
from tests.cameras import camera, same

Cameras = dict[str, Camera]


def llff(cameras: Cameras, out: Path) -> None:
    (out.parent / "images").mkdir(parents=True)
    for name in cameras:
        (out.parent / "images" / name).touch()
    write_llff(cameras, out, dict.fromkeys(cameras, (1.0, 2.0)))


# where it is written, who writes it, what the person names
WAYS: dict[str, tuple[str, Callable[[Cameras, Path], None], str]] = {
    "a transforms.json": ("r/transforms.json", write_transforms, "r/transforms.json"),
    "a JSON of another name": ("r/mine.JSON", write_transforms, "r/mine.JSON"),
    "a folder with a transforms.json": ("r/transforms.json", write_transforms, "r"),
    "a text model": ("r", write_colmap_text, "r"),
    "a binary model": ("r", write_colmap_binary, "r"),
    "a scene with a text model": ("r/sparse/0", write_colmap_text, "r"),
    "a scene with a binary model": ("r/sparse/0", write_colmap_binary, "r"),
    "a scene with one undistorted model": ("r/sparse", write_colmap_binary, "r"),
    "a poses_bounds.npy": ("r/poses_bounds.npy", llff, "r/poses_bounds.npy"),
    "a folder with a poses_bounds.npy": ("r/poses_bounds.npy", llff, "r"),
    "an exported npz": ("r/cameras.npz", write_npz, "r/cameras.npz"),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_form_is_recognised(way, simple, tmp_path):
    place, write, named = WAYS[way]
    write(simple, tmp_path / place)
    read = read_reference(tmp_path / named)
    assert set(read) == set(simple)
    assert all(same(read[name], simple[name]) for name in simple)


@pytest.mark.parametrize(
    "stated", ["images/a.jpg", "./images/a.jpg", "..\\images\\a.jpg", "/there/a.jpg", "a.jpg"]
)
def test_photos_are_known_by_their_file_names(stated, tmp_path):
    write_transforms({stated: camera()}, tmp_path / "transforms.json")
    assert list(read_reference(tmp_path)) == ["a.jpg"]


@pytest.mark.parametrize(
    "names",
    [("left/0.jpg", "right/0.jpg"), ("a.jpg", "images/"), ("a.jpg", "\ud800"), ("a.jpg", "b\0")],
)
def test_photos_that_cannot_be_told_apart_are_refused(names, tmp_path):
    write_transforms({f"{i}.jpg": camera() for i in range(2)}, tmp_path / "transforms.json")
    content = json.loads((tmp_path / "transforms.json").read_text())
    for frame, name in zip(content["frames"], names, strict=True):
        frame["file_path"] = name
    (tmp_path / "transforms.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"file names.*rename"):
        read_reference(tmp_path)


def test_of_several_the_first_is_taken(simple, tmp_path):
    llff(simple, tmp_path / "poses_bounds.npy")
    write_colmap_text({"colmap.jpg": camera()}, tmp_path / "sparse" / "0")
    assert list(read_reference(tmp_path)) == ["colmap.jpg"]
    write_transforms({"transforms.jpg": camera()}, tmp_path / "transforms.json")
    assert list(read_reference(tmp_path)) == ["transforms.jpg"]


def test_half_a_model_is_none(simple, tmp_path):
    write_colmap_text(simple, tmp_path / "m")
    (tmp_path / "m" / "images.txt").unlink()
    with pytest.raises(InputError, match="COLMAP"):
        read_reference(tmp_path / "m")


@pytest.mark.parametrize("name", ["missing", "missing.json", "photo.jpg", "empty", ".", "a\0b"])
def test_anything_else_is_refused_in_one_sentence(name, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(np.arange(9).tobytes())
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as refused:
        read_reference(tmp_path / name)
    assert str(tmp_path / name) in str(refused.value) and "choose" in str(refused.value)

"""What all writers and readers have in common."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.formats.colmap_binary import write_colmap_binary
from core.formats.colmap_text import write_colmap_text
from core.formats.files import read_file
from core.formats.llff import write_llff
from core.formats.npz import write_npz
from core.formats.ply import write_ply
from core.formats.transforms import write_transforms
from core.formats.tum import write_tum
from core.geometry.cameras import Camera
from tests.cameras import camera

WRITERS: dict[str, Callable[[dict[str, Camera], Path], None]] = {
    "transforms": write_transforms,
    "colmap_text": write_colmap_text,
    "colmap_binary": write_colmap_binary,
    "llff": lambda cameras, out: write_llff(cameras, out, dict.fromkeys(cameras, (1.0, 2.0))),
    "tum": write_tum,
    "npz": write_npz,
    "ply": write_ply,
}
each = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
BROKEN = [{"camera_to_world": np.full((4, 4), np.nan)}, {"fx": np.inf}, {"cy": np.nan}]


@each
@pytest.mark.parametrize("fault", BROKEN)
def test_cameras_that_diverged_are_not_written(write, fault, tmp_path):
    with pytest.raises(InputError, match="not finite"):
        write({"a.jpg": camera(), "b.jpg": replace(camera(), **fault)}, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@each
def test_no_cameras_are_not_written(write, tmp_path):
    with pytest.raises(InputError, match="no cameras"):
        write({}, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@each
def test_missing_folders_are_made_and_nothing_else_is_left(write, tmp_path):
    write({"a.jpg": camera()}, tmp_path / "new" / "out")
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["out"]


@each
def test_a_place_that_is_no_folder_is_refused_by_name(write, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file.*out"):
        write({"a.jpg": camera()}, tmp_path / "file" / "out")


def test_what_could_hang_or_fill_memory_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(bytes(4_000_001))
    for name, words in (("pipe", "no such file"), ("large", "4 MB"), ("missing", "no such file")):
        with pytest.raises(InputError, match=words):
            read_file(tmp_path / name)
    with pytest.raises(InputError, match="no such file"):
        read_file(Path("a\0b"))

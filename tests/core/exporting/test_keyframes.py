"""Paths of keyframes from a file."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.exporting.keyframes import read_path
from core.formats.transforms import flip_axes
from tests.cameras import camera, is_pose, same, scattered


def write(file: Path, *frames: dict[str, object]) -> Path:
    file.write_text(json.dumps({"frames": frames}))
    return file


def test_a_path_file_is_followed_in_its_order(tmp_path):
    keys = scattered(7, 4)
    frames = [
        {"transform_matrix": flip_axes(k.camera_to_world).tolist(), "fl_x": k.fx} for k in keys
    ]
    path = read_path(write(tmp_path / "path.json", *frames), keys[0], 30)
    at = [next(i for i, p in enumerate(path) if same(p, k)) for k in keys]
    assert at == sorted(at) and at[0] == 0 and at[-1] == 29
    assert all(is_pose(view) for view in path)


def test_a_path_file_is_in_opengl_axes_and_fits_the_size_asked_for(tmp_path):
    frame = {"transform_matrix": np.eye(4).tolist(), "w": 640, "h": 480, "fl_x": 600}
    (view,) = read_path(write(tmp_path / "path.json", frame), camera(), 1)
    assert np.allclose(view.camera_to_world, np.diag([1, -1, -1, 1]))
    assert (view.width, view.height, view.fx, view.fy) == (64, 48, 60, 60)


def test_a_path_file_without_intrinsics_has_those_of_the_camera_it_is_shown_with(tmp_path):
    frame = {"transform_matrix": flip_axes(np.eye(4)).tolist()}
    (view,) = read_path(write(tmp_path / "path.json", frame), camera(fx=77), 1)
    assert same(view, camera(fx=77))


def test_more_keyframes_than_frames_are_refused(tmp_path):
    frame = {"transform_matrix": np.eye(4).tolist()}
    with pytest.raises(InputError, match="at least as many frames"):
        read_path(write(tmp_path / "path.json", frame, frame), camera(), 1)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.json"):
        read_path(tmp_path / "nowhere.json", camera(), 5)

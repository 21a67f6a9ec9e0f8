"""transforms.json: what is written is what other tools and we ourselves read."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.formats.transforms import flip_axes, read_cameras, read_transforms, write_transforms
from tests.cameras import camera, is_pose, same, scattered
from tests.core.formats.comparing import all_same


def test_what_is_written_is_read_back(cameras, tmp_path):
    write_transforms(cameras, tmp_path / "transforms.json")
    assert all_same(read_transforms(tmp_path / "transforms.json"), cameras)


def test_the_file_is_what_nerfstudio_expects(tmp_path):
    one = camera((1, 2, 3), (0.1, 0.2, 0.3), 30.0, (32, 24))
    write_transforms({"a.jpg": one, "b.jpg": one}, tmp_path / "t.json")
    content = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    assert content["camera_model"] == "PINHOLE"
    assert {key: content[key] for key in ("w", "h", "fl_x", "fl_y", "cx", "cy")} == {
        "w": 32, "h": 24, "fl_x": 30.0, "fl_y": 30.0, "cx": 16.0, "cy": 12.0,
    }  # fmt: skip
    frame = content["frames"][0]
    assert set(frame) == {"file_path", "transform_matrix"}
    pose = np.array(frame["transform_matrix"])
    assert np.allclose(pose[:3, 0], one.camera_to_world[:3, 0])  # x stays right
    assert np.allclose(pose[:3, 1], -one.camera_to_world[:3, 1])  # y turns up
    assert np.allclose(pose[:3, 2], -one.camera_to_world[:3, 2])  # z turns back
    assert np.allclose(pose[:, 3], one.camera_to_world[:, 3])


def test_cameras_that_differ_state_their_own_intrinsics(tmp_path):
    own = {f"{fx}.jpg": camera(fx=fx) for fx in (30, 31, 32)}
    write_transforms(own, tmp_path / "t.json")
    assert "fl_x" not in json.loads((tmp_path / "t.json").read_text())
    assert [read.fx for read in read_transforms(tmp_path / "t.json").values()] == [30, 31, 32]


def test_names_keep_their_letters(tmp_path):
    name = "Foto 1 Größe 図.jpg"
    write_transforms({name: camera()}, tmp_path / "t.json")
    assert list(read_transforms(tmp_path / "t.json")) == [name]
    assert [path.name for path in tmp_path.iterdir()] == ["t.json"]


@pytest.mark.parametrize("names", [("a.jpg", "a.jpg"), ("a.jpg", "")])
def test_a_photo_is_named_once(tmp_path, names):
    frames = [{"file_path": name, "transform_matrix": np.eye(4).tolist()} for name in names]
    content = {"w": 10, "h": 10, "fl_x": 9, "frames": frames}
    with pytest.raises(InputError, match="file_path"):
        read_transforms(write(tmp_path / "t.json", content))


@pytest.mark.parametrize("key", ["w", "h", "fl_x"])
def test_intrinsics_have_to_be_stated(tmp_path, key):
    content = {"w": 10, "h": 10, "fl_x": 9, "frames": [
        {"file_path": "a.jpg", "transform_matrix": np.eye(4).tolist()}
    ]}  # fmt: skip
    del content[key]
    with pytest.raises(InputError, match=f"`{key}`"):
        read_transforms(write(tmp_path / "t.json", content))


def test_a_field_of_view_states_the_focal_length(tmp_path):
    frame = {"file_path": "a.jpg", "transform_matrix": np.eye(4).tolist()}
    content = {"w": 200, "h": 100, "camera_angle_x": math.pi / 2, "frames": [frame]}
    (read,) = read_transforms(write(tmp_path / "t.json", content)).values()
    assert (read.fx, read.fy) == (pytest.approx(100), pytest.approx(100))
    for angle in (56, 0, math.pi, float("nan"), "wide"):
        with pytest.raises(InputError, match=r"camera_angle_x.* radians"):
            read_transforms(write(tmp_path / "t.json", content | {"camera_angle_x": angle}))


@pytest.mark.parametrize("model", ["EQUIRECTANGULAR", "FISHEYE624", "Pinhole", 4])
def test_what_no_pinhole_takes_is_refused(tmp_path, model):
    frame = {"file_path": "a.jpg", "transform_matrix": np.eye(4).tolist()}
    content = {"w": 10, "h": 10, "fl_x": 9, "camera_model": model, "frames": [frame]}
    with pytest.raises(InputError, match=f"camera model {model} is none of .*OPENCV"):
        read_transforms(write(tmp_path / "t.json", content))


def write(file: Path, content: object) -> Path:
    file.write_text(json.dumps(content))
    return file


def test_without_intrinsics_a_camera_is_like_the_one_given(tmp_path):
    frame = {"transform_matrix": flip_axes(np.eye(4)).tolist()}
    file = write(tmp_path / "path.json", {"frames": [frame]})
    ((name, read),) = read_cameras(file, camera(fx=77))
    assert name == "" and same(read, camera(fx=77))


def test_rounded_rotations_are_made_exact(tmp_path):
    stated = np.round(scattered(1, 1)[0].camera_to_world, 2).tolist()
    file = write(tmp_path / "path.json", {"frames": [{"transform_matrix": stated}]})
    ((_, read),) = read_cameras(file, camera())
    assert is_pose(read)


def matrix(**changes: float) -> dict[str, object]:
    """A frame whose matrix entries, named by row and column, are changed."""
    pose = np.eye(4).tolist()
    for where, value in changes.items():
        pose[int(where[1])][int(where[2])] = value
    return {"transform_matrix": pose}


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        {"frames": []},
        {"frames": {"a": 1}},
        {"frames": [3]},
        {"frames": [{}]},
        {"frames": [{"transform_matrix": "identity"}]},
        {"frames": [{"transform_matrix": [[1, 0], [0]]}]},
        {"frames": [{"transform_matrix": np.eye(3).tolist()}]},
        {"frames": [matrix(m03=float("nan"))]},
        {"frames": [matrix(m03=float("inf"))]},
        {"frames": [matrix(m03=10**400)]},
        {"frames": [matrix(m00=-1)]},
        {"frames": [matrix(m00=2)]},
        {"frames": [matrix(m01=0.5)]},
        {"frames": [matrix(m30=1)]},
        {"frames": [matrix() | {"fl_x": "wide"}]},
        {"frames": [matrix() | {"fl_x": -5}]},
        {"frames": [matrix() | {"w": 0}]},
        {"frames": [matrix() | {"w": True}]},
        {"frames": [matrix() | {"fl_x": float("nan")}]},
        {"frames": [matrix() | {"fl_x": 10**400}]},
        {"fl_x": None, "frames": [matrix()]},
    ],
)
def test_a_malformed_file_is_refused_by_name(tmp_path, content):
    file = write(tmp_path / "path.json", content)
    with pytest.raises(InputError, match=r"path\.json"):
        read_cameras(file, camera())


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe\x00", b"[" * 200_000, b" " * 4_000_001])
def test_what_is_no_json_of_moderate_size_is_refused_by_name(tmp_path, content):
    file = tmp_path / "path.json"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"path\.json"):
        read_cameras(file, camera())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_files_of_windows_editors_are_read(tmp_path, encoding):
    file = tmp_path / "path.json"
    file.write_text(json.dumps({"frames": [matrix()]}), encoding=encoding)
    assert len(read_cameras(file, camera())) == 1


def test_only_one_frame_may_be_different(tmp_path):
    cameras = {f"{i}.jpg": camera() for i in range(3)}
    cameras["2.jpg"] = dataclasses.replace(cameras["2.jpg"], cy=1.5)
    write_transforms(cameras, tmp_path / "t.json")
    assert all_same(read_transforms(tmp_path / "t.json"), cameras)

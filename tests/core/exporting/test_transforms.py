"""transforms.json: what is written is what other tools and we ourselves read."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.errors import InputError
from core.exporting.cameras import EXPORTS
from core.exporting.transforms import (
    flip_axes,
    read_path,
    read_transforms,
    write_transforms,
)
from tests.cameras import camera, is_pose, same, scattered


def umeyama(source: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Similarity s, R, t that best carries (N, 3) source points to target: s R source + t."""
    a, b = source - source.mean(0), target - target.mean(0)
    u, d, vt = np.linalg.svd(b.T @ a)
    flip = np.array([1, 1, np.linalg.det(u @ vt)])
    rotation = u * flip @ vt
    scale = (d * flip).sum() / (a**2).sum()
    return scale, rotation, target.mean(0) - scale * rotation @ source.mean(0)


def test_what_is_written_is_read_back(learned, tmp_path):
    write_transforms(learned, tmp_path / "transforms.json")
    read = read_transforms(tmp_path / "transforms.json")
    trained = [
        (name, camera)
        for name, camera, out in zip(learned.names, learned.cameras, learned.held_out, strict=True)
        if not out
    ]
    assert list(read) == [name for name, _ in trained]
    for name, learnt in trained:
        back = read[name]
        assert np.allclose(back.camera_to_world, learnt.camera_to_world, atol=1e-6)
        for fact in ("fx", "fy", "cx", "cy", "width", "height"):
            assert getattr(back, fact) == getattr(learnt, fact)


def test_the_file_is_what_nerfstudio_expects(learned, tmp_path):
    EXPORTS["transforms"](learned, tmp_path / "t.json")
    content = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    assert content["camera_model"] == "PINHOLE"
    assert {key: content[key] for key in ("w", "h", "fl_x", "fl_y", "cx", "cy")} == {
        "w": 32, "h": 24, "fl_x": 30.0, "fl_y": 30.0, "cx": 16.0, "cy": 12.0,
    }  # fmt: skip
    frame, camera = content["frames"][0], learned.cameras[0]
    assert set(frame) == {"file_path", "transform_matrix"}
    pose = np.array(frame["transform_matrix"])
    assert np.allclose(pose[:3, 0], camera.camera_to_world[:3, 0])  # x stays right
    assert np.allclose(pose[:3, 1], -camera.camera_to_world[:3, 1])  # y turns up
    assert np.allclose(pose[:3, 2], -camera.camera_to_world[:3, 2])  # z turns back
    assert np.allclose(pose[:, 3], camera.camera_to_world[:, 3])


def test_an_independent_alignment_finds_the_same_cameras_in_another_world(learned, tmp_path):
    """Written twice, once from a turned, grown and moved world; compared by files alone."""
    turn, grow, move = Rotation.from_rotvec([0.5, -1, 2]).as_matrix(), 3.0, np.array([1, 2, 3])
    moved = []
    for turned in learned.cameras:
        pose = turned.camera_to_world.copy()
        pose[:3, :3] = turn @ pose[:3, :3]
        pose[:3, 3] = grow * turn @ pose[:3, 3] + move
        moved.append(dataclasses.replace(turned, camera_to_world=pose))
    write_transforms(learned, tmp_path / "a.json")
    write_transforms(dataclasses.replace(learned, cameras=tuple(moved)), tmp_path / "b.json")
    a, b = (
        np.array([f["transform_matrix"] for f in json.loads(p.read_text())["frames"]])
        for p in (tmp_path / "a.json", tmp_path / "b.json")
    )
    scale, rotation, offset = umeyama(a[:, :3, 3], b[:, :3, 3])
    assert scale == pytest.approx(grow)
    assert np.allclose(scale * a[:, :3, 3] @ rotation.T + offset, b[:, :3, 3])
    assert np.allclose(rotation @ a[:, :3, :3], b[:, :3, :3])


def test_cameras_that_differ_state_their_own_intrinsics(learned, tmp_path):
    cameras = [
        dataclasses.replace(camera, fx=30.0 + index) for index, camera in enumerate(learned.cameras)
    ]
    write_transforms(dataclasses.replace(learned, cameras=tuple(cameras)), tmp_path / "t.json")
    assert "fl_x" not in json.loads((tmp_path / "t.json").read_text())
    read = read_transforms(tmp_path / "t.json")
    assert [camera.fx for camera in read.values()] == [30, 31, 32, 34, 35]


def test_names_keep_their_letters(learned, tmp_path):
    names = tuple(f"Foto {index} Größe 図.jpg" for index in range(6))
    write_transforms(dataclasses.replace(learned, names=names), tmp_path / "t.json")
    assert next(iter(read_transforms(tmp_path / "t.json"))) == names[0]
    assert [path.name for path in tmp_path.iterdir()] == ["t.json"]


@pytest.mark.parametrize("fault", [{"camera_to_world": np.full((4, 4), np.nan)}, {"fx": np.inf}])
def test_cameras_that_diverged_are_not_written(learned, tmp_path, fault):
    broken = dataclasses.replace(learned.cameras[0], **fault)
    diverged = dataclasses.replace(learned, cameras=(broken, *learned.cameras[1:]))
    with pytest.raises(InputError, match="not finite"):
        write_transforms(diverged, tmp_path / "t.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("names", [("a.jpg", "a.jpg"), ("a.jpg", "")])
def test_a_photo_is_named_once(tmp_path, names):
    frames = [{"file_path": name, "transform_matrix": np.eye(4).tolist()} for name in names]
    content = {"w": 10, "h": 10, "fl_x": 9, "frames": frames}
    (tmp_path / "t.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="file_path"):
        read_transforms(tmp_path / "t.json")


@pytest.mark.parametrize("key", ["w", "h", "fl_x"])
def test_intrinsics_have_to_be_stated(tmp_path, key):
    content = {"w": 10, "h": 10, "fl_x": 9, "frames": [
        {"file_path": "a.jpg", "transform_matrix": np.eye(4).tolist()}
    ]}  # fmt: skip
    del content[key]
    (tmp_path / "t.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=f"`{key}`"):
        read_transforms(tmp_path / "t.json")


# -- paths of keyframes ------------------------------------------------------------------------


def write(file: Path, content: object) -> Path:
    file.write_text(json.dumps(content))
    return file


def test_a_path_file_is_followed_in_its_order(tmp_path):
    keys = scattered(7, 4)
    frames = [
        {"transform_matrix": flip_axes(k.camera_to_world).tolist(), "fl_x": k.fx} for k in keys
    ]
    path = read_path(write(tmp_path / "path.json", {"frames": frames}), keys[0], 30)
    at = [next(i for i, p in enumerate(path) if same(p, k)) for k in keys]
    assert at == sorted(at) and at[0] == 0 and at[-1] == 29


def test_a_path_file_is_in_opengl_axes_and_fits_the_size_asked_for(tmp_path):
    frame = {"transform_matrix": np.eye(4).tolist(), "w": 640, "h": 480, "fl_x": 600}
    (view,) = read_path(write(tmp_path / "path.json", {"frames": [frame]}), camera(), 1)
    assert np.allclose(view.camera_to_world, np.diag([1, -1, -1, 1]))
    assert (view.width, view.height, view.fx, view.fy) == (64, 48, 60, 60)


def test_a_path_file_without_intrinsics_has_those_of_the_camera_it_is_shown_with(tmp_path):
    frame = {"transform_matrix": flip_axes(np.eye(4)).tolist()}
    (view,) = read_path(write(tmp_path / "path.json", {"frames": [frame]}), camera(fx=77), 1)
    assert same(view, camera(fx=77))


def test_rounded_rotations_are_made_exact(tmp_path):
    stated = np.round(camera(turn=(0.3, 0.2, 0.1)).camera_to_world, 2).tolist()
    file = write(tmp_path / "path.json", {"frames": [{"transform_matrix": stated}]})
    assert is_pose(read_path(file, camera(), 1)[0])


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
        {"frames": [matrix() | {"fl_x": float("nan")}]},
        {"frames": [matrix() | {"fl_x": 10**400}]},
        {"fl_x": None, "frames": [matrix()]},
    ],
)
def test_a_malformed_path_file_is_refused_by_name(tmp_path, content):
    file = write(tmp_path / "path.json", content)
    with pytest.raises(InputError, match=r"path\.json"):
        read_path(file, camera(), 5)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe\x00", b"[" * 200_000, b" " * 4_000_001])
def test_what_is_no_json_of_moderate_size_is_refused_by_name(tmp_path, content):
    file = tmp_path / "path.json"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"path\.json"):
        read_path(file, camera(), 5)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.json"):
        read_path(tmp_path / "nowhere.json", camera(), 5)

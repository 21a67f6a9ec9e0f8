"""Frustums that other programs open."""

import numpy as np
import plyfile
import pytest
import trimesh
import trimesh.path

from core.formats.ply import write_ply
from core.geometry.cameras import Camera
from tests.cameras import camera
from tests.core.formats.comparing import pixel


def test_corners_of_the_frustum_are_corners_of_the_photo(cameras, tmp_path):
    write_ply(cameras, tmp_path / "f.ply")
    vertex = plyfile.PlyData.read(tmp_path / "f.ply")["vertex"]
    points = np.stack([vertex[axis] for axis in "xyz"], axis=-1).reshape(5, 5, 3)
    for own, one in zip(points, cameras.values(), strict=True):
        assert np.allclose(own[0], one.position, atol=1e-5)
        corners = [(0, 0), (one.width, 0), (one.width, one.height), (0, one.height)]
        for point, corner in zip(own[1:], corners, strict=True):
            assert np.allclose(pixel(one, point), corner, atol=1e-3)
            assert (np.linalg.inv(one.camera_to_world) @ [*point, 1])[2] > 0, "it is in front"


def test_lines_join_the_centre_to_the_corners_and_go_round_the_photo(cameras, tmp_path):
    write_ply(cameras, tmp_path / "f.ply")
    edge = plyfile.PlyData.read(tmp_path / "f.ply")["edge"]
    pairs = {frozenset(pair) for pair in zip(edge["vertex1"], edge["vertex2"], strict=True)}
    one = {frozenset((0, corner)) for corner in (1, 2, 3, 4)}
    one |= {frozenset(pair) for pair in ((1, 2), (2, 3), (3, 4), (4, 1))}
    assert pairs == {frozenset(5 * i + end for end in pair) for i in range(5) for pair in one}


def test_trimesh_shows_lines(cameras, tmp_path):
    write_ply(cameras, tmp_path / "f.ply")
    lines = trimesh.load(tmp_path / "f.ply")
    assert isinstance(lines, trimesh.path.Path3D) and len(lines.vertices) == 25
    assert sum(len(line.points) - 1 for line in lines.entities) == 8 * 5


def test_colours_tell_the_order(cameras, tmp_path):
    write_ply(cameras, tmp_path / "f.ply")
    vertex = plyfile.PlyData.read(tmp_path / "f.ply")["vertex"]
    lights = [vertex[light] for light in ("red", "green", "blue")]
    colours = np.stack(lights, axis=-1).reshape(5, 5, 3)
    assert (colours == colours[:, :1]).all(), "a frustum has one colour"
    assert len(np.unique(colours[:, 0], axis=0)) == 5
    assert colours[0, 0].argmax() == 2 and colours[-1, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("places", [[(0, 0, 0)], [(1, 2, 3), (1, 2, 3)]])
def test_cameras_in_one_place_have_frustums_too(places, tmp_path):
    several: dict[str, Camera] = {f"{i}.jpg": camera(place) for i, place in enumerate(places)}
    write_ply(several, tmp_path / "f.ply")
    vertex = plyfile.PlyData.read(tmp_path / "f.ply")["vertex"]
    assert np.ptp(vertex["z"]) > 0

"""Files of the scene, opened by other people's readers."""

import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from plyfile import PlyData
from scipy.spatial.transform import Rotation

from core.errors import Cancelled, InputError
from core.exporting.geometry import GEOMETRY, write_mesh, write_points, write_splats
from core.exporting.jobs import Watch
from core.exporting.points import Points, agreed_points
from core.exporting.views import look_around
from core.geometry.gauge import UPS, Gauge, into_gauge
from tests.core.exporting.worlds import Surfaces, before, colours_at, off

LEARNED = before(Surfaces())
SPLAT = (
    *("x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "opacity"),
    *("scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"),
)


def agreed() -> Points:
    """What the files are made of."""
    return agreed_points(look_around(LEARNED, Watch(), 14), Watch(), 7, 14)


def test_points_are_a_coloured_ply_in_the_cameras_world(tmp_path):
    write_points(LEARNED, tmp_path / "points.ply", Watch())
    vertices = PlyData.read(tmp_path / "points.ply")["vertex"]
    points = agreed()
    positions = np.stack([vertices[axis] for axis in "xyz"], axis=-1)
    colours = np.stack([vertices[name] for name in ("red", "green", "blue")], axis=-1)
    assert np.allclose(positions, points.positions, atol=1e-5)
    assert (colours == points.colours).all() and colours.dtype == np.uint8
    cloud = trimesh.load(tmp_path / "points.ply")
    assert isinstance(cloud, trimesh.PointCloud)
    assert (cloud.colors[:, :3] == points.colours).all()


def test_splats_have_exactly_the_usual_fields(tmp_path):
    write_splats(LEARNED, tmp_path / "splats.ply", Watch())
    data = PlyData.read(tmp_path / "splats.ply")
    assert [element.name for element in data.elements] == ["vertex"]
    assert not data.text and data.byte_order == "<"
    assert tuple(p.name for p in data["vertex"].properties) == SPLAT
    assert {p.val_dtype for p in data["vertex"].properties} == {"f4"}


def test_splats_are_the_points_as_discs_that_face_their_cameras(tmp_path):
    """Decoded as the renderer of 3D Gaussian Splatting decodes them."""
    write_splats(LEARNED, tmp_path / "splats.ply", Watch())
    vertices, points = PlyData.read(tmp_path / "splats.ply")["vertex"], agreed()

    def columns(*names: str) -> np.ndarray:
        return np.stack([vertices[name] for name in names], axis=-1).astype(np.float64)

    assert np.allclose(columns("x", "y", "z"), points.positions, atol=1e-5)
    assert not columns("nx", "ny", "nz").any()
    colours = 0.5 + 0.28209479177387814 * columns("f_dc_0", "f_dc_1", "f_dc_2")
    assert np.allclose(colours * 255, points.colours, atol=1e-3)
    opacity = 1 / (1 + np.exp(-columns("opacity")))
    assert (opacity > 0.9).all() and (opacity < 1).all()
    sizes = np.exp(columns("scale_0", "scale_1", "scale_2"))
    assert np.allclose(sizes[:, 0], sizes[:, 1])
    assert np.allclose(sizes[:, 0] / points.sizes, 0.6, rtol=1e-4), "neighbours close up"
    assert (sizes[:, 2] < 0.5 * sizes[:, 0]).all()
    w, x, y, z = columns("rot_0", "rot_1", "rot_2", "rot_3").T
    thin = np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], axis=-1)
    axes = np.stack([camera.camera_to_world[:3, 2] for camera in LEARNED.trained])
    nearest = np.abs(thin[:, None] - axes).max(axis=-1).min(axis=1)
    assert nearest.max() < 1e-5, "each is thin along the line of sight of one of the cameras"


@pytest.mark.parametrize("ending", [".ply", ".obj", ".glb"])
def test_a_mesh_lies_where_the_scene_is_whatever_the_form(ending, tmp_path):
    write_mesh(LEARNED, tmp_path / f"mesh{ending}", Watch())
    (mesh,) = trimesh.load_scene(tmp_path / f"mesh{ending}").geometry.values()
    assert len(mesh.faces) > 10_000
    assert off(mesh.vertices).max() < 0.1
    if ending == ".glb":  # linear, as glTF has it
        levels = mesh.visual.vertex_attributes["color"]
        assert levels.dtype == np.uint16 and (levels[:, 3] == 65535).all()
        colours = (levels[:, :3] / 65535) ** (1 / 2.2)
    else:
        colours = mesh.visual.vertex_colors[:, :3] / 255
    wanted = colours_at(torch.from_numpy(np.asarray(mesh.vertices))).numpy()
    assert np.percentile(np.abs(colours - wanted), 95) < 0.03


def test_dark_colours_stay_apart_in_a_glb(tmp_path, monkeypatch):
    greys = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    places = np.random.default_rng(0).random((256, 3))
    faces = np.arange(255).reshape(-1, 3)
    mesh = trimesh.Trimesh(places, faces, process=False, vertex_colors=greys)
    monkeypatch.setattr("core.exporting.geometry.fused_surface", lambda *given: mesh)
    write_mesh(LEARNED, tmp_path / "mesh.glb", Watch())
    (read,) = trimesh.load_scene(tmp_path / "mesh.glb").geometry.values()
    levels = read.visual.vertex_attributes["color"][:255, 0]
    linear = levels / np.iinfo(levels.dtype).max
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert (np.rint(coded * 255) == np.arange(255)).all()


def test_an_obj_keeps_its_colours_beside_the_vertices(tmp_path):
    write_mesh(LEARNED, tmp_path / "mesh.obj", Watch())
    lines = (tmp_path / "mesh.obj").read_text().splitlines()
    assert {len(line.split()) for line in lines if line.startswith("v ")} == {7}


def test_a_glb_stands_upright_and_needs_no_light(tmp_path):
    write_mesh(LEARNED, tmp_path / "mesh.glb", Watch())
    content = (tmp_path / "mesh.glb").read_bytes()
    (length,) = struct.unpack("<I", content[12:16])
    tree = json.loads(content[20 : 20 + length])
    assert tree["extensionsUsed"] == ["KHR_materials_unlit"]
    (primitive,) = [p for mesh in tree["meshes"] for p in mesh["primitives"]]
    material = tree["materials"][primitive["material"]]
    assert material["extensions"] == {"KHR_materials_unlit": {}}
    standing = trimesh.load_scene(tmp_path / "mesh.glb").to_mesh()
    (raw,) = trimesh.load_scene(tmp_path / "mesh.glb").geometry.values()
    assert np.allclose(standing.vertices, raw.vertices * [1, -1, -1], atol=1e-6)


def test_the_files_are_in_the_world_of_the_cameras_that_are_written(tmp_path):
    gauge = Gauge(scale=2.0, up="z", origin="first")
    world = into_gauge(LEARNED.trained, gauge)
    for name, write in (("points", write_points), ("splats", write_splats), ("mesh", write_mesh)):
        for folder, chosen in (("learned", Gauge()), ("chosen", gauge)):
            (tmp_path / folder).mkdir(exist_ok=True)
            write(LEARNED, tmp_path / folder / f"{name}.ply", Watch(), chosen)
        here, there = (
            PlyData.read(tmp_path / folder / f"{name}.ply")["vertex"]
            for folder in ("learned", "chosen")
        )
        before_, after = (
            np.stack([v[axis] for axis in "xyz"], axis=-1).astype(float) for v in (here, there)
        )
        assert np.allclose(after, world.points(before_), atol=1e-3 * world.scale), name
        if name == "splats":
            assert np.allclose(there["scale_0"] - here["scale_0"], np.log(world.scale), atol=1e-4)
            turns = [
                Rotation.from_quat(
                    np.stack([v[f"rot_{i}"] for i in range(4)], axis=-1), scalar_first=True
                )
                for v in (here, there)
            ]
            turned = (turns[1] * turns[0].inv()).as_matrix()
            assert np.allclose(turned, world.rotation, atol=1e-4)


@pytest.mark.parametrize("up", UPS)
def test_a_glb_stands_upright_in_every_world(up, tmp_path):
    write_mesh(LEARNED, tmp_path / "mesh.glb", Watch(), Gauge(up=up))
    write_mesh(LEARNED, tmp_path / "level.ply", Watch(), Gauge(up=up))
    standing = trimesh.load_scene(tmp_path / "mesh.glb").to_mesh()
    raw = trimesh.load_mesh(tmp_path / "level.ply", process=False).vertices
    upwards = {"as-learned": -raw[:, 1], "y": raw[:, 1], "z": raw[:, 2]}[up]
    assert np.allclose(np.sort(standing.vertices[:, 1]), np.sort(upwards), atol=1e-4)


@pytest.mark.parametrize("kind", GEOMETRY)
def test_progress_is_told_in_whole_steps_to_the_end(kind, tmp_path):
    reports: list[tuple[int, int]] = []
    GEOMETRY[kind](LEARNED, tmp_path / "a.ply", Watch(lambda *at: reports.append(at)))
    total = reports[-1][0]
    assert reports == [(done, total) for done in range(1, total + 1)]
    assert list(tmp_path.iterdir()) == [tmp_path / "a.ply"]


@pytest.mark.parametrize("kind", GEOMETRY)
def test_cancelled_work_leaves_nothing(kind, tmp_path):
    with pytest.raises(Cancelled):
        GEOMETRY[kind](LEARNED, tmp_path / "a.ply", Watch(cancelled=lambda: True))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "name"), [("points", "a.obj"), ("splats", "a.splat"), ("mesh", "a.stl"), ("mesh", "a")]
)
def test_another_ending_is_refused_before_any_work(kind, name, tmp_path):
    def never(seconds: float) -> None:
        pytest.fail("something was rendered")

    with pytest.raises(InputError, match=rf"{name}: .*\.ply"):
        GEOMETRY[kind](LEARNED, tmp_path / name, Watch(between_chunks=never))


@pytest.mark.parametrize("kind", GEOMETRY)
def test_a_field_that_has_learned_nothing_has_no_surface(kind, tmp_path: Path):
    """Fog, of which every camera makes something else."""
    with pytest.raises(InputError, match="train for longer"):
        GEOMETRY[kind](before(Surfaces(opacity=0.1)), tmp_path / "a.ply", Watch())


@pytest.mark.parametrize("kind", GEOMETRY)
def test_what_does_not_fit_on_the_disk_is_refused_before_it_begins(kind, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage)
    with pytest.raises(InputError, match="make room"):
        GEOMETRY[kind](LEARNED, tmp_path / "some.ply", Watch(), Gauge())
    assert not list(tmp_path.iterdir())

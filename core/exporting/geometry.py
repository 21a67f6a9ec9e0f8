"""The learned scene as points, mesh or Gaussian splats for other tools, in a world of choice.

They are made of what the learned cameras see, so any field will do that can be looked at.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from core.errors import InputError
from core.exporting.jobs import Watch
from core.exporting.points import Points, agreed_points, moved_points
from core.exporting.surface import fused_surface
from core.exporting.views import look_around
from core.files import finished_file, require_room
from core.geometry.gauge import Gauge, into_gauge, to_y_upwards
from core.training.learned import Learned

MESH_FORMS = (".glb", ".ply", ".obj")
BAND_0 = 0.28209479177387814  # the constant spherical harmonic, 1 / (2 sqrt(pi))
SPLAT_OPACITY = 0.95
SPLAT_SIZE = 0.6  # standard deviation in pixels: neighbours close up without a blur
SPLAT_THICKNESS = 0.2  # of its size, along the line of sight
PIXEL = 4  # bytes of a file for a pixel of the photos, about: most of them show the same places
LINEAR = "_linear"  # a name that trimesh leaves alone
AS_LEARNED = Gauge()


def write_points(learned: Learned, out: Path, watch: Watch, gauge: Gauge = AS_LEARNED) -> None:
    """Write coloured points as PLY.

    Args:
        learned: cameras and scene.
        out: the file.
        watch: told how far it is, and asked whether to stop.
        gauge: the world that the points are in; `write_cameras` puts cameras into the same.

    Raises:
        Cancelled: the watch said so. No file is left.
        InputError: another ending, no surface yet, the cameras do not tell the gauge, or nothing
            can be written at `out`.
    """
    _begin(out, (".ply",), learned)
    points = _points(learned, watch, gauge)
    cloud = trimesh.PointCloud(points.positions, colors=points.colours)
    _write(out, cloud.export(file_type="ply"))


def write_splats(learned: Learned, out: Path, watch: Watch, gauge: Gauge = AS_LEARNED) -> None:
    """Write the points as Gaussians, flat discs as large as a pixel there.

    The PLY of Kerbl et al., 3D Gaussian Splatting (SIGGRAPH 2023), with colours that are alike
    from all sides. As there, opacities are logits, scales are logarithms, rotations are wxyz and
    normals are zero.

    Args and raises: as `write_points`.
    """
    _begin(out, (".ply",), learned)
    _write(out, _splat_ply(_points(learned, watch, gauge)))


def write_mesh(learned: Learned, out: Path, watch: Watch, gauge: Gauge = AS_LEARNED) -> None:
    """Write the fused surface as GLB, PLY or OBJ, by the ending of `out`, with vertex colours.

    Vertices are in the world of the gauge. In a GLB a transform above the mesh turns it upright,
    and its colours are shown as they are, without light.

    Args and raises: as `write_points`.
    """
    _begin(out, MESH_FORMS, learned)
    world = into_gauge(learned.trained, gauge)
    views = len(learned.trained)
    seen = look_around(learned, watch, 4 * views)
    points = agreed_points(seen, watch, views, 4 * views)
    mesh = fused_surface(seen, points, watch, 2 * views, 4 * views)
    mesh.vertices = world.points(mesh.vertices)
    glb = out.suffix.lower() == ".glb"
    _write(out, _glb(mesh, to_y_upwards(gauge.up)) if glb else _exported(mesh, out))


GEOMETRY: dict[str, Callable[[Learned, Path, Watch, Gauge], None]] = {
    "points": write_points,
    "mesh": write_mesh,
    "splats": write_splats,
}


def _points(learned: Learned, watch: Watch, gauge: Gauge) -> Points:
    world, views = into_gauge(learned.trained, gauge), len(learned.trained)
    seen = look_around(learned, watch, 2 * views)
    return moved_points(agreed_points(seen, watch, views, 2 * views), world)


def _splat_ply(points: Points) -> bytes:
    sides = np.log(points.sizes * SPLAT_SIZE)
    columns = {
        **dict(zip("xyz", points.positions.T, strict=True)),
        **{name: np.zeros(len(sides)) for name in ("nx", "ny", "nz")},
        **_numbered("f_dc", (points.colours / 255 - 0.5) / BAND_0),
        "opacity": np.full(len(sides), np.log(SPLAT_OPACITY / (1 - SPLAT_OPACITY))),
        **_numbered("scale", np.stack([sides, sides, sides + np.log(SPLAT_THICKNESS)], axis=-1)),
        **_numbered("rot", points.facing),
    }
    properties = "".join(f"property float {name}\n" for name in columns)
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(sides)}\n{properties}"
    table = np.stack(list(columns.values()), axis=-1).astype("<f4")
    return f"{header}end_header\n".encode() + table.tobytes()


def _numbered(name: str, values: np.ndarray) -> dict[str, np.ndarray]:
    return {f"{name}_{number}": column for number, column in enumerate(values.T)}


def _glb(mesh: trimesh.Trimesh, upright: np.ndarray) -> bytes:
    """A mesh with what turns it (3, 3) so that y is upwards, as glTF demands.

    glTF's colours are linear: https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html#meshes. In
    8 bits the 14 darkest greys would become two, so they have 16.
    """
    assert isinstance(mesh.visual, trimesh.visual.ColorVisuals), "vertices have colours"
    coded = mesh.visual.vertex_colors[:, :3] / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    opaque = np.concatenate([linear, np.ones((len(linear), 1))], axis=-1)
    colours = {LINEAR: np.rint(opaque * 65535).astype(np.uint16)}
    shown = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False, vertex_attributes=colours)
    scene = trimesh.Scene()
    transform = np.eye(4)
    transform[:3, :3] = upright
    scene.add_geometry(shown, transform=transform)
    content = trimesh.exchange.gltf.export_glb(scene, tree_postprocessor=_finished_tree)
    return bytes(content)


def _finished_tree(tree: dict[str, Any]) -> None:
    """Colours under their name; and KHR_materials_unlit, as the light is in them already."""
    tree["extensionsUsed"] = ["KHR_materials_unlit"]
    tree["materials"] = [{"extensions": {"KHR_materials_unlit": {}}, "doubleSided": True}]
    for mesh in tree["meshes"]:
        for primitive in mesh["primitives"]:
            primitive["material"] = 0
            colours = primitive["attributes"]["COLOR_0"] = primitive["attributes"].pop(LINEAR)
            tree["accessors"][colours]["normalized"] = True


def _exported(mesh: trimesh.Trimesh, out: Path) -> bytes:
    content = mesh.export(file_type=out.suffix.lower().removeprefix("."))
    return content.encode() if isinstance(content, str) else bytes(content)


def _begin(out: Path, endings: tuple[str, ...], learned: Learned) -> None:
    """Refuse what cannot be written: a wrong ending, or more than there is room for."""
    pixels = sum(camera.width * camera.height for camera in learned.trained)
    require_room(out, PIXEL * pixels, "write it elsewhere")
    if out.suffix.lower() not in endings:
        raise InputError(f"{out}: choose a name that ends in {' or '.join(endings)}.")


def _write(out: Path, content: bytes) -> None:
    with finished_file(out) as temporary:
        temporary.write_bytes(content)

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
from core.files import finished_file
from core.geometry.gauge import Gauge, into_gauge, to_y_upwards
from core.training.learned import Learned

MESH_FORMS = (".glb", ".ply", ".obj")
BAND_0 = 0.28209479177387814  # the constant spherical harmonic, 1 / (2 sqrt(pi))
SPLAT_OPACITY = 0.95
SPLAT_SIZE = 0.6  # standard deviation in pixels: neighbours close up without a blur
SPLAT_THICKNESS = 0.2  # of its size, along the line of sight
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
    _check_ending(out, (".ply",))
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
    _check_ending(out, (".ply",))
    _write(out, _splat_ply(_points(learned, watch, gauge)))


def write_mesh(learned: Learned, out: Path, watch: Watch, gauge: Gauge = AS_LEARNED) -> None:
    """Write the fused surface as GLB, PLY or OBJ, by the ending of `out`, with vertex colours.

    Vertices are in the world of the gauge. In a GLB a transform above the mesh turns it upright,
    and its colours are shown as they are, without light.

    Args and raises: as `write_points`.
    """
    _check_ending(out, MESH_FORMS)
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

    glTF's colours are linear: https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html#meshes.
    """
    shown = mesh.copy()
    coded = mesh.visual.vertex_colors[:, :3] / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    shown.visual.vertex_colors = np.rint(linear * 255).astype(np.uint8)
    scene = trimesh.Scene()
    transform = np.eye(4)
    transform[:3, :3] = upright
    scene.add_geometry(shown, transform=transform)
    content = trimesh.exchange.gltf.export_glb(scene, tree_postprocessor=_without_light)
    return bytes(content)


def _without_light(tree: dict[str, Any]) -> None:
    """The extension KHR_materials_unlit: the light is in the colours already."""
    tree["extensionsUsed"] = ["KHR_materials_unlit"]
    tree["materials"] = [{"extensions": {"KHR_materials_unlit": {}}, "doubleSided": True}]
    for mesh in tree["meshes"]:
        for primitive in mesh["primitives"]:
            primitive["material"] = 0


def _exported(mesh: trimesh.Trimesh, out: Path) -> bytes:
    content = mesh.export(file_type=out.suffix.lower().removeprefix("."))
    return content.encode() if isinstance(content, str) else bytes(content)


def _check_ending(out: Path, endings: tuple[str, ...]) -> None:
    if out.suffix.lower() not in endings:
        raise InputError(f"{out}: choose a name that ends in {' or '.join(endings)}.")


def _write(out: Path, content: bytes) -> None:
    with finished_file(out) as temporary:
        temporary.write_bytes(content)

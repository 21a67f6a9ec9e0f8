"""Frustums as a PLY of coloured lines, to look at in MeshLab, Blender or CloudCompare."""

import colorsys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from core.formats.checks import check_writable
from core.formats.files import write_file
from core.geometry.cameras import Camera
from core.geometry.gauge import spread

DEPTH = 0.25  # of a frustum, of the cameras' distance from their mean
EDGES = ((0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (2, 3), (3, 4), (4, 1))
FIRST_HUE, LAST_HUE = 0.66, 0.0  # blue to red


def write_ply(cameras: Mapping[str, Camera], out: Path, remarks: Sequence[str] = ()) -> None:
    """Write a frustum for each camera: its centre, then the corners of its picture, as vertices.

    Corners are top left, top right, bottom right, bottom left. Colours run from blue, the first
    camera, to red, the last. Of a lens with distortion the corners are right and the edges between
    them straight. What there is to say of the cameras stands in comments. The form is for looking:
    nothing reads it back.

    Raises:
        InputError: there are no cameras, one is not finite, or nothing can be written at `out`.
    """
    check_writable(cameras)
    positions = np.stack([camera.position for camera in cameras.values()])
    depth = DEPTH * (spread(positions) or 1.0)
    vertices, edges = [], []
    for index, camera in enumerate(cameras.values()):
        red, green, blue = _colour(index, len(cameras))
        for x, y, z in _corners(camera, depth).tolist():
            vertices.append(f"{x:.9g} {y:.9g} {z:.9g} {red} {green} {blue}")
        edges += [f"{5 * index + start} {5 * index + end}" for start, end in EDGES]
    lines = [*_header(len(vertices), len(edges), remarks), *vertices, *edges]
    write_file(("\n".join(lines) + "\n").encode("ascii"), out)


def _corners(camera: Camera, depth: float) -> np.ndarray:
    """(5, 3) centre and corners in the world."""
    width, height = camera.width, camera.height
    plane = camera.tangents(np.array([[0, 0], [width, 0], [width, height], [0, height]]))
    local = depth * np.array([(0, 0, 0), *((x, y, 1) for x, y in plane)])
    return local @ camera.camera_to_world[:3, :3].T + camera.position


def _colour(index: int, count: int) -> tuple[int, ...]:
    hue = FIRST_HUE + (LAST_HUE - FIRST_HUE) * index / max(1, count - 1)
    return tuple(round(255 * light) for light in colorsys.hsv_to_rgb(hue, 1, 1))


def _header(vertices: int, edges: int, remarks: Sequence[str]) -> list[str]:
    return [
        "ply",
        "format ascii 1.0",
        *(f"comment {ascii(remark)[1:-1]}" for remark in remarks),
        f"element vertex {vertices}",
        *(f"property float {axis}" for axis in "xyz"),
        *(f"property uchar {light}" for light in ("red", "green", "blue")),
        f"element edge {edges}",
        "property int vertex1",
        "property int vertex2",
        "end_header",
    ]

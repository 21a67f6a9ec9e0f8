"""Meshes of the demo scene, generated as grids of points.

Conventions: world units, y up; a mesh's texture coordinates have v = 0 at the top row of its
image and v = 1 at the bottom row; u runs from the left column to the right one.  Bodies of
revolution stand on the origin along +y, their seam at -z, turned away from the viewer at +z.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
Cell = tuple[float, float, float, float]
WHOLE: Cell = (0.0, 0.0, 1.0, 1.0)


@dataclass
class Mesh:
    """Triangles with texture coordinates: points N x 3, uv N x 2, faces M x 3."""

    points: Points
    uv: Points
    faces: npt.NDArray[np.int32]

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Mesh:
        """The mesh translated."""
        return Mesh(self.points + np.array((x, y, z)), self.uv, self.faces)

    def turned(self, axis: str, degrees: float) -> Mesh:
        """The mesh rotated about a world axis, counterclockwise seen from the axis' tip."""
        return Mesh(self.points @ rotation(axis, degrees).T, self.uv, self.faces)

    def aimed(self, way: npt.ArrayLike) -> Mesh:
        """The mesh rotated so that its +y axis points along way."""
        up = np.asarray(way, float) / np.linalg.norm(way)
        side = np.cross((0.31, 0.2, 1.0), up)
        side /= np.linalg.norm(side)
        frame = np.stack([side, up, np.cross(side, up)], axis=1)
        return Mesh(self.points @ frame.T, self.uv, self.faces)

    def write(self, path: Path) -> None:
        """Write a binary PLY file with the texture coordinates u, v."""
        head = ["ply", "format binary_little_endian 1.0", f"element vertex {len(self.points)}"]
        head += [f"property float {name}" for name in ("x", "y", "z", "u", "v")]
        head += [f"element face {len(self.faces)}", "property list uchar int vertex_indices"]
        corner = np.concatenate([self.points, self.uv], axis=1).astype("<f4")
        faces = np.empty(len(self.faces), dtype=[("n", "u1"), ("i", "<i4", 3)])
        faces["n"], faces["i"] = 3, self.faces
        text = "\n".join([*head, "end_header", ""]).encode()
        path.write_bytes(text + corner.tobytes() + faces.tobytes())


def rotation(axis: str, degrees: float) -> Points:
    """3 x 3 rotation about the x, y or z axis (right-handed)."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.eye(3)
    matrix[i, i], matrix[i, j], matrix[j, i], matrix[j, j] = c, -s, s, c
    return matrix


def joined(meshes: Sequence[Mesh]) -> Mesh:
    """Several meshes as one."""
    starts = np.cumsum([0] + [len(m.points) for m in meshes[:-1]])
    faces = np.concatenate([m.faces + s for m, s in zip(meshes, starts, strict=True)])
    return Mesh(
        np.concatenate([m.points for m in meshes]),
        np.concatenate([m.uv for m in meshes]),
        faces.astype(np.int32),
    )


def surface(
    place: Callable[[Points, Points], Sequence[Points | float]],
    nu: int,
    nv: int,
    cell: Cell = WHOLE,
) -> Mesh:
    """The parametric surface (u, v) -> (x, y, z) on a grid of nu x nv steps of [0, 1]^2.

    cell = (u0, v0, u1, v1) is the part of the image that is laid on it.
    """
    v, u = np.meshgrid(np.linspace(0, 1, nv + 1), np.linspace(0, 1, nu + 1), indexing="ij")
    points = np.stack([c + 0 * u for c in place(u, v)], axis=-1).reshape(-1, 3)
    uv = np.stack([cell[0] + (cell[2] - cell[0]) * u, cell[1] + (cell[3] - cell[1]) * v], axis=-1)
    index = np.arange((nu + 1) * (nv + 1), dtype=np.int32).reshape(nv + 1, nu + 1)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    quads = np.stack([a, c, b, b, c, d], axis=-1)
    return Mesh(points, uv.reshape(-1, 2), quads.reshape(-1, 3))


def panel(width: float, height: float, cell: Cell = WHOLE) -> Mesh:
    """An upright rectangle facing +z, standing on y = 0 and centred at x = 0."""
    return surface(lambda u, v: ((u - 0.5) * width, (1 - v) * height, 0.0), 1, 1, cell)


def block(
    width: float,
    height: float,
    depth: float,
    front: Cell = WHOLE,
    side: Cell | None = None,
    top: Cell | None = None,
) -> Mesh:
    """A box standing on y = 0, centred at x = z = 0; visible faces take a cell of the image."""
    side, top = side or front, top or front
    faces = [panel(width, height, front).moved(z=depth / 2)]
    faces += [panel(depth, height, side).moved(z=width / 2).turned("y", turn) for turn in (90, -90)]
    faces += [panel(width, height, front).turned("y", 180).moved(z=-depth / 2)]
    lid = surface(lambda u, v: ((u - 0.5) * width, height, (v - 0.5) * depth), 1, 1, top)
    return joined([*faces, lid])


def lathe(profile: Sequence[tuple[float, float]], around: int = 96, rows: int = 90) -> Mesh:
    """Body of revolution through (radius, height) knots from top to bottom, smoothly joined.

    v follows the arc length of the profile; u starts at the back and runs left to right in front.
    """
    knots = np.array(profile, float)
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(knots, axis=0).T))])
    length /= length[-1]
    at = np.linspace(0, 1, 200)
    raw = np.stack([np.interp(at, length, knots[:, k]) for k in (0, 1)], axis=1)
    padded = np.pad(raw, ((6, 6), (0, 0)), mode="edge")
    kernel = np.hanning(15)[1:-1] / np.hanning(15).sum()
    smooth = np.stack([np.convolve(padded[:, k], kernel, "valid") for k in (0, 1)], axis=1)

    def place(u: Points, v: Points) -> Sequence[Points]:
        r, y = (np.interp(v, at, smooth[:, k]) for k in (0, 1))
        turn = 2 * np.pi * u
        return -r * np.sin(turn), y, -r * np.cos(turn)

    return surface(place, around, rows)


def ball(radius: float, squash: float = 1.0, around: int = 72, rows: int = 40) -> Mesh:
    """A sphere about the origin, its height multiplied by squash; the image is equirectangular."""

    def place(u: Points, v: Points) -> Sequence[Points]:
        ring = radius * np.sin(np.pi * np.clip(v, 1e-3, 1 - 1e-3))
        turn = 2 * np.pi * u
        return -ring * np.sin(turn), radius * squash * np.cos(np.pi * v), -ring * np.cos(turn)

    return surface(place, around, rows)


def dish(radius: float, depth: float) -> Mesh:
    """A shallow plate facing +z, its rim at z = depth; the image is laid on flat."""

    def place(u: Points, v: Points) -> Sequence[Points]:
        r, turn = radius * np.clip(v, 1e-3, 1), 2 * np.pi * u
        return r * np.sin(turn), r * np.cos(turn), depth / (1 + np.exp(-(v - 0.66) * 16))

    mesh = surface(place, 64, 40)
    flat = mesh.points[:, :2] / (2 * radius) * (1.0, -1.0) + 0.5
    return Mesh(mesh.points, flat, mesh.faces)


def tube(path: npt.ArrayLike, radius: float, around: int = 10) -> Mesh:
    """A round rod along a polyline of N x 3 points."""
    line = np.asarray(path, float)
    ahead = np.gradient(line, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    side = np.cross(ahead, (0.21, 0.33, 0.92))
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    third = np.cross(ahead, side)

    def place(u: Points, v: Points) -> Sequence[Points]:
        row = np.round(v * (len(line) - 1)).astype(int)
        turn = 2 * np.pi * u[..., None]
        ring = line[row] + radius * (np.cos(turn) * side[row] + np.sin(turn) * third[row])
        return ring[..., 0], ring[..., 1], ring[..., 2]

    return surface(place, around, len(line) - 1)


def frond(
    length: float,
    width: float,
    droop: float,
    fold: float = 0.25,
    blunt: float = 0.75,
    wave: float = 0.0,
) -> Mesh:
    """A leaf or petal growing from the origin along +y and bending towards +z by droop radians.

    fold lifts its edges, blunt < 1 moves its widest part towards the stem, wave ripples its edge.
    """

    def place(u: Points, v: Points) -> Sequence[Points]:
        t = np.clip(v, 1e-3, 1.0)
        across = (u - 0.5) * 2
        half = width / 2 * np.sin(np.pi * np.clip(t, 0, 0.995) ** blunt) ** 0.8
        angle = droop * t
        bend = np.maximum(abs(droop), 1e-6) * np.sign(droop) if droop else 1e-6
        y, z = length * np.sin(angle) / bend, length * (1 - np.cos(angle)) / bend
        lift = -fold * half * across**2 + wave * half * np.sin(14 * t) * across
        return across * half, y + lift * -np.sin(angle), z + lift * np.cos(angle)

    return surface(place, 10, 26)


def volume(thick: float, height: float, depth: float) -> Mesh:
    """A book upright on y = 0 with its spine towards +z; see textures.book for the atlas."""
    inset, board = 0.012, 0.007
    cover: Cell = (0.2, 0.0, 0.6, 1.0)
    edge: Cell = (0.22, 0.02, 0.26, 0.06)
    leaves: Cell = (0.6, 0.0, 1.0, 1.0)
    pages = block(thick - board, height - 2 * inset, depth - inset, leaves, leaves, leaves)
    boards = [
        block(board, height, depth, edge, cover, edge).moved(x=s * (thick - board) / 2)
        for s in (-1, 1)
    ]
    bulge = 0.22 * thick

    def spine(u: Points, v: Points) -> Sequence[Points]:
        turn = (u - 0.5) * np.pi
        return thick / 2 * np.sin(turn), (1 - v) * height, depth / 2 + bulge * np.cos(turn)

    back = surface(spine, 16, 1, (0.0, 0.0, 0.2, 1.0))
    return joined([pages.moved(y=inset, z=-inset / 2), *boards, back])

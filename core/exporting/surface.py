"""A mesh from what all views see: their depths fused into signed distances, and its zero cut out.

Curless and Levoy, A Volumetric Method for Building Complex Models from Range Images (SIGGRAPH
1996). The volume is the average camera's frustum in x / z, y / z and 1 / z, where cells are as
large as what photos from nearly one place can tell apart, far away as well as near. It needs
nothing of a scene but what rays see.
"""

from dataclasses import dataclass

import numpy as np
import trimesh
from skimage.measure import marching_cubes

from core.exporting.jobs import Watch
from core.exporting.points import Points
from core.exporting.views import View, Views, nothing_there
from core.geometry.cameras import Camera

CELLS_ACROSS = 320  # along the longer side
CELLS_DEEP = 160  # at most
BAND = 3.0  # cells before and behind a surface in which distances are told apart
REACH = 3.0  # bands behind a surface about which it tells; views that differ by more leave a hole
TRIM = 0.2  # percent of the points at either end of each axis that the volume may leave out
SMALLEST_PIECE = 200  # triangles; smaller pieces are noise


@dataclass(frozen=True, eq=False)
class Volume:
    """Cells in (1 / z, y / z, x / z) of a camera: disparity, then down, then right."""

    camera: Camera
    start: np.ndarray  # (3,) of the first cell's centre
    step: np.ndarray  # (3,)
    shape: tuple[int, int, int]

    def axis(self, number: int) -> np.ndarray:
        """Centres (C,) of the cells along one axis: 0 is disparity, 1 down, 2 right."""
        return self.start[number] + self.step[number] * np.arange(self.shape[number])

    def world(self, cells: np.ndarray) -> np.ndarray:
        """World points (P, 3) of fractional cell numbers (P, 3)."""
        disparity, down, right = (self.start + self.step * cells).T
        local = np.stack([right, down, np.ones_like(right)], axis=-1) / disparity[:, None]
        return local @ self.camera.camera_to_world[:3, :3].T + self.camera.position


def fused_surface(
    seen: Views, points: Points, watch: Watch, done: int, steps: int
) -> trimesh.Trimesh:
    """The surface that all views together show, with colours, in the world.

    It is open where no view looked, and has no skin between a thing and what is behind it. Faces
    look towards the cameras.

    Args:
        seen: the views.
        points: where they agree; they bound the volume.
        watch: told after each view, and asked whether to stop.
        done: how many of `steps` are done before.
        steps: of the whole work; two for each view are done here.

    Raises:
        InputError: the views agree on no surface.
    """
    volume = _volume_of(points, seen)
    sums = np.zeros(volume.shape, np.float32)
    counts = np.zeros(volume.shape, np.uint16)
    for number, view in enumerate(seen.views, start=1):
        _fuse(view, volume, sums, counts, watch)
        watch.progress(done + number, steps)
    with watch.chunk():
        mesh = _cut(volume, sums, counts, seen)
    colours = _colours(mesh.vertices, seen, watch, done + len(seen.views), steps)
    mesh.visual = trimesh.visual.ColorVisuals(mesh, vertex_colors=colours)
    return mesh


def _volume_of(points: Points, seen: Views) -> Volume:
    camera = seen.middle
    local = (points.positions - camera.position) @ camera.camera_to_world[:3, :3]
    local = local[local[:, 2] > 0]
    if len(local) == 0:
        raise nothing_there()
    along = np.stack([1 / local[:, 2], local[:, 1] / local[:, 2], local[:, 0] / local[:, 2]])
    low, high = np.percentile(along, [TRIM, 100 - TRIM], axis=1)
    low[0], high[0] = low[0] - seen.tolerance, high[0] + seen.tolerance
    low[0] = max(low[0], high[0] * 1e-3)  # nothing is behind infinity
    across = max(*(high[1:] - low[1:]) / (CELLS_ACROSS - 1), 1 / camera.fx, 1 / camera.fy)
    deep = max(seen.tolerance / BAND, (high[0] - low[0]) / (CELLS_DEEP - 1))
    step = np.maximum([deep, across, across], 1e-12)
    shape = np.ceil((high - low) / step).astype(int) + 1
    return Volume(camera, low, step, (int(shape[0]), int(shape[1]), int(shape[2])))


def _fuse(view: View, volume: Volume, sums: np.ndarray, counts: np.ndarray, watch: Watch) -> None:
    """Add what one view says about every cell, a sheet of equal disparity at a time.

    A point of the volume is p = position + R (right, down, 1) / w; seen from the view it is
    (a + w b) / w with a and b that do not depend on the disparity w.
    """
    camera, band = view.camera, np.float32(BAND * volume.step[0])
    turn = camera.camera_to_world[:3, :3].T @ volume.camera.camera_to_world[:3, :3]
    down, right = np.meshgrid(volume.axis(1), volume.axis(2), indexing="ij")
    plane = np.stack([right, down, np.ones_like(right)], axis=-1) @ turn.T
    a = np.moveaxis(plane, -1, 0).astype(np.float32)
    moved = volume.camera.position - camera.position
    b = (camera.camera_to_world[:3, :3].T @ moved).astype(np.float32)
    for sheet, w in enumerate(volume.axis(0).astype(np.float32)):
        with watch.chunk():
            own, found = _seen(view, a[0] + w * b[0], a[1] + w * b[1], a[2] + w * b[2], w)
            before = own - found  # positive where the cell is nearer than the surface
            saw = (own > 0) & (found >= 0) & (before > -REACH * band)
            sums[sheet] += np.where(saw, np.clip(before / band, -1, 1), 0)
            counts[sheet] += saw


def _seen(
    view: View, x: np.ndarray, y: np.ndarray, z: np.ndarray, w: np.float32
) -> tuple[np.ndarray, np.ndarray]:
    """Disparities of cells and of what the view has in their pixels, -1 out of the picture.

    Args: x, y, z in the view's axes, times the cells' disparity `w` in the volume.
    """
    camera = view.camera
    per_z = 1 / np.where(z > 0, z, np.float32(np.inf))
    column = np.floor(np.float32(camera.fx) * x * per_z + np.float32(camera.cx))
    row = np.floor(np.float32(camera.fy) * y * per_z + np.float32(camera.cy))
    inside = (per_z > 0) & (column >= 0) & (column < camera.width)
    inside &= (row >= 0) & (row < camera.height)
    pixel = np.where(inside, row * camera.width + column, 0).astype(np.int32)
    return w * per_z, np.where(inside, view.disparity.ravel()[pixel], -1)


def _cut(volume: Volume, sums: np.ndarray, counts: np.ndarray, seen: Views) -> trimesh.Trimesh:
    """The surface where mean distances are zero, within cells that enough views told about."""
    distance = np.where(counts > 0, sums / np.maximum(counts, 1), 1)
    known = counts >= seen.witnesses
    whole = np.zeros_like(known)  # cubes are asked for at their last corner
    corners = [slice(None, -1), slice(1, None)]
    whole[1:, 1:, 1:] = np.logical_and.reduce(
        [known[i, j, k] for i in corners for j in corners for k in corners]
    )
    try:
        vertices, faces, _, _ = marching_cubes(distance, 0.0, mask=whole, allow_degenerate=False)
    except (ValueError, RuntimeError) as error:  # said where nothing crosses zero
        raise nothing_there() from error
    mesh = trimesh.Trimesh(volume.world(vertices), faces, process=False)
    mesh.update_faces(_faces_someone(mesh, seen))
    labels = trimesh.graph.connected_component_labels(mesh.face_adjacency, len(mesh.faces))
    mesh.update_faces(np.bincount(labels)[labels] >= SMALLEST_PIECE)
    mesh.remove_unreferenced_vertices()
    if mesh.is_empty:
        raise nothing_there()
    return mesh


def _faces_someone(mesh: trimesh.Trimesh, seen: Views) -> np.ndarray:
    """(F,) whether a triangle looks towards any camera; where none does is the end of the reach."""
    centres, normals = mesh.triangles_center, mesh.face_normals
    towards = [((view.camera.position - centres) * normals).sum(-1) > 0 for view in seen.views]
    return np.logical_or.reduce(towards)


def _colours(vertices: np.ndarray, seen: Views, watch: Watch, done: int, steps: int) -> np.ndarray:
    """(V, 3) uint8: the mean of the views in which a vertex is what is seen there."""
    total, weights = np.zeros((len(vertices), 3)), np.zeros((len(vertices), 1))
    for number, view in enumerate(seen.views, start=1):
        with watch.chunk():
            own, found, pixels = view.look_up(vertices)
            apart = np.abs(own - found) / seen.tolerance
            # Where it is hidden in every view, the least hidden counts.
            weight = np.where(found > 0, np.exp(-(apart**2)) + 1e-6 / (1 + apart), 0)[:, None]
            total += weight * view.rgb.reshape(-1, 3)[pixels]
            weights += weight
        watch.progress(done + number, steps)
    return np.rint(total / np.maximum(weights, 1e-12)).astype(np.uint8)

"""The mesh lies where the surfaces are, and nowhere else."""

import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial import cKDTree

from core.errors import Cancelled, InputError
from core.exporting.jobs import Watch
from core.exporting.points import agreed_points
from core.exporting.surface import SMALLEST_PIECE, fused_surface
from core.exporting.views import look_around
from tests.core.exporting.worlds import Surfaces, before, colours_at, off, on_ball


def mesh_of(scene: Surfaces, watch: Watch = Watch(), **world) -> trimesh.Trimesh:  # noqa: B008
    seen = look_around(before(scene, **world), Watch(), 28)
    points = agreed_points(seen, Watch(), 7, 28)
    return fused_surface(seen, points, watch, 14, 28)


@pytest.fixture(scope="module")
def mesh() -> trimesh.Trimesh:
    return mesh_of(Surfaces())


def test_it_lies_on_the_surfaces_without_a_skin_between_them(mesh):
    """The ball's rim is two units before the wall."""
    assert np.percentile(off(mesh.vertices), [50, 99]) == pytest.approx(0, abs=0.02)
    assert off(mesh.vertices).max() < 0.1
    assert off(mesh.triangles_center).max() < 0.1


def test_it_covers_what_is_seen(mesh):
    """What the middle camera sees of the scene is near a corner of the mesh."""
    seen = look_around(before(Surfaces()), Watch(), 7)
    points, pixels = seen.views[0].points()
    rows, columns = np.divmod(pixels, 120)
    inner = (rows > 4) & (rows < 86) & (columns > 4) & (columns < 116)
    apart, _ = cKDTree(mesh.vertices).query(points[inner])
    assert (apart < 0.05).mean() > 0.97
    assert on_ball(mesh.vertices).sum() > 500


def test_faces_look_towards_the_cameras(mesh):
    towards = (-mesh.triangles_center * mesh.face_normals).sum(-1) > 0
    assert towards.mean() > 0.98


def test_colours_are_those_of_the_scene(mesh):
    wanted = colours_at(torch.from_numpy(np.asarray(mesh.vertices))).numpy() * 255
    apart = np.abs(mesh.visual.vertex_colors[:, :3] - wanted)
    assert np.percentile(apart, 95) < 6


def test_noise_of_single_views_is_averaged():
    """Depths off by one percent to either side, another way in each view."""

    def noisy(origin, depth):
        generator = torch.Generator().manual_seed(int(origin[0] * 1e6))
        return depth * (1 + 0.01 * torch.randn(len(depth), generator=generator))

    mesh = mesh_of(Surfaces(spoiled=noisy))
    one_view = off(look_around(before(Surfaces(spoiled=noisy)), Watch(), 7).views[0].points()[0])
    assert off(mesh.vertices).mean() < 0.6 * one_view.mean()


def test_small_pieces_are_left_out(mesh):
    pieces = trimesh.graph.connected_components(mesh.face_adjacency, min_len=1)
    assert 1 <= len(pieces) < 10
    assert min(map(len, pieces)) >= SMALLEST_PIECE


def test_cameras_that_agree_on_no_surface_are_told_so():
    def own_world(origin, depth):
        return depth * (1 + 2 * (origin[0] + 0.25))

    with pytest.raises(InputError, match="train for longer"):
        mesh_of(Surfaces(spoiled=own_world), count=3)


def test_progress_is_told_and_cancel_is_obeyed():
    reports: list[tuple[int, int]] = []
    mesh_of(Surfaces(), Watch(lambda done, total: reports.append((done, total))))
    assert reports == [(done, 28) for done in range(15, 29)]
    with pytest.raises(Cancelled):
        mesh_of(Surfaces(), Watch(cancelled=lambda: True))

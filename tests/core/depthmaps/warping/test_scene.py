"""Depth maps as a scene: looked at like any other, and cameras of more photos are found in it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial.transform import Rotation

from core.depthmaps.confirmed import confirmed
from core.depthmaps.warping.scene import WarpedScene, shown
from core.depthmaps.warping.views import AT_REST, Views, render
from core.evaluation.aligning import aligned
from core.evaluation.poses import Search, box_filtered, find_camera, squared_error
from core.exporting.cameras import depth_bounds
from core.exporting.geometry import write_mesh, write_points
from core.exporting.jobs import Watch
from core.exporting.page.sights import seen
from core.geometry.cameras import Camera
from core.rendering.picture import Pace
from core.rendering.progressive import picture_of, render_progressively
from core.training.learned import Learned
from tests.core.depthmaps.exact import exact
from tests.core.depthmaps.rendered import Shot, shoot

UNSEEN = 3


@pytest.fixture(scope="module")
def shot() -> Shot:
    return shoot(8, 40)


@pytest.fixture(scope="module")
def scene(shot: Shot) -> WarpedScene:
    return WarpedScene(Views(exact(shot, [row for row in range(8) if row != UNSEEN])))


def camera_of(shot: Shot, row: int) -> Camera:
    return shot.cameras[[row]].single()[0]


def turned(camera: Camera, degrees: float) -> Camera:
    """The same, turned to the side."""
    pose = camera.camera_to_world.copy()
    turn = Rotation.from_euler("y", degrees, degrees=True)
    pose[:3, :3] = pose[:3, :3] @ turn.as_matrix()
    return replace(camera, camera_to_world=pose)


def test_it_is_rendered_like_any_scene(shot: Shot, scene: WarpedScene) -> None:
    camera, pace = camera_of(shot, UNSEEN), Pace()
    made = [p for p in render_progressively(scene, camera, pace, 0.0) if p is not None]
    assert [picture.scale for picture in made] == [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1]
    assert scene.views is not None
    assert np.array_equal(made[-1].rgb, render(scene.views, camera, AT_REST).rgb)
    assert pace.seconds_per_ray is not None
    quick = picture_of(scene.in_motion, camera)
    assert 0 < np.abs(quick.rgb - made[-1].rgb).mean() < 0.02


def test_nothing_is_seen_before_there_are_maps(shot: Shot) -> None:
    picture = picture_of(WarpedScene(None), camera_of(shot, 0))
    assert picture.rgb.shape == (94, 126, 3)
    assert not picture.opacity.any()


def test_what_no_photo_saw_is_not_shown(shot: Shot, scene: WarpedScene) -> None:
    picture = picture_of(scene, turned(camera_of(shot, UNSEEN), 30))
    seen = shown(picture)
    assert np.array_equal(seen.opacity == 0, picture.opacity == 0)
    assert (seen.opacity == 0).any() and (seen.opacity == 1).any()
    assert not seen.rgb[seen.opacity == 0].any()


def test_the_camera_of_a_photo_is_found_again(shot: Shot, scene: WarpedScene) -> None:
    true = camera_of(shot, UNSEEN)
    pose = true.camera_to_world.copy()
    pose[:3, :3] = pose[:3, :3] @ Rotation.from_rotvec(np.radians([0.4, -0.5, 0.3])).as_matrix()
    pose[:3, 3] += [0.03, 0.02, -0.02]
    off = Camera(pose, true.fx, true.fy, true.cx, true.cy, true.width, true.height)
    photo = shot.photos[UNSEEN].permute(1, 2, 0).numpy()
    took: list[float] = []
    found = aligned(scene, photo, off, took.append)

    def away(camera: Camera) -> tuple[float, float]:
        turn = camera.camera_to_world[:3, :3].T @ true.camera_to_world[:3, :3]
        angle = np.degrees(np.linalg.norm(Rotation.from_matrix(turn).as_rotvec()))
        return float(angle), float(np.linalg.norm(camera.position - true.position))

    assert took
    assert away(found)[0] < 0.2 * away(off)[0]
    assert away(found)[1] < 0.3 * away(off)[1]


def test_exports_take_it(shot: Shot, scene: WarpedScene, tmp_path: Path) -> None:
    cameras = {f"{row}.png": camera_of(shot, row) for row in range(8) if row != UNSEEN}
    bounds = depth_bounds(scene, cameras)
    assert all(2 < near < far < 8 for near, far in bounds.values())
    learned = Learned(tuple(cameras), tuple(cameras.values()), (False,) * len(cameras), scene)
    write_points(learned, tmp_path / "points.ply", Watch())
    points = trimesh.load(tmp_path / "points.ply").vertices
    assert len(points) > 5000
    depth = np.asarray(points)[:, 2]
    assert np.percentile(depth, 1) > 2 and np.percentile(depth, 99) < 7
    write_mesh(learned, tmp_path / "mesh.ply", Watch())
    assert len(trimesh.load(tmp_path / "mesh.ply").faces) > 1000
    sights = seen(learned, Watch())  # what a page to send is made of
    assert len(sights) == len(cameras)
    for sight in sights:
        assert 2 < np.percentile(1 / sight.inverse, 1) < np.percentile(1 / sight.inverse, 99) < 8
        assert sight.rgb.std() > 5


def test_points_are_where_others_confirm_that_something_is(shot: Shot, scene: WarpedScene) -> None:
    assert scene.views is not None
    found = confirmed(scene.views.maps, {0}, 3000)
    assert 0 < len(found.sizes) <= 3000 and found.colours.dtype == np.uint8
    camera = shot.cameras[[UNSEEN]]
    pixels, depth = camera.project(torch.from_numpy(found.positions)[None])
    inside = camera.inside(pixels, depth)[0]
    column, row = pixels[0, inside].long().T
    seen = shot.inverse[UNSEEN, row, column] * depth[0, inside]
    assert ((seen - 1).abs() < 0.03).float().mean() > 0.8  # the others are hidden from there
    maps = scene.views.maps
    nothing = replace(maps, support=torch.zeros_like(maps.support))
    assert len(confirmed(nothing, (), 3000).sizes) == 0


def test_the_likeliest_start_is_tried_though_others_look_more_alike(
    shot: Shot, scene: WarpedScene
) -> None:
    true, photo = camera_of(shot, UNSEEN), shot.photos[UNSEEN].permute(1, 2, 0).numpy()
    off, away = turned(true, 4), true.camera_to_world.copy()
    away[:3, 3] -= 20 * away[:3, 2]
    blurred = replace(true, camera_to_world=away)
    coarsest = box_filtered(photo, 24)[0]
    assert squared_error(scene, blurred, coarsest) < squared_error(scene, off, coarsest)
    draws = torch.Generator().manual_seed(0)
    how = Search(smallest=24, starts=1)
    found = find_camera(scene, photo, [off, blurred], how, draws, lambda seconds: None)
    assert np.abs(found.camera_to_world - true.camera_to_world).max() < 0.01

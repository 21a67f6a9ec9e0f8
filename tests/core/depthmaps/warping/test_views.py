"""A view is what a camera there would have seen, and says where nobody can tell."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from core.depthmaps.stereo.depths import DepthMaps
from core.depthmaps.warping import choosing
from core.depthmaps.warping.choosing import CANDIDATES, Chooser
from core.depthmaps.warping.looking import Rays, Source, continued, filled, seen_from, splat
from core.depthmaps.warping.views import AT_REST, IN_MOTION, SHARP, Prepared, Views, render
from core.geometry.cameras import Camera
from core.rendering.picture import Picture
from tests.cameras import camera, scattered
from tests.core.depthmaps.exact import exact
from tests.core.depthmaps.rendered import Shot, shoot

SHAPES = ((126, 94), (94, 126))
UNSEEN = 3


@pytest.fixture(scope="module")
def shot() -> Shot:
    return shoot(8, 40, SHAPES, k1=-0.08)


@pytest.fixture(scope="module")
def maps(shot: Shot) -> DepthMaps:
    return exact(shot, [row for row in range(8) if row != UNSEEN])


@pytest.fixture(scope="module")
def views(maps: DepthMaps) -> Views:
    return Views(maps)


def wanted(shot: Shot, row: int) -> tuple[Camera, np.ndarray, np.ndarray]:
    """A camera, the photo (h, w, 3) that it took and its depths (h, w)."""
    width, height = shot.cameras.sizes[row].tolist()
    photo = shot.photos[row, :, :height, :width].permute(1, 2, 0).numpy()
    return shot.cameras[[row]].single()[0], photo, 1 / shot.inverse[row, :height, :width].numpy()


def psnr(picture: Picture, photo: np.ndarray, where: np.ndarray | None = None) -> float:
    wrong = np.square(picture.rgb - photo).mean(-1)
    return float(-10 * np.log10(wrong[where].mean() if where is not None else wrong.mean()))


@pytest.mark.parametrize("photos, cubic, least", [(AT_REST, True, 25), (IN_MOTION, False, 24)])
def test_a_photo_that_is_not_there_is_seen(
    shot: Shot, views: Views, photos: int, cubic: bool, least: float
) -> None:
    at, photo, depth = wanted(shot, UNSEEN)
    picture = render(views, at, photos, cubic)
    sure = picture.opacity > 0.5
    assert sure.mean() > 0.8
    assert psnr(picture, photo, sure) > least
    wrong = np.abs(picture.rgb - photo).mean(-1)[sure]
    assert np.quantile(wrong, 0.9) < (0.015 if cubic else 0.03)  # silhouettes are off by a pixel
    off = np.abs(picture.depth / depth - 1)[sure]
    assert np.median(off) < 0.004 and np.mean(off < 0.02) > 0.95


@pytest.mark.parametrize("row", [0, 1])
def test_from_where_a_photo_was_taken_it_is_that_photo(shot: Shot, views: Views, row: int) -> None:
    at, photo, _ = wanted(shot, row)
    picture = render(views, at)
    inner = (slice(4, -4), slice(4, -4))
    assert psnr(replace(picture, rgb=picture.rgb[inner]), photo[inner]) > 34


def test_what_nobody_saw_is_told(views: Views) -> None:
    behind = camera(position=(0, 0, 3), turn=(0, np.pi, 0))
    assert (render(views, behind).opacity == 0).all()


def test_beyond_the_edges_of_all_photos_trust_ends(shot: Shot, views: Views) -> None:
    at = wanted(shot, UNSEEN)[0]
    wide = replace(at.pinhole, fx=at.fx / 4, fy=at.fy / 4)
    picture = render(views, wide)
    assert (picture.opacity[:10] == 0).all() and (picture.opacity[:, -10:] == 0).all()
    middle = picture.opacity[picture.opacity.shape[0] // 2, picture.opacity.shape[1] // 2]
    assert middle > 0.5
    assert np.isfinite(picture.rgb).all() and np.isfinite(picture.depth).all()


def test_a_photo_that_is_left_out_has_no_say(shot: Shot, maps: DepthMaps) -> None:
    at = wanted(shot, UNSEEN)[0]
    photos = maps.photos.clone()
    photos[2] = torch.tensor([1.0, 0.0, 0.0])[:, None, None]
    spoiled = Views(replace(maps, photos=photos))
    clean, red = render(Views(maps), at, without=[2]), render(spoiled, at)
    assert np.array_equal(render(spoiled, at, without={2}).rgb, clean.rgb)
    assert not np.allclose(red.rgb, clean.rgb, atol=0.1)


def test_colours_are_those_of_the_photos_chosen_first_and_others_fill(
    shot: Shot, views: Views
) -> None:
    seen = views.prepared(wanted(shot, UNSEEN)[0])
    black = [replace(one, image=one.image * np.float32([0, 0, 0, 1])) for one in seen.sources]
    mixed = replace(seen, sources=(*seen.sources[:SHARP], *black[SHARP:]))
    alone = replace(seen, sources=seen.sources[:SHARP], gains=seen.gains[:SHARP])
    (_, before), (colours, after), (wanted_colours, _) = (
        one.rows(slice(0, 94), True) for one in (alone, mixed, seen)
    )
    wrong = np.abs(colours - wanted_colours).mean(-1)
    assert wrong[before > 0.9].mean() < 0.02
    assert wrong[(before < 0.01) & (after > 0.5)].mean() > 0.05


def test_a_photo_from_nearly_as_far_away_counts_more_than_a_nearer_one(
    shot: Shot, views: Views
) -> None:
    at = wanted(shot, UNSEEN)[0]
    seen = views.prepared(at)

    def painted(brightness: float, axis: int, move: float) -> Source:
        """A photo of one colour, of a wall 4 ahead of the view, taken from beside or before it."""
        pose, one = at.camera_to_world.copy(), seen.sources[0]
        pose[:3, 3] += move * pose[:3, axis]
        image = np.full(one.image.shape, brightness, np.float32)
        image[..., 3] = 1 / (4 - move * (axis == 2))
        trust = np.ones_like(one.trust)
        return replace(one, camera=replace(at, camera_to_world=pose), image=image, trust=trust)

    view = replace(
        seen,
        inverse=np.full_like(seen.inverse, 0.25),
        sources=(painted(1.0, 0, 0.3), painted(0.0, 2, 1.5)),
        gains=np.ones((2, 3), np.float32),
    )
    middle = view.rows(slice(40, 54), False)[0][:, 50:76]
    assert middle.mean() > 0.8


def test_a_view_has_the_exposure_of_the_photos_beside_it(shot: Shot) -> None:
    dim = [1.0, 0.5, 1.0, 0.5, 1.0, 0.5, 1.0]
    rows = [row for row in range(8) if row != UNSEEN]
    dimmed = Views(exact(shot, rows, dim))
    at, photo, _ = wanted(shot, 0)
    inner = (slice(4, -4), slice(4, -4))
    picture = render(dimmed, at)
    ratio = np.median(picture.rgb[inner] / photo[inner].clip(0.05))
    seams = picture.rgb[inner] / ratio
    assert 0.7 <= ratio <= 1.0
    assert psnr(replace(picture, rgb=seams), photo[inner]) > 30


def test_it_comes_in_pieces_that_can_be_left(shot: Shot, views: Views) -> None:
    at = wanted(shot, UNSEEN)[0].scaled(3)
    parts = list(views.seen_by(at))
    assert len(parts) > AT_REST + 2 and all(part is None for part in parts[:-1])
    assert np.array_equal(parts[-1].rgb, render(views, at).rgb)


def test_rows_are_the_same_whatever_they_are_asked_with(shot: Shot, views: Views) -> None:
    prepared = views.prepared(wanted(shot, UNSEEN)[0])
    whole = prepared.rows(slice(0, 94), True)
    assert isinstance(prepared, Prepared)
    for part in (slice(0, 7), slice(50, 51)):
        for one, all_ in zip(prepared.rows(part, True), whole, strict=True):
            assert np.allclose(one, all_[part], atol=1e-5)


def test_maps_of_any_level_serve_views_of_any_size(shot: Shot, views: Views) -> None:
    at, photo, _ = wanted(shot, UNSEEN)
    for scale in (0.25, 0.5, 2.0):
        picture = render(views, at.scaled(scale))
        whole = replace(picture, rgb=_sized(picture.rgb, photo.shape))
        assert picture.rgb.shape[:2] == (round(126 * scale), round(94 * scale))
        assert psnr(whole, photo) > (24 if scale >= 0.5 else 18)


def test_points_are_seen_where_cameras_project_them() -> None:
    here, there = (
        replace(one, k1=k1) for one, k1 in zip(scattered(0, 2), (-0.1, 0.05), strict=True)
    )
    rays = Rays.of(here)
    inverse = np.full((here.height, here.width), 0.4, np.float32)
    sight = seen_from(here, rays, inverse, there, angles=True)
    local = np.stack(np.broadcast_arrays(rays.x, rays.y, np.float32(1)), -1) / 0.4
    world = local @ here.camera_to_world[:3, :3].T + here.position
    x, y, z = np.moveaxis((world - there.position) @ there.camera_to_world[:3, :3], -1, 0)
    bend = 1 + there.k1 * ((x / z) ** 2 + (y / z) ** 2)
    assert np.allclose(sight.column + 0.5, there.fx * x / z * bend + there.cx, atol=1e-3)
    assert np.allclose(sight.row + 0.5, there.fy * y / z * bend + there.cy, atol=1e-3)
    assert np.allclose(sight.depth / 0.4, z, rtol=1e-5)
    a, b = world - here.position, world - there.position
    cosine = (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
    assert np.allclose(sight.away, 2 - 2 * cosine, atol=1e-5)


def test_the_nearest_surface_covers_what_is_behind_it() -> None:
    at, dice = camera(size=(24, 18), fx=20.0), np.random.default_rng(0)
    inverse = dice.choice([0.2, 0.5], (18, 24)).astype(np.float32)
    source = Source.of(at, np.zeros((18, 24, 3), np.uint8), inverse, inverse > 0, inverse < 0)
    source = replace(source, solid=np.ones_like(source.solid))
    view = replace(at, camera_to_world=camera(position=(0.3, 0.1, -0.2)).camera_to_world)
    sight = seen_from(at, source.rays, inverse, view)
    expected = np.zeros((18, 24))
    for column, row, g, z in zip(
        *(a.ravel() for a in (sight.column, sight.row, inverse, sight.depth)), strict=True
    ):
        for x in (int(np.floor(column)), int(np.floor(column)) + 1):
            for y in (int(np.floor(row)), int(np.floor(row)) + 1):
                if 0 <= x < 24 and 0 <= y < 18:
                    expected[y, x] = max(expected[y, x], g / z)
    found = splat(source, view)
    assert np.allclose(found[expected > 0], expected[expected > 0], rtol=1e-5)
    assert (expected > 0).mean() > 0.5


def test_holes_take_the_farthest_of_what_is_around() -> None:
    inverse = np.full((20, 30), 0.5, np.float32)
    inverse[:, 15:] = 0.2
    inverse[8:12, 10:20] = 0
    whole = filled(inverse)
    assert (whole[inverse > 0] == inverse[inverse > 0]).all()
    assert (whole > 0).all() and whole[8:12, 14:20].max() < 0.35
    assert filled(np.zeros((5, 7), np.float32)).max() == 0


def test_colours_go_on_where_nothing_is_known() -> None:
    image = np.zeros((9, 13, 3), np.float32)
    image[:, :6] = 0.25
    known = np.zeros((9, 13), np.float32)
    known[:, :6] = 1
    assert np.allclose(continued(image, known), 0.25, atol=1e-5)


def many_cameras(count: int) -> list[Camera]:
    """All around a point 4 ahead of the first."""
    cameras = []
    for turn in np.linspace(0, 2 * np.pi, count, endpoint=False):
        pose = np.eye(4)
        pose[:3, :3] = Rotation.from_rotvec([0, turn, 0]).as_matrix()
        pose[:3, 3] = np.array([0, 0, 4.0]) - 4 * pose[:3, 2]
        cameras.append(Camera(pose, 60.0, 60.0, 32.0, 24.0, 64, 48))
    return cameras


def test_neighbours_are_chosen_and_shares_tell_the_nearest(monkeypatch) -> None:
    asked = 0

    def counted(point_camera: Camera, points: np.ndarray) -> np.ndarray:
        nonlocal asked
        asked += len(points)
        return within(point_camera, points)

    points = np.random.default_rng(0).normal([0, 0, 4], 0.3, (200, 3))
    costs, within = {}, choosing.within
    monkeypatch.setattr(choosing, "within", counted)
    for count in (40, 400):
        cameras, asked = many_cameras(count), 0
        choice = Chooser(points, cameras).choose(cameras[0], 5, without=[0])
        costs[count] = asked
        assert set(choice.photos) <= {1, 2, 3, 4, count - 1, count - 2, count - 3, count - 4}
        assert np.isclose(choice.shares.sum(), 1)
        assert choice.shares[choice.photos.index(1)] > 0.2
    assert costs[400] - costs[40] <= 360 * choosing.POINTS_AT_FIRST * 2
    assert costs[40] >= CANDIDATES * 200


def test_few_photos_and_few_points_still_make_a_choice() -> None:
    cameras = many_cameras(8)
    chooser = Chooser(np.zeros((0, 3)), cameras)
    assert chooser.choose(cameras[2], 3).photos[0] == 2
    assert chooser.choose(cameras[2], 3, without=range(8)).photos == ()
    assert len(Chooser(np.zeros((0, 3)), cameras[:1]).choose(cameras[0], 4).photos) == 1


def _sized(rgb: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    image = torch.from_numpy(rgb).permute(2, 0, 1)[None]
    how = "area" if rgb.shape[0] > shape[0] else "bilinear"
    return torch.nn.functional.interpolate(image, shape[:2], mode=how)[0].permute(1, 2, 0).numpy()

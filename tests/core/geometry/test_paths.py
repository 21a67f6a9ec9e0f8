"""Laws of camera paths."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from core.errors import InputError
from core.geometry.cameras import Camera
from core.geometry.paths import average_camera, covering, interpolate, near_order, spiral
from tests.cameras import camera, is_pose, same, scattered


def positions(cameras: list[Camera]) -> np.ndarray:
    return np.stack([c.position for c in cameras])


def angle(a: Camera, b: Camera) -> float:
    return float(Rotation.from_matrix(a.camera_to_world[:3, :3].T @ b.camera_to_world[:3, :3])
                 .magnitude())  # fmt: skip


# -- the average -------------------------------------------------------------------------------


def test_the_average_of_opposite_turns_is_between_them():
    either_side = [camera((1, 0, 0), (0, 1.2, 0), 40), camera((0, 1, 0), (0, -1.2, 0), 60)]
    assert same(average_camera(either_side), camera((0.5, 0.5, 0), fx=50))


def test_the_average_does_not_depend_on_the_order_or_on_the_world():
    cameras, move = scattered(0, 7), camera((3, -1, 2), (0.5, 1, -2)).camera_to_world
    moved = [Camera(move @ c.camera_to_world, c.fx, c.fy, c.cx, c.cy, 64, 48) for c in cameras]
    middle = average_camera(cameras)
    assert same(average_camera(cameras[::-1]), middle)
    assert np.allclose(
        average_camera(moved).camera_to_world, move @ middle.camera_to_world, atol=1e-9
    )


def test_the_average_is_no_worse_than_any_camera_in_chordal_distance():
    cameras = scattered(1, 9, spread=0.8)

    def cost(candidate: Camera) -> float:
        return sum(
            np.sum((candidate.camera_to_world[:3, :3] - c.camera_to_world[:3, :3]) ** 2)
            for c in cameras
        )

    assert cost(average_camera(cameras)) < min(map(cost, cameras))


# -- covering ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(128, 96), (200, 50), (50, 200), (33, 77)])
def test_covering_fills_the_frame_and_sees_nothing_beyond_the_picture(size):
    whole = Camera(np.eye(4), 50, 55, 30, 25, 64, 48)
    part = covering(whole, *size)
    corners = np.array([[0, 0], [part.width, part.height]])
    rays = (corners - [part.cx, part.cy]) / [part.fx, part.fy]
    limits = (np.array([[0, 0], [64, 48]]) - [30, 25]) / [50, 55]
    assert (rays[0] >= limits[0] - 1e-12).all() and (rays[1] <= limits[1] + 1e-12).all()
    full = np.isclose(np.ptp(rays, axis=0), np.ptp(limits, axis=0))
    assert full.any()
    assert full[0] == (size[0] / size[1] >= 64 / 48)  # a wide frame keeps the horizontal view
    assert part.fx / part.fy == pytest.approx(50 / 55)


# -- the spiral --------------------------------------------------------------------------------


def test_a_spiral_is_a_smooth_closed_loop():
    path = spiral(scattered(2, 8), 60, focus_depth=3)
    assert len(path) == 60 and all(map(is_pose, path))
    steps = np.linalg.norm(np.diff(positions([*path, path[0]]), axis=0), axis=-1)
    turns = [angle(a, b) for a, b in zip(path, [*path[1:], path[0]], strict=True)]
    assert steps[-1] <= steps[:-1].max() * 1.05
    assert turns[-1] <= max(turns[:-1]) * 1.05


def test_a_spiral_is_centred_on_the_average_and_as_wide_as_the_cameras():
    cameras = scattered(3, 40)
    middle = average_camera(cameras)
    path = spiral(cameras, 48, focus_depth=3, radius_percentile=100)
    assert np.allclose(positions(path).mean(axis=0), middle.position, atol=1e-9)
    axes = middle.camera_to_world[:3, :3]
    spread = [np.abs((positions(c) - middle.position) @ axes).max(axis=0) for c in (path, cameras)]
    assert np.allclose(*spread, rtol=1e-2)


def test_every_camera_of_a_spiral_looks_at_the_focus_and_stays_upright():
    cameras = scattered(4, 8)
    middle = average_camera(cameras)
    focus = middle.position + 3 * middle.camera_to_world[:3, 2]
    for view in spiral(cameras, 20, focus_depth=3):
        seen = view.camera_to_world[:3, :3].T @ (focus - view.position)
        assert np.allclose(seen[:2], 0, atol=1e-9) and seen[2] > 0
        assert view.camera_to_world[:3, 0] @ middle.camera_to_world[:3, 1] == pytest.approx(0)
        assert (view.fx, view.width, view.height) == (middle.fx, 64, 48)


def test_a_spiral_of_cameras_that_never_moved_stands_still():
    start = [camera((0, 0, 0))] * 3
    assert all(same(view, start[0]) for view in spiral(start, 5, focus_depth=0))


def offsets(path: list[Camera], cameras: list[Camera]) -> np.ndarray:
    """(F, 3) where a path is, in the axes of the average camera."""
    middle = average_camera(cameras)
    return (positions(path) - middle.position) @ middle.camera_to_world[:3, :3]


def test_a_spiral_is_as_wide_as_it_is_asked_to_be_along_each_axis():
    cameras = scattered(7, 9)
    usual = offsets(spiral(cameras, 24, focus_depth=50), cameras)
    scaled = offsets(spiral(cameras, 24, focus_depth=50, radius_scale=(2, 0, 0.5)), cameras)
    assert np.allclose(scaled, usual * [2, 0, 0.5], atol=1e-9)
    still = spiral(cameras, 24, focus_depth=50, radius_scale=(0, 0, 0))
    assert all(same(view, average_camera(cameras)) for view in still)


def test_a_wider_percentile_is_a_wider_spiral():
    cameras = scattered(8, 30)
    widths = [
        np.abs(offsets(spiral(cameras, 48, focus_depth=9, radius_percentile=p), cameras)).max(0)
        for p in (10, 50, 100)
    ]
    assert (widths[0] < widths[1]).all() and (widths[1] < widths[2]).all()


@pytest.mark.parametrize(("turns", "depth_turns"), [(1, 1), (2, 0.5), (3, 2)])
def test_a_spiral_goes_round_and_in_and_out_as_often_as_asked(turns, depth_turns):
    cameras = scattered(9, 9)
    path = spiral(cameras, 600, focus_depth=9, turns=turns, depth_turns=depth_turns)
    along = offsets(path, cameras)
    rounds = np.unwrap(np.arctan2(*(along[:, [1, 0]] / along.max(axis=0)[[1, 0]]).T))
    assert np.ptp(rounds) == pytest.approx(2 * np.pi * turns * 599 / 600, rel=1e-3)
    outward = np.fft.rfft(along[:, 2])
    assert np.abs(outward).argmax() == turns * depth_turns


def test_an_eased_spiral_sets_off_and_arrives_at_rest():
    path = spiral(scattered(0, 5), 61, focus_depth=9, turns=1, depth_turns=1, eased=True)
    assert same(path[0], path[-1], tolerance=1e-9)
    places = np.stack([camera.position for camera in path])
    speed = np.linalg.norm(np.diff(places, axis=0), axis=-1)
    assert max(speed[0], speed[-1]) < 0.1 * speed.max()


def test_a_nearer_focus_turns_the_cameras_more():
    cameras = scattered(10, 9)
    near, far = (
        max(angle(view, average_camera(cameras)) for view in spiral(cameras, 9, focus_depth=depth))
        for depth in (2, 8)
    )
    assert near > 3 * far > 0


@pytest.mark.parametrize(
    "wish",
    [
        {"frames": 0},
        {"frames": 100_001},
        {"turns": 1, "depth_turns": 0.5},
        {"turns": 1.5, "depth_turns": 2},
        {"turns": math.nan},
        {"turns": 1e9, "depth_turns": 1},
        {"turns": 1, "depth_turns": -1},
        {"radius_percentile": 101},
        {"radius_percentile": math.nan},
        {"radius_scale": (1, -1, 1)},
        {"radius_scale": (1, 1, math.inf)},
        {"focus_depth": -1},
        {"focus_depth": math.nan},
    ],
)
def test_an_impossible_spiral_is_refused(wish):
    with pytest.raises(InputError, match=r"choose|ask"):
        spiral(scattered(0, 3), **({"frames": 9, "focus_depth": 1} | wish))


# -- through all cameras -----------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(0, 60), st.floats(0.01, 2))
def test_the_tour_passes_through_every_camera_once_in_order(seed, count, spare, spread):
    cameras = scattered(seed, count, spread)
    path = interpolate(cameras, count + spare, order="file")
    assert len(path) == count + spare and all(map(is_pose, path))
    at = [next(i for i, p in enumerate(path) if same(p, c)) for c in cameras]
    assert at == sorted(at)
    assert at[0] == 0 and (count == 1 or at[-1] == len(path) - 1)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9))
def test_the_tour_hardly_overshoots(seed, count):
    """Between two stops it stays near the box they span, and turns little more than they differ."""
    cameras = scattered(seed, count, spread=0.4)
    path = interpolate(cameras, 80, order="file")
    at = [next(i for i, p in enumerate(path) if same(p, c)) for c in cameras]
    spread = np.ptp(positions(cameras), axis=0).max()
    widest = max(angle(a, b) for a in cameras for b in cameras)
    stops = itertools.pairwise(zip(at, cameras, strict=True))
    for (first, a), (last, b) in stops:
        low, high = np.minimum(a.position, b.position), np.maximum(a.position, b.position)
        for view in path[first : last + 1]:
            beyond = np.maximum(low - view.position, view.position - high).max()
            assert beyond <= 0.2 * spread + 1e-9
            assert angle(a, view) + angle(view, b) <= angle(a, b) + 0.4 * widest + 1e-6
            assert 0.8 * min(a.fx, b.fx) <= view.fx <= 1.25 * max(a.fx, b.fx)


def test_the_tour_is_smooth():
    """No kinks: the velocity changes between two frames by little of itself."""
    path = interpolate(scattered(5, 10), 400)
    steps = np.diff(positions(path), axis=0)
    jolts = np.linalg.norm(np.diff(steps, axis=0), axis=-1)
    assert jolts.max() < 0.2 * np.linalg.norm(steps, axis=-1).mean()
    turns = [Rotation.from_matrix(a.camera_to_world[:3, :3].T @ b.camera_to_world[:3, :3])
             .as_rotvec() for a, b in itertools.pairwise(path)]  # fmt: skip
    jolts = np.linalg.norm(np.diff(turns, axis=0), axis=-1)
    assert jolts.max() < 0.2 * np.linalg.norm(turns, axis=-1).mean()


def test_the_tour_turns_the_short_way_where_quaternions_change_sign():
    stops = [camera(turn=(0, degrees, 0)) for degrees in np.radians([230, 260, 290, 320])]
    path = interpolate(stops, 31, order="file")
    turned = [angle(a, b) for a, b in itertools.pairwise(path)]
    assert np.allclose(turned, np.radians(3), rtol=0.1)


def test_frames_are_shared_out_by_distance():
    line = [camera((x, 0, 0)) for x in (0, 1, 4)]
    at = [view.position[0] for view in interpolate(line, 41, order="file")]
    assert 9 <= at.index(1) <= 11


def test_a_zoom_never_crosses_zero():
    stops = [camera(fx=fx) for fx in (1000.0, 1000.0, 1.0, 1.0, 1000.0)]
    focals = [view.fx for view in interpolate(stops, 200, order="file")]
    assert min(focals) > 0.3 and max(focals) < 3000


def test_near_order_finds_a_line_that_was_shuffled():
    line = [camera((x / 10, 0, 0), (0, x / 20, 0)) for x in range(12)]
    shuffled = np.random.default_rng(0).permutation(12)
    order = near_order([line[index] for index in shuffled])
    found = [int(shuffled[index]) for index in order]
    assert found in (list(range(12)), list(range(12))[::-1])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 15))
def test_near_order_visits_all_and_a_translating_rig_no_longer_than_as_given(seed, count):
    rng = np.random.default_rng(seed)
    cameras = [camera(rng.normal(size=3), (0.1, 0.2, 0.3)) for _ in range(count)]
    order = near_order(cameras)
    assert sorted(order) == list(range(count))

    def length(chain: list[Camera]) -> float:
        return float(np.linalg.norm(np.diff(positions(chain), axis=0), axis=-1).sum())

    assert length([cameras[index] for index in order]) <= length(cameras) + 1e-9


def test_too_few_frames_are_refused_with_the_number_needed():
    with pytest.raises(InputError, match="5 cameras"):
        interpolate(scattered(0, 5), 4)


def test_an_endless_path_is_refused():
    with pytest.raises(InputError, match="100,000"):
        interpolate(scattered(0, 5), 100_001)

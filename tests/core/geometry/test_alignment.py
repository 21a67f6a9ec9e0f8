"""Laws of similarities and of the fits that find them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from core.errors import InputError
from core.geometry.alignment import (
    Similarity,
    best_rotation,
    fixes_rotation,
    rotation_angles,
    stand_together,
    umeyama,
)
from tests.cameras import is_pose, same, scattered

SEEDS = st.integers(0, 10_000)
MIRROR = np.diag([1.0, 1.0, -1.0])


def similarity(rng: np.random.Generator) -> Similarity:
    rotation = Rotation.from_rotvec(rng.normal(0, 2, 3)).as_matrix()
    return Similarity(float(rng.uniform(0.01, 50)), rotation, rng.normal(0, 5, 3))


def turns(rng: np.random.Generator, count: int, spread: float = 1.0) -> np.ndarray:
    return Rotation.from_rotvec(rng.normal(0, spread, (count, 3))).as_matrix()


def misfit(fit: Similarity, source: np.ndarray, target: np.ndarray) -> float:
    return float(np.sum((fit.points(source) - target) ** 2))


def nudged(rng: np.random.Generator, fit: Similarity) -> Similarity:
    turn = Rotation.from_rotvec(rng.normal(0, 1e-3, 3)).as_matrix()
    shift = fit.translation + rng.normal(0, 1e-3, 3)
    return Similarity(fit.scale * (1 + rng.normal(0, 1e-3)), turn @ fit.rotation, shift)


# -- similarities ------------------------------------------------------------------------------


@settings(deadline=None)
@given(SEEDS)
def test_there_and_back_again(seed):
    rng = np.random.default_rng(seed)
    move, points = similarity(rng), rng.normal(size=(4, 5, 3))
    back = move.inverse()
    assert np.allclose(back.points(move.points(points)), points)
    assert np.allclose(back.inverse().rotation, move.rotation)
    assert all(same(back.camera(move.camera(c)), c, 1e-8) for c in scattered(seed, 3))


def test_a_moved_camera_sees_a_moved_point_in_the_same_pixel():
    rng = np.random.default_rng(0)
    move = similarity(rng)
    for camera, point in zip(scattered(1, 9), rng.normal(0, 9, (9, 3)), strict=True):
        moved = move.camera(camera)
        assert is_pose(moved) and (moved.fx, moved.width) == (camera.fx, camera.width)
        before = (point - camera.position) @ camera.camera_to_world[:3, :3]
        after = (move.points(point) - moved.position) @ moved.camera_to_world[:3, :3]
        assert np.allclose(after, move.scale * before)


# -- the fit to points -------------------------------------------------------------------------


@settings(deadline=None)
@given(SEEDS, st.integers(3, 20))
def test_umeyama_finds_the_similarity_that_was_there(seed, count):
    rng = np.random.default_rng(seed)
    move, source = similarity(rng), rng.normal(3, 1, (count, 3))
    fit = umeyama(source, move.points(source))
    assert fit.scale == pytest.approx(move.scale)
    assert np.allclose(fit.rotation, move.rotation, atol=1e-5)
    assert np.allclose(fit.points(source), move.points(source))


@pytest.mark.parametrize("mirrored", [False, True])
def test_no_similarity_near_the_fit_is_better_and_none_is_a_mirror_image(mirrored):
    rng = np.random.default_rng(0)
    source = rng.normal(size=(12, 3))
    target = 3 * (source @ MIRROR if mirrored else source) + rng.normal(0, 0.3, (12, 3))
    fit = umeyama(source, target)
    assert np.linalg.det(fit.rotation) == pytest.approx(1) and fit.scale > 0
    least = misfit(fit, source, target)
    assert all(misfit(nudged(rng, fit), source, target) > least for _ in range(200))


def test_the_fit_does_not_depend_on_the_order():
    rng = np.random.default_rng(0)
    source, target, order = rng.normal(size=(7, 3)), rng.normal(size=(7, 3)), rng.permutation(7)
    one, other = umeyama(source, target), umeyama(source[order], target[order])
    assert one.scale == pytest.approx(other.scale)
    assert np.allclose(one.rotation, other.rotation)


def test_points_in_one_plane_fix_the_rotation():
    rng = np.random.default_rng(0)
    flat, move = rng.normal(size=(6, 3)) * [1, 1, 0], similarity(rng)
    assert fixes_rotation(flat, move.points(flat))
    assert np.allclose(umeyama(flat, move.points(flat)).rotation, move.rotation)


@pytest.mark.parametrize("axis", [(1, 0, 0), (0.3, -2, 0.7)])
def test_points_on_one_line_are_fitted_but_leave_a_turn_open(axis):
    rng = np.random.default_rng(0)
    line, move = rng.normal(size=(6, 1)) * axis + 2, similarity(rng)
    fit = umeyama(line, move.points(line))
    assert not fixes_rotation(line, move.points(line))
    assert not fixes_rotation(rng.normal(size=(6, 3)), line)
    assert np.linalg.det(fit.rotation) == pytest.approx(1)
    assert np.allclose(fit.points(line), move.points(line))


@pytest.mark.parametrize("place", [(0, 0, 0), (3, -200, 0.1)])
def test_points_in_one_place_have_no_scale(place):
    together, apart = (
        np.tile(np.array(place, float), (5, 1)),
        np.random.default_rng(0).random((5, 3)),
    )
    assert stand_together(together) and not stand_together(apart)
    for pair in ((together, apart), (apart, together)):
        with pytest.raises(InputError, match="one place"):
            umeyama(*pair)


def test_two_points_are_too_few():
    with pytest.raises(InputError, match="3 points"):
        umeyama(np.eye(3)[:2], np.eye(3)[:2])


# -- the fit to orientations -------------------------------------------------------------------


@settings(deadline=None)
@given(SEEDS, st.integers(1, 20))
def test_the_best_rotation_is_the_one_that_was_there(seed, count):
    rng = np.random.default_rng(seed)
    source, (turn,) = turns(rng, count), turns(rng, 1)
    assert np.allclose(best_rotation(source, turn @ source), turn, atol=1e-6)


def test_no_rotation_near_the_best_is_better():
    rng = np.random.default_rng(0)
    source, (turn,) = turns(rng, 9), turns(rng, 1)
    target = turn @ source @ turns(rng, 9, 0.4)
    best = best_rotation(source, target)

    def cost(rotation: np.ndarray) -> float:
        return float(np.sum((rotation @ source - target) ** 2))

    assert np.linalg.det(best) == pytest.approx(1)
    assert all(cost(nearby @ best) > cost(best) for nearby in turns(rng, 200, 1e-3))


def test_orientations_that_fit_a_mirror_image_best_still_get_a_rotation():
    half_turns = Rotation.from_rotvec(np.pi * np.eye(3)).as_matrix()
    best = best_rotation(np.tile(np.eye(3), (3, 1, 1)), half_turns)  # their sum is minus identity
    assert np.linalg.det(best) == pytest.approx(1)


def test_angles_are_those_of_the_turn_between():
    rng = np.random.default_rng(0)
    first, second = turns(rng, 50), turns(rng, 50)
    between = Rotation.from_matrix(first.transpose(0, 2, 1) @ second).magnitude()
    assert np.allclose(rotation_angles(first, second), np.degrees(between))
    assert np.allclose(rotation_angles(first, first), 0, atol=1e-5)
    assert rotation_angles(np.eye(3)[None], np.diag([1.0, -1, -1])[None]) == pytest.approx(180)

"""Laws of where the search for a camera begins."""

import numpy as np
import pytest

from core.evaluation.starts import along, starting_cameras
from tests.cameras import camera, is_pose, same, scattered


def steady(count: int, without: set[int]):
    """Cameras on a steady way by place, but for some."""
    every = [camera((0.5 * i, -i, 2), (0, 0.07 * i, 0)) for i in range(count)]
    return every, {i: c for i, c in enumerate(every) if i not in without}


@pytest.mark.parametrize("place", [0, 3, 4, 8, 9])
def test_on_a_steady_way_the_first_start_is_the_camera_itself(place):
    every, learned = steady(10, {0, 3, 4, 8, 9})
    assert same(starting_cameras(learned, place)[0], every[place])


def test_all_learned_cameras_follow_the_nearest_first():
    every, learned = steady(7, {3})
    starts = starting_cameras(learned, 3)[1:]
    assert len(starts) == 6
    assert all(same(c, every[i]) for c, i in zip(starts, [2, 4, 1, 5, 0, 6], strict=True))


def test_a_single_learned_camera_is_the_only_start():
    only = camera((1, 2, 3))
    assert starting_cameras({4: only}, 0) == [only]


def test_along_passes_through_both_and_turns_the_short_way():
    first, second = scattered(0, 2, spread=1.0)
    assert same(along(first, second, 0), first)
    end = along(first, second, 1)
    assert np.allclose(end.camera_to_world, second.camera_to_world)
    assert is_pose(along(first, second, 3.7))
    halves = [
        along(camera(turn=(0, a, 0)), camera(turn=(0, b, 0)), 0.5) for a, b in ((3, -3), (1, 2))
    ]
    assert same(halves[0], camera(turn=(0, np.pi, 0))) and same(halves[1], camera(turn=(0, 1.5, 0)))

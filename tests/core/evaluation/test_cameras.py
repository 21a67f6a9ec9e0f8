"""Camera figures: an independent formula, the laws they obey, and what is refused."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from core.errors import InputError
from core.evaluation.cameras import CameraErrors, beside_learned, compare_cameras
from core.geometry.alignment import Similarity, umeyama
from core.geometry.cameras import Camera
from tests.cameras import camera, same, scattered

JUDGE = Path(__file__).parents[4] / "shared" / "tools" / "score_cameras.py"
FLIP = np.array([1.0, -1, -1, 1])  # OpenCV's axes to those of a transforms.json
WORLD = Similarity(7.0, Rotation.from_rotvec([1, -2, 0.5]).as_matrix(), np.array([3.0, 50, -9]))


def named(cameras: list[Camera], form: str = "{}.png") -> dict[str, Camera]:
    return {form.format(index): c for index, c in enumerate(cameras)}


def disturbed(cameras: list[Camera], seed: int, by: float) -> list[Camera]:
    """The same cameras in another world, each a little off there."""
    rng = np.random.default_rng(seed)
    off = []
    for c in cameras:
        moved = WORLD.camera(c)
        pose = moved.camera_to_world.copy()
        pose[:3, :3] = Rotation.from_rotvec(rng.normal(0, by, 3)).as_matrix() @ pose[:3, :3]
        pose[:3, 3] += rng.normal(0, by, 3)
        off.append(
            dataclasses.replace(moved, camera_to_world=pose, fx=c.fx * rng.uniform(0.8, 1.2))
        )
    return off


def pair(seed: int, by: float = 0.2) -> tuple[dict[str, Camera], dict[str, Camera]]:
    cameras = scattered(seed, 5 + seed, spread=0.5)
    return named(disturbed(cameras, seed, by)), named(cameras)


def depth_reversed(c: Camera) -> Camera:
    """The bas-relief twin: sideways moves and the turns about x and y change sign."""
    turn = Rotation.from_matrix(c.camera_to_world[:3, :3]).as_rotvec()
    return camera(c.position * [-1, -1, 1], turn * [-1, -1, 1], c.fx)


# -- against an independent formula ------------------------------------------------------------


def by_search(learned: list[Camera], reference: list[Camera]) -> CameraErrors:
    """The figures found by blind numeric search instead of a closed form."""
    centres, goal = (np.stack([c.position for c in s]) for s in (learned, reference))
    axes, wanted = (
        Rotation.from_matrix(np.stack([c.camera_to_world[:3, :3] for c in s]))
        for s in (learned, reference)
    )

    def apart(numbers: np.ndarray) -> np.ndarray:
        turn = Rotation.from_rotvec(numbers[:3])
        return (np.exp(numbers[3]) * turn.apply(centres) + numbers[4:] - goal).ravel()

    def askew(numbers: np.ndarray) -> np.ndarray:
        turn = Rotation.from_rotvec(numbers).as_matrix()
        return (turn @ axes.as_matrix() - wanted.as_matrix()).ravel()

    def lowest(error, size: int) -> np.ndarray:
        starts = np.random.default_rng(0).normal(0, 1.5, (12, size))
        fits = [least_squares(error, start, xtol=1e-14, ftol=1e-14) for start in starts]
        return min(fits, key=lambda fit: fit.cost).x

    def degrees(turn: np.ndarray) -> float:
        off = wanted.inv() * Rotation.from_rotvec(turn) * axes
        return float(np.degrees(off.magnitude()).mean())

    fit = lowest(apart, 7)
    misses = np.sum(apart(fit) ** 2)
    ratios = [a.fx / a.width / (b.fx / b.width) for a, b in zip(learned, reference, strict=True)]
    return CameraErrors(
        frames=len(learned),
        ate=float(np.sqrt(misses / np.sum((goal - goal.mean(axis=0)) ** 2))),
        rotation=degrees(fit[:3]),
        rotation_best=degrees(lowest(askew, 3)),
        focal=float(np.abs(np.array(ratios) - 1).mean()),
        mirrored=degrees(fit[:3]) > 90,
    )


@pytest.mark.parametrize("seed", [0, 3])
def test_figures_equal_those_of_a_blind_search(seed):
    learned, reference = pair(seed)
    found = compare_cameras(learned, reference)
    slow = by_search(list(learned.values()), list(reference.values()))
    assert dataclasses.astuple(found) == pytest.approx(dataclasses.astuple(slow), abs=1e-4)
    assert found.ate > 0.01 and found.rotation > 0.5 and found.focal > 0.01


@pytest.mark.skipif(not JUDGE.exists(), reason="the independent judge is not beside the project")
@pytest.mark.parametrize("by", [0.0, 0.01, 0.5, 20])
def test_figures_equal_those_of_the_judge(by, tmp_path):
    learned, reference = pair(4, by)
    for name, cameras in (("learned", learned), ("reference", reference)):
        frames = [
            {
                "file_path": f"{name}/{file}",
                "transform_matrix": (c.camera_to_world * FLIP).tolist(),
                "fl_x": c.fx,
                "w": c.width,
            }
            for file, c in cameras.items()
        ]
        (tmp_path / f"{name}.json").write_text(json.dumps({"frames": frames}))
    words = [sys.executable, str(JUDGE), "learned.json", "reference.json"]
    said = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    judged, found = json.loads(said), dataclasses.asdict(compare_cameras(learned, reference))
    assert judged.keys() == found.keys()
    assert list(found.values()) == pytest.approx([judged[name] for name in found], abs=1e-3)


# -- laws --------------------------------------------------------------------------------------


def test_the_same_cameras_in_another_world_have_no_error():
    cameras = scattered(0, 8)
    found = compare_cameras(named([WORLD.camera(c) for c in cameras]), named(cameras))
    assert dataclasses.astuple(found) == pytest.approx((8, 0, 0, 0, 0, False), abs=1e-5)


def test_a_reference_beside_the_learned_stands_where_they_do():
    cameras = scattered(1, 8)
    learned = named([WORLD.camera(c) for c in cameras[:6]], "photos/{}.jpg")
    beside = beside_learned(learned, named(cameras))
    assert list(beside) == list(learned), "by the learned photos' names"
    for name, moved in beside.items():
        assert same(moved, learned[name], tolerance=1e-6)
    with pytest.raises(InputError, match="train the run further"):
        beside_learned(named([cameras[0]] * 4), named(cameras))
    with pytest.raises(InputError, match="Only 2 of the 6"):
        beside_learned(learned, named(cameras[:2]))


def test_a_reference_that_differs_is_moved_by_the_fit_in_the_learned_world():
    learned, reference = pair(3)
    beside = beside_learned(learned, reference)
    fit = umeyama(*(np.stack([c.position for c in s.values()]) for s in (reference, learned)))
    for name, moved in beside.items():
        assert same(moved, fit.camera(reference[name]))


def test_figures_do_not_depend_on_either_world():
    learned, reference = pair(2)
    elsewhere = [
        {name: WORLD.camera(c) for name, c in cameras.items()} for cameras in (learned, reference)
    ]
    expected = dataclasses.astuple(compare_cameras(learned, reference))
    assert dataclasses.astuple(compare_cameras(*elsewhere)) == pytest.approx(expected, abs=1e-6)


def test_figures_depend_neither_on_the_order_nor_on_the_first_camera():
    learned, reference = pair(3)
    turned_round = dict(reversed(learned.items()))
    expected = dataclasses.astuple(compare_cameras(learned, reference))
    found = compare_cameras(turned_round, reference)
    assert dataclasses.astuple(found) == pytest.approx(expected)


def test_focal_lengths_are_compared_at_any_resolution():
    learned, reference = pair(1)
    halved = {name: c.resized(c.width // 2, c.height // 2) for name, c in learned.items()}
    assert compare_cameras(halved, reference) == compare_cameras(learned, reference)


def test_depth_reversed_cameras_are_called_mirrored():
    rng = np.random.default_rng(0)
    cameras = [camera((*rng.normal(0, 1, 2), 0), (*rng.normal(0, 0.05, 2), 0)) for _ in range(9)]
    found = compare_cameras(named([depth_reversed(c) for c in cameras]), named(cameras))
    assert found.mirrored is True
    assert found.rotation > 170 and found.rotation_best < 10 and found.ate < 1e-6


def test_centres_on_one_line_fix_no_rotation_but_everything_else():
    line = [camera((index, 0, 0), (0, index / 20, 0)) for index in range(5)]
    found = compare_cameras(named(disturbed(line, 0, 0.01)), named(line))
    assert found.rotation is None and found.mirrored is None
    assert found.ate < 0.1 and found.rotation_best < 5


# -- names and refusals ------------------------------------------------------------------------


def test_names_match_without_folder_and_suffix_and_others_do_not_count():
    cameras = scattered(0, 6)
    learned = named(cameras, "{}.jpg") | {"only learned.jpg": camera((9, 9, 9))}
    reference = named(cameras, "images/{}.png") | {"only known.png": camera((-9, 9, 9))}
    found = compare_cameras(learned, reference)
    assert found.frames == 6
    assert found.ate == pytest.approx(0, abs=1e-6)


def test_two_names_that_differ_by_suffix_alone_are_refused_where_it_matters():
    cameras = named(scattered(0, 4))
    twice = cameras | {"2.jpg": camera()}
    for sides in ((twice, cameras), (cameras, twice)):
        with pytest.raises(InputError, match=r"2\.png.*2\.jpg"):
            compare_cameras(*sides)
    strangers = twice | {"8.png": camera(), "8.jpg": camera()}
    del strangers["2.jpg"]
    assert compare_cameras(cameras, strangers).frames == 4


@pytest.mark.parametrize("common", [0, 2])
def test_fewer_than_three_common_names_are_refused(common):
    cameras = scattered(0, 5)
    reference = named(cameras[:common]) | named(cameras, "other {}.png")
    with pytest.raises(InputError, match=f"Only {common} of the 5"):
        compare_cameras(named(cameras), reference)


def test_cameras_that_never_moved_are_refused_and_so_is_such_a_reference():
    still, apart = named([camera()] * 4), named(scattered(0, 4))
    with pytest.raises(InputError, match=r"All learned cameras .* train"):
        compare_cameras(still, apart)
    with pytest.raises(InputError, match="All cameras of the reference"):
        compare_cameras(apart, still)

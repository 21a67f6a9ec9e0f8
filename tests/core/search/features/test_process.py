"""Features of the bundled scene give its cameras; the process that finds them can end any time."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.evaluation.cameras import compare_cameras
from core.formats.transforms import read_transforms
from core.photos import load_photos
from core.search.features import process as features
from core.search.features.found import packed
from core.search.features.process import Bounds, Matching, cameras_of, start

ROOT = Path(__file__).parents[4]
SCENE = ROOT / "assets" / "scene"
SOON = Bounds(niceness=0)  # whatever else this machine is doing
pytest.importorskip("pycolmap")


@pytest.fixture(scope="module")
def photos() -> np.ndarray:
    """Six views of the bundled scene."""
    return load_photos(SCENE / "images", 480, "white").pixels[::3][:6]


def ended(matching: Matching) -> bool:
    """Whether its process is gone, not even waiting to be asked about."""
    return not Path(f"/proc/{matching.process_id}").exists()


def test_cameras_are_right_and_the_same_bits_every_time(photos: np.ndarray) -> None:
    first, second = start(photos, bounds=SOON).wait(200), start(photos, bounds=SOON).wait(200)
    assert first.ended and first.failure == ""
    assert packed(first.features) == packed(second.features)
    (model,) = first.features.models
    names = [f"{row:03d}.jpg" for row in range(0, 18, 3)]
    cameras = cameras_of(model, [(480, 360)] * 6)
    found = {names[row]: camera for row, camera in cameras.items()}
    errors = compare_cameras(found, read_transforms(SCENE / "transforms.json"))
    assert errors.frames == 6 and not errors.mirrored
    assert errors.rotation_best < 0.1 and errors.ate < 0.02 and errors.focal < 0.03
    assert model.error < 0.6
    assert first.progress == "6 of 6 photos placed"


def test_points_are_seen_where_the_cameras_show_them(photos: np.ndarray) -> None:
    (model,) = start(photos, bounds=SOON).wait(200).features.models
    cameras = cameras_of(model, [(480, 360)] * 6)
    for (point, row), place, residual in zip(
        model.seen[::37], model.pixels[::37], model.residuals[::37], strict=True
    ):
        camera = cameras[int(model.photos[row])]
        local = camera.camera_to_world[:3, :3].T @ (model.points[point] - camera.position)
        plane = local[:2] / local[2]
        plane = plane * (1 + camera.k1 * (plane @ plane))
        shown = plane * [camera.fx, camera.fy] + [camera.cx, camera.cy]
        apart = np.linalg.norm(shown - place * [480, 360])
        assert apart == pytest.approx(residual, abs=0.01)


def test_photos_of_several_shapes_have_a_camera_each(photos: np.ndarray) -> None:
    shapes = [*photos[:4], np.ascontiguousarray(photos[4][:, 60:440])]
    (model,) = start(shapes, bounds=SOON).wait(200).features.models
    assert list(model.photos) == [0, 1, 2, 3, 4]
    pixels = model.lenses[:, 0] * [480, 480, 480, 480, 380]
    assert len(set(pixels.tolist())) == 5
    assert pixels == pytest.approx(pixels.mean(), rel=0.1)
    assert not model.lenses[:, 4].any()  # a lens of one photo does not tell k1


def test_a_stranger_has_no_camera(photos: np.ndarray) -> None:
    stranger = np.random.default_rng(1).integers(0, 255, photos[0].shape, np.uint8)
    state = start([*photos[:4], stranger], bounds=SOON).wait(200)
    assert list(state.features.models[0].photos) == [0, 1, 2, 3]
    with_it = (state.features.pairs.photos == 4).any(1)
    assert with_it.sum() == 4 and (state.features.pairs.inliers[with_it] == 0).all()


def test_photos_without_anything_have_no_model_and_no_failure() -> None:
    state = start([np.full((60, 80, 3), 90, np.uint8)] * 3, bounds=SOON).wait(100)
    assert state.ended and state.failure == ""
    assert state.features.models == () and state.features.count == 3


def test_a_killed_process_is_gone_and_is_no_failure(photos: np.ndarray) -> None:
    matching = start(photos, bounds=SOON)
    matching.kill()
    state = matching.wait(200)
    assert state.ended and state.failure == "" and ended(matching)


def test_a_process_that_dies_is_a_sentence(photos: np.ndarray) -> None:
    matching = start(photos, bounds=SOON)
    os.kill(matching.process_id, signal.SIGSEGV)
    state = matching.wait(200)
    assert state.ended and ended(matching)
    assert state.failure == (
        "Features were not matched to the end, as its process ended with SIGSEGV, as for want of "
        "memory; cameras are looked for from pixels alone."
    )


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        (replace(SOON, seconds=0.2), "it took longer than 0.2 seconds"),
        (replace(SOON, cpu_seconds=1), "it took more than 1 seconds of a core"),
    ],
    ids=["seconds", "cpu"],
)
def test_bounds_hold_and_are_told(photos: np.ndarray, bounds: Bounds, reason: str) -> None:
    matching = start(photos, bounds=bounds)
    state = matching.wait(200)
    assert state.ended and ended(matching)
    assert f"as {reason}; cameras" in state.failure


def test_memory_is_bounded_and_that_is_told() -> None:
    large = np.random.default_rng(0).integers(0, 255, (1500, 2000, 3), np.uint8)
    matching = start([large] * 3, bounds=replace(SOON, memory=900_000_000))
    state = matching.wait(200)
    assert state.ended and ended(matching)
    assert "as it needs more than 0.9 GB of memory; cameras" in state.failure


def test_without_the_wheel_there_is_a_sentence(
    photos: np.ndarray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pycolmap.py").write_text("raise ImportError('not built for this machine')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    state = start(photos, bounds=SOON).wait(200)
    assert state.ended and state.features is None
    assert "pycolmap cannot be loaded here (not built for this machine)" in state.failure


def test_garbage_from_the_process_is_a_sentence(
    photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        features, "MATCHING", replace(features.MATCHING, module="this")
    )  # a module that prints verses
    state = start(photos, bounds=SOON).wait(200)
    assert state.ended and "its messages cannot be read" in state.failure


PARENT = """
import sys, time
from tests.core.search.features.test_process import load_photos, SCENE
from core.search.features.process import start
from tests.core.search.features.test_process import SOON
matching = start(load_photos(SCENE / "images", 480, "white").pixels[::3][:6], bounds=SOON)
while not matching.state.progress.endswith(sys.argv[1]):
    time.sleep(0.02)
print(matching.process_id, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("moment", ["photos looked at", "pairs compared", "photos placed"])
def test_it_dies_with_its_parent(moment: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, moment], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    child = Path(f"/proc/{int(parent.stdout.readline())}")
    assert child.exists()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 120
    while child.exists() and "Z" not in (child / "stat").read_text().split(")")[1][:3]:
        assert time.monotonic() < until, "the process outlives its parent"
        time.sleep(0.05)

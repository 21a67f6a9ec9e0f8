"""A reference that is named stands beside the learned cameras, with its figures."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import viser
from scipy.spatial.transform import Rotation

from core.formats.transforms import write_transforms
from core.geometry.alignment import Similarity
from studio.scene.cameras.reference import NAME, Reference, segments
from studio.scene.coordinates import SCALE
from tests.cameras import camera, scattered
from tests.studio.scene.stand_ins import FOCAL, HEIGHT, WIDTH, Stage, nodes, photo_set

ELSEWHERE = Similarity(7.0, Rotation.from_rotvec([1, -2, 0.5]).as_matrix(), np.array([3.0, 5, -9]))
CAMERAS = tuple(scattered(0, 5, spread=0.1))
Clock = Callable[[float], None]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The very cameras, in another world."""
    moved = {f"photos/{index}.jpg": ELSEWHERE.camera(each) for index, each in enumerate(CAMERAS)}
    write_transforms(moved, tmp_path / "transforms.json")
    return tmp_path / "transforms.json"


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Clock:
    now = [100.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("studio.scene.cameras.reference.time", clock)

    def wait(seconds: float) -> None:
        now[0] += seconds

    return wait


def stage(reference: object = "", **explore: object) -> Stage:
    made = Stage(reference=str(reference), **explore)
    made.photos = photo_set(len(CAMERAS))
    return made


def lines(server: viser.ViserServer) -> viser.LineSegmentsHandle | None:
    handle = nodes(server).get(NAME)
    assert handle is None or isinstance(handle, viser.LineSegmentsHandle)
    return handle if handle is not None and handle.visible else None


def test_the_same_cameras_in_another_world_stand_where_the_learned_do(
    server: viser.ViserServer, file: Path
) -> None:
    shown = Reference(server)
    snapshot = stage(file).publish(cameras=CAMERAS, step=9)
    shown.update(snapshot, at_once=False)
    assert shown.comparison is not None and shown.comparison.errors is not None
    assert (shown.comparison.step, shown.comparison.failure) == (9, None)
    errors = shown.comparison.errors
    assert errors.frames == 4, "photo 1 is kept aside"
    assert max(errors.ate, errors.rotation_best, errors.focal) < 1e-3 and errors.mirrored is False
    drawn = lines(server)
    assert drawn is not None
    links = drawn.points[::9]
    assert np.allclose(links[:, 0], [CAMERAS[i].position * SCALE for i in (0, 2, 3, 4)], atol=1e-4)
    assert np.allclose(links[:, 0], links[:, 1], atol=1e-3)


def test_an_outline_is_as_viser_draws_a_frustum() -> None:
    one = camera((0.1, 0, 0), (0, 0, 0), FOCAL, (WIDTH, HEIGHT))
    made = segments([(camera((0, 0, 0), (0, 0, 0)), one)], size=0.3)
    assert made.shape == (9, 2, 3)
    assert np.allclose(made[0], [(0, 0, 0), one.position * SCALE])
    corners = made[1:5, 1] - one.position * SCALE
    assert np.allclose(np.abs(corners[:, 0] / corners[:, 2]), WIDTH / 2 / FOCAL)
    assert np.allclose(np.abs(corners[:, 1] / corners[:, 2]), HEIGHT / 2 / FOCAL)
    half = np.abs(corners[0])  # viser: of one volume, whatever the field of view
    assert half.prod() / 3 == pytest.approx(0.3**3)
    assert np.allclose(made[5:, 0], made[1:5, 1])


def test_while_cameras_move_it_is_compared_once_a_second(
    server: viser.ViserServer, file: Path, later: Clock
) -> None:
    shown, source = Reference(server), stage(file)
    shown.update(source.publish(cameras=CAMERAS, step=1), at_once=False)
    moved = tuple(Similarity(1, np.eye(3), np.full(3, 0.1)).camera(each) for each in CAMERAS)
    later(0.9)
    shown.update(source.publish(cameras=moved, step=2), at_once=False)
    assert shown.comparison is not None and shown.comparison.step == 1
    shown.update(source.snapshot, at_once=True)
    assert shown.comparison.step == 2, "somebody moves the slider of time"
    later(1.1)
    shown.update(source.publish(cameras=CAMERAS, step=3), at_once=False)
    assert shown.comparison.step == 3


def test_it_can_be_hidden_and_keeps_its_figures(server: viser.ViserServer, file: Path) -> None:
    shown = Reference(server)
    for visible in (True, False, True):
        snapshot = stage(file, show_reference=visible).publish(cameras=CAMERAS)
        shown.update(snapshot, at_once=True)
        assert (lines(server) is not None) is visible
        assert shown.comparison is not None and shown.comparison.errors is not None


def test_no_reference_no_figures(server: viser.ViserServer, file: Path) -> None:
    shown = Reference(server)
    shown.update(stage(file).publish(cameras=CAMERAS), at_once=True)
    shown.update(stage().publish(cameras=CAMERAS), at_once=True)
    assert shown.comparison is None and lines(server) is None
    shown.update(stage(file).publish_facts(), at_once=True)
    assert shown.comparison is None


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ("nowhere/transforms.json", "does not exist: check the path to the reference cameras"),
        ("http://x/transforms.json", "nothing is fetched from the network"),
        ("{folder}/notes.txt", "choose one of these"),
        ("{folder}", "choose another one"),
        ("{folder}/others.json", "0 of the 4 learned photos"),
        ("{folder}/broken.json", "broken.json"),
    ],
)
def test_what_cannot_be_compared_with_is_one_sentence(
    server: viser.ViserServer, tmp_path: Path, named: str, sentence: str
) -> None:
    folder = tmp_path / "references"
    folder.mkdir()
    (folder / "notes.txt").write_text("notes")
    (folder / "broken.json").write_text("{")
    write_transforms({f"other{i}.jpg": c for i, c in enumerate(CAMERAS)}, folder / "others.json")
    shown = Reference(server)
    snapshot = stage(named.format(folder=folder)).publish(cameras=CAMERAS)
    shown.update(snapshot, at_once=False)
    assert shown.comparison is not None and shown.comparison.errors is None
    assert sentence in str(shown.comparison.failure) and lines(server) is None


def test_cameras_that_have_not_moved_yet_are_waited_for(
    server: viser.ViserServer, file: Path, later: Clock
) -> None:
    shown, source = Reference(server), stage(file)
    together = (camera((0, 0, 0), (0, 0, 0)),) * len(CAMERAS)
    shown.update(source.publish(cameras=together), at_once=False)
    assert shown.comparison is not None and "train the run further" in str(shown.comparison.failure)
    later(1.1)
    shown.update(source.publish(cameras=CAMERAS), at_once=False)
    assert shown.comparison.errors is not None

"""Exports start from the snapshot, end as files of the run, and refuse in one sentence."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import trimesh

import studio.jobs.exports
from core.config.paths import changed
from core.exporting.cameras import EXPORTS as FORMS
from core.exporting.geometry import GEOMETRY
from core.exporting.jobs import Jobs
from core.exporting.plots import plot_cameras
from core.exporting.video import camera_path
from core.formats.npz import read_npz
from core.formats.transforms import write_transforms
from core.geometry.cameras import Camera
from core.geometry.gauge import Gauge, into_gauge
from core.geometry.routes import Route
from core.runs import home
from core.training.learned import Learned
from studio.jobs.exports import GEOMETRY_FILES, Exports
from studio.jobs.orders import VideoOrder, World
from studio.routes.routes import exported
from tests.cameras import scattered
from tests.patience import PATIENCE
from tests.studio.panel.stand_ins import Desk
from tests.studio.scene.stand_ins import CAMERAS, trails


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    started = Jobs()
    yield started
    started.stop()


@pytest.fixture
def engine(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "run")


@pytest.fixture
def exports(engine: Desk, jobs: Jobs) -> Exports:
    return Exports(engine, jobs)


def order(**changes: object) -> VideoOrder:
    wanted = {"path": "spiral", "frames": 3.0, "long_side": 32.0, "fps": 10.0, "channel": "rgb"}
    return VideoOrder(**(wanted | changes))


def test_a_video_is_rendered_into_the_run(exports: Exports, engine: Desk) -> None:
    done = exports.video(order()).wait(PATIENCE)
    assert (done.state, done.message) == ("done", None)
    assert done.result == engine.snapshot.run / home.EXPORTS / "spiral-rgb-1.mp4"
    film = cv2.VideoCapture(str(done.result))
    size = [int(film.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)]
    assert size == [32, 24]
    poster = cv2.imread(str(done.result.with_suffix(".jpg")))
    assert poster.shape == (24, 32, 3)
    again = exports.video(order(path="interpolate", channel="depth", long_side=0.0))
    assert again.wait(PATIENCE).result.name == "interpolate-depth-1.mp4"
    assert exports.video(order()).wait(PATIENCE).result.name == "spiral-rgb-2.mp4"


@pytest.mark.parametrize(
    ("taken", "size"),
    [((640, 480), [640, 480]), ((4000, 3000), [1440, 1080]), ((48, 36), [48, 36])],
)
def test_a_video_is_as_large_as_photos_were_taken_up_to_1080p(
    taken: tuple[int, int], size: list[int], exports: Exports, engine: Desk
) -> None:
    photos = dataclasses.replace(
        engine.snapshot.photos, source_width=taken[0], source_height=taken[1]
    )
    engine.publish(photos=photos)
    done = exports.video(order(frames=1.0, long_side=0.0)).wait(PATIENCE)
    film = cv2.VideoCapture(str(done.result))
    sides = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
    assert [int(film.get(side)) for side in sides] == size, done.message


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"frames": None}, "whole number of frames"),
        ({"frames": 2.5}, "whole number of frames"),
        ({"frames": 0.0}, "at least one frame"),
        ({"fps": 1e9}, "whole number of frames per second"),
        ({"frames": float("nan")}, "whole number of frames"),
        ({"long_side": 8.0}, "not possible"),
        ({"turns": None}, "number for the turns"),
        ({"turns": 1.5}, "does not close"),
        ({"focus_depth": -1.0}, "look at the depth -1"),
        ({"right": -1.0}, "times as wide"),
        ({"radius_percentile": 200.0}, "percentile 200"),
        ({"form": "gif", "fps": 60.0}, "choose 1 to 50"),
        ({"path": "interpolate", "frames": 1.0}, "through 2 cameras"),
        ({"keyframes": "/no/such.json"}, "/no/such.json"),
        ({"width": 64.0}, "its width and its height"),
        ({"height": 0.5}, "whole number of pixels"),
    ],
)
def test_an_impossible_order_fails_with_a_sentence(
    wrong: dict[str, object], words: str, exports: Exports
) -> None:
    done = exports.video(order(**wrong)).wait(PATIENCE)
    assert done.state == "failed" and words in (done.message or "")
    assert done.traceback is None


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("gif", "spiral-disparity-1.gif"),
        ("frames", "spiral-disparity-1.zip"),
        ("depth-png", "spiral-depth-png-1.zip"),
        ("depth-npy", "spiral-depth-npy-1.npy"),
    ],
)
def test_every_form_is_one_file_to_download(
    form: str, name: str, exports: Exports, engine: Desk
) -> None:
    done = exports.video(order(form=form, channel="disparity")).wait(PATIENCE)
    assert (done.state, done.message) == ("done", None)
    folder = engine.snapshot.run / home.EXPORTS
    assert exported(folder, name) == done.result
    assert list(folder.iterdir()) == [done.result]


def test_a_frame_may_have_another_shape(exports: Exports) -> None:
    assert raw_depths(exports, width=48.0, height=16.0).shape == (3, 16, 48)


def raw_depths(exports: Exports, **changes: object) -> np.ndarray:
    """What a video shows, as numbers."""
    done = exports.video(order(form="depth-npy", **changes)).wait(PATIENCE)
    assert (done.state, done.message) == ("done", None)
    return np.load(done.result)


def test_what_is_set_reaches_the_path(exports: Exports, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Route] = []

    def note(learned: Learned, route: Route) -> list[Camera]:
        asked.append(route)
        return camera_path(learned, route)

    monkeypatch.setattr(studio.jobs.exports, "camera_path", note)
    more = {
        **{"turns": 4.0, "depth_turns": 1.0, "focus_depth": 40.0, "radius_percentile": 10.0},
        **{"right": 2.0, "down": 0.0, "forward": 9.0, "order": "file"},
    }
    raw_depths(exports, **more)
    raw_depths(exports)
    assert asked == [
        Route("spiral", 3, 4.0, 1.0, 10.0, (2.0, 0.0, 9.0), 40.0, "file"),
        Route("spiral", 3),  # what is on the page at first is what is usual; depth 0 is measured
    ]


def test_keyframes_of_a_file_are_followed(exports: Exports, tmp_path: Path) -> None:
    done = exports.cameras("transforms").wait(PATIENCE)
    assert done.result is not None
    followed = raw_depths(exports, keyframes=str(done.result))
    assert (done.result.parent / "keyframes-depth-npy-1.npy").exists()
    toured = raw_depths(exports, path="interpolate", order="file")
    assert np.allclose(followed, toured, rtol=1e-3)


@pytest.mark.parametrize("file", GEOMETRY_FILES)
def test_the_scene_is_one_file_to_download(file: str, exports: Exports, engine: Desk) -> None:
    done = exports.geometry(file).wait(PATIENCE)
    assert (done.state, done.message) == ("done", None)
    assert 0 < done.done == done.total
    stem, suffix = file.split(".")
    assert exported(engine.snapshot.run / home.EXPORTS, f"{stem}-1.{suffix}") == done.result
    assert len(trimesh.load_scene(done.result).geometry) == 1


def test_the_scene_is_a_page_to_send(exports: Exports, engine: Desk) -> None:
    engine.publish(trails=trails(5))
    done = exports.page().wait(PATIENCE)
    assert (done.state, done.message) == ("done", None)
    assert 0 < done.done == done.total
    assert exported(engine.snapshot.run / home.EXPORTS, "scene-1.html") == done.result
    page = done.result.read_text()
    assert f"<title>{engine.snapshot.run.name}</title>" in page
    assert '"verdict"' in page and '"steps":[' in page
    assert exports.page().wait(PATIENCE).result.name == "scene-2.html"


def test_every_geometry_is_offered() -> None:
    assert {Path(file).stem for file in GEOMETRY_FILES} == set(GEOMETRY)


def test_cameras_are_plotted(exports: Exports) -> None:
    done = exports.plot().wait(PATIENCE)
    assert (done.state, done.message) == ("done", None)
    assert cv2.imread(str(done.result)) is not None
    assert exports.plot().wait(PATIENCE).result.name == "cameras-2.png"


def test_cameras_are_plotted_beside_a_reference(
    exports: Exports, engine: Desk, tmp_path: Path
) -> None:
    name(engine, written(tmp_path, scattered(1, 3)))
    done = exports.plot().wait(PATIENCE)
    assert done.state == "failed" and "Only 2 of the 2 learned photos" in (done.message or "")
    name(engine, tmp_path / "none.json")
    done = exports.plot().wait(PATIENCE)
    assert done.state == "failed" and "none.json" in (done.message or "")


def test_all_photos_are_plotted_beside_a_reference(
    exports: Exports, engine: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn_all(engine)
    drawn: list[dict[str, Camera]] = []

    def note(learned: Learned, out: Path, others: dict[str, Camera]) -> None:
        drawn.append(others)
        plot_cameras(learned, out, others)

    monkeypatch.setattr(studio.jobs.exports, "plot_cameras", note)
    name(engine, written(tmp_path, scattered(1, 3)))
    done = exports.plot().wait(PATIENCE)
    assert (done.state, done.message, done.title) == ("done", None, "Camera plot, with reference")
    assert [set(others) for others in drawn] == [{"0.png", "1.png", "2.png"}]


def test_cameras_are_measured_against_a_reference(
    exports: Exports, engine: Desk, tmp_path: Path
) -> None:
    learn_all(engine)
    name(engine, written(tmp_path, list(CAMERAS)))
    done = exports.measure().wait(PATIENCE)
    assert done.state == "done" and done.result is not None
    assert "3 cameras against the reference: positions 0.0%" in (done.message or "")
    facts = json.loads(done.result.read_text())
    assert facts["frames"] == 3 and facts["ate"] < 1e-6 and facts["held_out"] == 0


def test_views_kept_aside_are_measured(exports: Exports, engine: Desk) -> None:
    engine.publish(config=changed(engine.snapshot.config, {"data.held_out": "last10"}))
    done = exports.measure().wait(PATIENCE)
    assert (done.state, done.done, done.total) == ("done", 1, 1), done.message
    assert (done.message or "").startswith("1 photo kept aside: PSNR")


def test_without_a_measure_it_is_said(exports: Exports) -> None:
    done = exports.measure().wait(PATIENCE)
    assert done.state == "failed" and "nothing to measure with" in (done.message or "")


def name(engine: Desk, reference: Path) -> None:
    """As a person names a reference: once, beside the cameras."""
    engine.publish(config=changed(engine.snapshot.config, {"explore.reference": str(reference)}))


def learn_all(engine: Desk) -> None:
    learned = engine.snapshot.learned
    assert learned is not None
    engine.publish(learned=dataclasses.replace(learned, held_out=(False,) * 3))


def written(folder: Path, cameras: list[Camera]) -> Path:
    """A transforms.json of all photos."""
    named = {f"{number}.png": camera for number, camera in enumerate(cameras)}
    write_transforms(named, folder / "transforms.json")
    return folder / "transforms.json"


def test_scene_and_cameras_are_written_in_one_world(exports: Exports, engine: Desk) -> None:
    learn_all(engine)
    world = World(5.0, "z", "mean")
    done = exports.cameras("npz", world).wait(PATIENCE)
    cameras = read_npz(done.result).values()
    assert np.allclose(np.mean([camera.position for camera in cameras], axis=0), 0, atol=1e-6)
    plain, moved = (
        trimesh.load(exports.geometry("points.ply", each).wait(PATIENCE).result).vertices
        for each in (World(), world)
    )
    fit = into_gauge(engine.snapshot.learned.trained, Gauge(5.0, "z", "mean"))
    assert np.allclose(moved, fit.points(plain), atol=1e-3)
    refused = exports.cameras("npz", World(None)).wait(PATIENCE)
    assert refused.state == "failed" and "number for its scale" in (refused.message or "")


def test_cameras_are_written_for_other_tools(exports: Exports) -> None:
    done = exports.cameras("transforms").wait(PATIENCE)
    assert done.state == "done" and done.result is not None
    assert len(json.loads(done.result.read_text())["frames"]) == 2, "one of three is held out"


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_cameras_is_one_file_to_download(
    form: str, exports: Exports, engine: Desk
) -> None:
    for _ in range(2):  # a newer one takes the place of the older
        done = exports.cameras(form).wait(PATIENCE)
        assert (done.state, done.message) == ("done", "1 of 3 photos are not placed: 1.png.")
    folder = engine.snapshot.run / home.EXPORTS
    assert list(folder.iterdir()) == [done.result]
    assert exported(folder, FORMS[form].file) == done.result


def test_without_cameras_there_is_nothing_to_export(exports: Exports, engine: Desk) -> None:
    engine.publish(learned=None)
    done = exports.cameras("transforms").wait(PATIENCE)
    assert done.state == "failed" and "no cameras yet" in (done.message or "")


def test_cancel_stops_what_runs_and_what_waits(exports: Exports, jobs: Jobs) -> None:
    running, waiting = exports.video(order(frames=2000.0)), exports.video(order())
    exports.cancel()
    assert running.wait(PATIENCE).state == waiting.wait(PATIENCE).state == "cancelled"
    assert [view.state for view in jobs.views] == ["cancelled"] * 2


def test_the_history_of_the_cameras_is_whole_poses_by_step(exports: Exports, engine: Desk) -> None:
    done = exports.cameras("history").wait(PATIENCE)
    assert done.state == "failed" and "no history yet" in str(done.message)
    engine.publish(trails=trails(4))
    done = exports.cameras("history").wait(PATIENCE)
    assert (done.state, done.message) == ("done", None) and done.result is not None
    with np.load(done.result) as kept:
        first, _, last = engine.snapshot.photos.names
        assert kept["names"].tolist() == [first, last]
        assert kept["steps"].tolist() == [0, 10, 20, 30]
        assert (kept["poses"] == engine.snapshot.trails.poses[:, [0, 2]]).all()
        assert kept["focal"].shape == (4, 2, 2)
    refused = exports.cameras("history", World(5.0)).wait(PATIENCE)
    assert refused.state == "failed" and "as learned" in str(refused.message)

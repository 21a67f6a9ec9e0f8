"""Videos, read back from the file."""

import base64
import dataclasses
import tracemalloc
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import pytest
from torch import Tensor

from core.errors import Cancelled, InputError
from core.exporting import video
from core.exporting.films import FORMS
from core.exporting.jobs import Watch
from core.exporting.pictures import median_depth, whole_picture
from core.exporting.video import Look, VideoResult, camera_path, render_video
from core.geometry.cameras import Camera
from core.geometry.paths import average_camera, spiral
from core.geometry.routes import Route
from core.rendering.picture import Pace, Picture
from core.rendering.scene import FieldScene, Scene
from core.rendering.volume import RaySettings
from core.training.learned import Learned
from tests.browser import chromium
from tests.cameras import same

UNWATCHED = Watch()
STRAIGHT = Camera(np.eye(4), 30.0, 30.0, 16.0, 12.0, 32, 24)


def film(
    learned: Learned, out: Path, frames: int = 6, path=None, watch: Watch = UNWATCHED, **look
) -> VideoResult:
    path = spiral(learned.trained, frames, focus_depth=2.0) if path is None else path
    return render_video(learned, path, out, Look(**({"fps": 12} | look)), watch)


def probe(video: Path) -> tuple[dict, list[np.ndarray]]:
    """What ffmpeg says about a file, and its frames as (H, W, 3) uint8 RGB."""
    reader = imageio_ffmpeg.read_frames(video)
    facts = next(reader)
    width, height = facts["source_size"]
    frames = [np.frombuffer(raw, np.uint8).reshape(height, width, 3) for raw in reader]
    return facts, frames


def test_a_video_is_h264_of_the_exact_size_and_length(learned, tmp_path):
    out = tmp_path / "videos" / "spiral.mp4"
    reports: list[tuple[int, int]] = []
    result = film(learned, out, watch=Watch(lambda done, total: reports.append((done, total))))
    facts, frames = probe(out)
    assert result == VideoResult(out, 32, 24, 6, 0.5, None)
    assert facts["codec"] == "h264" and facts["pix_fmt"].startswith("yuv420p")
    assert facts["source_size"] == (32, 24) and facts["fps"] == 12 and len(frames) == 6
    assert reports == [(done, 6) for done in range(1, 7)]
    assert list(out.parent.iterdir()) == [out]


def test_the_index_comes_first_so_that_a_browser_can_start_at_once(learned, tmp_path):
    film(learned, tmp_path / "a.mp4")
    content = (tmp_path / "a.mp4").read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")


def before_a_wall(learned: Learned) -> Learned:
    """An orange wall at z = 0.79, opaque, in camera space."""

    def wall(positions: Tensor, directions: Tensor, noise: Tensor | None = None):
        colour = positions.new_tensor([0.9, 0.4, 0.1]).expand_as(positions)
        return colour, 1e4 * (positions[..., 2] >= 0.79)

    settings = RaySettings("camera", 0.0, 1.0, 51, False)
    return dataclasses.replace(
        learned, scene=FieldScene(wall, learned.scene.normalized_focal, settings)
    )


def test_colours_are_right_and_say_how_they_are_meant(learned, tmp_path):
    film(before_a_wall(learned), tmp_path / "a.mp4", path=[STRAIGHT] * 2)
    facts, frames = probe(tmp_path / "a.mp4")
    assert "bt709" in facts["pix_fmt"]
    assert np.abs(frames[1].astype(int) - [230, 102, 26]).max() <= 4


def test_frames_follow_the_path(learned, tmp_path):
    path = spiral(learned.trained, 3, focus_depth=2.0, radius_percentile=100)
    film(learned, tmp_path / "a.mp4", path=path, size=(128, 96))
    _, frames = probe(tmp_path / "a.mp4")
    for camera, frame in zip(path, frames, strict=True):
        seen = whole_picture(learned.scene, camera.resized(128, 96), Pace()).rgb * 255
        assert np.abs(frame - seen).mean() < 4


@pytest.mark.parametrize(
    ("size", "becomes"), [((33, 25), (32, 24)), ((32, 25), (32, 24)), ((41, 24), (40, 24))]
)
def test_an_odd_side_becomes_even_and_says_so(learned, tmp_path, size, becomes):
    result = film(learned, tmp_path / "a.mp4", frames=2, size=size)
    facts, _ = probe(tmp_path / "a.mp4")
    assert facts["source_size"] == becomes == (result.width, result.height)
    assert f"{becomes[0]} x {becomes[1]} instead of {size[0]} x {size[1]}" in result.notice


def test_odd_photos_are_treated_alike(learned, tmp_path):
    path = [camera.resized(31, 23) for camera in spiral(learned.trained, 2, focus_depth=2)]
    result = film(learned, tmp_path / "a.mp4", path=path)
    assert (result.width, result.height) == (30, 22) and result.notice


@pytest.mark.parametrize("channel", ["depth", "disparity"])
def test_all_frames_share_the_limits_of_depth(learned, tmp_path, channel):
    """A flat wall has no depth of its own to show; coming nearer, it gets brighter."""
    poses = [np.eye(4) for _ in range(3)]
    for pose, z in zip(poses, (0.0, 0.3, 0.5), strict=True):
        pose[2, 3] = z
    path = [dataclasses.replace(STRAIGHT, camera_to_world=pose) for pose in poses]
    film(before_a_wall(learned), tmp_path / "a.mp4", path=path, channel=channel, colour_map="gray")
    brightness = [frame.mean() for frame in probe(tmp_path / "a.mp4")[1]]
    values = np.array([0.8, 0.5, 0.3]) ** (-1 if channel == "disparity" else 1)
    expected = 255 * (values - values[0]) / (values[2] - values[0])
    assert np.allclose(brightness, expected, atol=8)


def test_a_cancelled_video_leaves_nothing_and_keeps_an_older_one(learned, tmp_path):
    out = tmp_path / "a.mp4"
    out.write_bytes(b"older")
    finished = 0

    def count(done: int, total: int) -> None:
        nonlocal finished
        finished = done

    with pytest.raises(Cancelled):
        film(learned, out, frames=50, watch=Watch(count, cancelled=lambda: finished >= 2))
    assert finished == 2
    assert list(tmp_path.iterdir()) == [out] and out.read_bytes() == b"older"


def test_whoever_shares_the_machine_hears_of_every_chunk(learned, tmp_path):
    chunks: list[float] = []
    film(learned, tmp_path / "a.mp4", size=(64, 48), watch=Watch(between_chunks=chunks.append))
    assert len(chunks) > 6 and min(chunks) > 0


@pytest.mark.parametrize(
    "changes",
    [
        {"path": []},
        {"size": (8, 8)},
        {"size": (64, 100_000)},
        {"fps": 0},
        {"fps": 1000},
        {"form": "avi"},
        {"channel": "heat"},
        {"channel": "disparity", "colour_map": "rainbow"},
        {"channel": "depth", "colour_map": "rainbow"},
    ],
)
def test_impossible_wishes_are_refused_and_leave_nothing(learned, tmp_path, changes):
    with pytest.raises(InputError):
        film(learned, tmp_path / "a.mp4", **changes)
    assert list(tmp_path.iterdir()) == []


def test_another_kind_of_file_is_refused_by_name(learned, tmp_path):
    with pytest.raises(InputError, match=r"a\.avi"):
        film(learned, tmp_path / "a.avi")


def test_frames_of_another_shape_crop_and_do_not_stretch(learned, tmp_path):
    """A square out of 4 : 3 is the middle of the picture rendered at full height."""
    camera = learned.cameras[0]
    film(learned, tmp_path / "a.mp4", path=[camera] * 2, size=(48, 48))
    _, frames = probe(tmp_path / "a.mp4")
    whole = whole_picture(learned.scene, camera.resized(64, 48), Pace()).rgb * 255
    assert np.abs(frames[0] - whole[:, 8:56]).mean() < 4


@pytest.mark.parametrize("form", [form for form in FORMS if form != "mp4"])
def test_other_forms_have_exactly_the_size_asked_for(learned, tmp_path, form):
    out = tmp_path / f"film{FORMS[form].suffixes[0]}"
    result = film(learned, out, frames=3, size=(33, 25), form=form)
    assert (result.path, result.width, result.height, result.notice) == (out, 33, 25, None)
    assert list(tmp_path.iterdir()) == [out]


def test_raw_depth_is_the_depth_and_not_a_number_where_nothing_is(learned, tmp_path):
    """Camera z to the wall; the second frame looks away from it."""
    away = np.diag([-1.0, 1, -1, 1])
    path = [STRAIGHT, dataclasses.replace(STRAIGHT, camera_to_world=away)]
    film(before_a_wall(learned), tmp_path / "a.npy", path=path, form="depth-npy")
    depth = np.load(tmp_path / "a.npy")
    assert depth.shape == (2, 24, 32) and depth.dtype == np.float32
    assert depth[0] == pytest.approx(0.8, abs=1e-5) and np.isnan(depth[1]).all()


@pytest.mark.parametrize("form", FORMS)
def test_length_costs_no_memory(learned, tmp_path, form, monkeypatch):
    """Ten times as many frames need no more than a few frames more of memory."""

    def blank(scene: Scene, camera: Camera, pace: Pace, after_chunk: object) -> Picture:
        shape = (camera.height, camera.width)
        return Picture(np.zeros((*shape, 3)), np.ones(shape), np.ones(shape), 1.0, camera)

    def most_memory(frames: int) -> int:
        out = tmp_path / f"{frames}{FORMS[form].suffixes[0]}"
        tracemalloc.start()
        film(learned, out, path=[STRAIGHT] * frames, form=form, size=(160, 120))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    monkeypatch.setattr(video, "whole_picture", blank)
    most_memory(1)  # what is imported and kept once
    assert most_memory(200) - most_memory(20) < 10 * 160 * 120 * 3


@pytest.mark.parametrize("kind", ["spiral", "interpolate", "average"])
def test_a_route_becomes_a_path_around_the_learned_cameras(learned, kind):
    path = camera_path(learned, Route(kind, frames=7))
    middle = average_camera(learned.trained)
    assert len(path) == 7
    assert np.allclose(path[0].position, middle.position, atol=0.5)
    if kind == "spiral":
        depth = median_depth(learned.scene, middle)
        wanted = spiral(learned.trained, 7, focus_depth=depth, turns=1, depth_turns=1, eased=True)
        assert all(map(same, path, wanted)), "it looks at what the scene has in the middle"


def test_opencv_reads_it_too(learned, tmp_path):
    film(learned, tmp_path / "a.mp4")
    capture = cv2.VideoCapture(str(tmp_path / "a.mp4"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 6 and capture.read()[1].shape == (24, 32, 3)


@pytest.mark.browser
def test_a_browser_plays_it(learned, tmp_path):
    film(learned, tmp_path / "a.mp4")
    video = base64.b64encode((tmp_path / "a.mp4").read_bytes()).decode()
    with chromium() as browser:
        page = browser.new_page()
        page.set_content(f'<video muted src="data:video/mp4;base64,{video}"></video>')
        played = page.evaluate(
            """async () => {
                const video = document.querySelector("video");
                const ended = new Promise((resolve) => (video.onended = resolve));
                await video.play();
                await ended;
                return [video.videoWidth, video.videoHeight, video.duration];
            }"""
        )
    assert played[:2] == [32, 24] and played[2] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(("form", "name"), [("depth-npy", "d.npy"), ("frames", "f.zip")])
def test_what_does_not_fit_on_the_disk_is_refused_before_it_begins(
    form: str, name: str, learned: Learned, tmp_path: Path
) -> None:
    endless = [STRAIGHT] * 10_000_000
    with pytest.raises(InputError, match=r"it takes about [\d,.]+ MB and [\d,.]+ MB are"):
        film(learned, tmp_path / name, path=endless, form=form, size=(4096, 4096))
    assert not list(tmp_path.iterdir())

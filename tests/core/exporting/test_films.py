"""What frames become, read back by other people's readers."""

import io
import json
import zipfile
from pathlib import Path

import cv2
import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from core.errors import InputError
from core.exporting.films import BEYOND, FORMS, Reel, check_form, form_of

RNG = np.random.default_rng(0)
# Smooth and unlike one another, as no video codec keeps noise.
COLOURS = np.stack([
    cv2.resize(RNG.integers(0, 255, (3, 4, 3), np.uint8), (40, 30)) for _ in range(5)
])  # fmt: skip
DEPTHS = RNG.uniform(0.5, 4.0, (5, 30, 40)).astype(np.float32)
DEPTHS[:, 0, 0] = np.nan


def write(form: str, out: Path, frames: np.ndarray, fps: int = 10, deepest: float = 5.0) -> None:
    reel = Reel(out, frames.shape[2], frames.shape[1], len(frames), fps, deepest)
    with FORMS[form].film(reel) as take:
        for frame in frames:
            take(frame)


def files_of(out: Path) -> dict[str, bytes]:
    """What is in a folder or archive, by name."""
    if out.is_dir():
        return {file.name: file.read_bytes() for file in out.iterdir()}
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_an_mp4_has_all_frames_in_order(tmp_path):
    write("mp4", tmp_path / "a.mp4", COLOURS)
    frames = iio.imread(tmp_path / "a.mp4", plugin="FFMPEG")
    assert frames.shape == COLOURS.shape
    assert np.abs(frames.astype(int) - COLOURS).mean() < 6


def test_a_gif_has_all_frames_in_order_and_repeats(tmp_path):
    write("gif", tmp_path / "a.gif", COLOURS)
    frames = iio.imread(tmp_path / "a.gif", plugin="pillow", mode="RGB")
    assert frames.shape == COLOURS.shape
    assert np.abs(frames.astype(int) - COLOURS).mean() < 6
    with Image.open(tmp_path / "a.gif") as image:
        assert image.info["loop"] == 0 and image.info["duration"] == 100


def test_a_gif_keeps_time_where_a_frame_is_no_whole_hundredth_of_a_second(tmp_path):
    write("gif", tmp_path / "a.gif", np.tile(COLOURS, (6, 1, 1, 1)), fps=30)
    with Image.open(tmp_path / "a.gif") as image:
        seconds = 0.0
        for number in range(image.n_frames):
            image.seek(number)
            seconds += image.info["duration"] / 1000
    assert image.n_frames == 30 and seconds == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("name", ["frames", "frames.zip"])
def test_frames_are_exact_pngs_in_order(name, tmp_path):
    write("frames", tmp_path / name, COLOURS)
    files = files_of(tmp_path / name)
    assert sorted(files) == [f"{number:05d}.png" for number in range(5)]
    for number, frame in enumerate(COLOURS):
        assert (np.asarray(Image.open(io.BytesIO(files[f"{number:05d}.png"]))) == frame).all()
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["depth", "depth.zip"])
def test_16_bit_depth_says_its_unit(name, tmp_path):
    write("depth-png", tmp_path / name, DEPTHS)
    files = files_of(tmp_path / name)
    facts = json.loads(files.pop("depth.json"))
    assert sorted(files) == [f"{number:05d}.png" for number in range(5)]
    unit = facts["depth_unit_scale_factor"]
    assert unit == 1e-4, "the power of ten with which 65,534 levels reach the deepest"
    for number, depth in enumerate(DEPTHS):
        coded = np.frombuffer(files[f"{number:05d}.png"], np.uint8)
        levels = cv2.imdecode(coded, cv2.IMREAD_UNCHANGED)
        assert levels.dtype == np.uint16 and levels[0, 0] == facts["nothing"] == 0
        there = levels > 0
        assert there.sum() == depth.size - 1
        assert np.abs(levels[there] * unit - depth[there]).max() <= unit / 2 + 1e-6


def test_16_bit_depth_ends_where_it_says(tmp_path):
    row = np.array([[[np.nan, 1e-9, 6.5, 6.6, 1e9, np.inf]]], np.float32)
    write("depth-png", tmp_path / "a", np.tile(row, (1, 8, 1)))
    levels = cv2.imread(str(tmp_path / "a" / "00000.png"), cv2.IMREAD_UNCHANGED)[0]
    assert levels.tolist() == [0, 1, 65000, BEYOND, BEYOND, BEYOND]


@pytest.mark.parametrize(("deepest", "unit"), [(6.5534, 1e-4), (6.56, 1e-3), (0.05, 1e-6)])
def test_the_unit_is_the_finest_power_of_ten_that_suffices(deepest, unit, tmp_path):
    write("depth-png", tmp_path / "a", DEPTHS[:1], deepest=deepest)
    facts = json.loads((tmp_path / "a" / "depth.json").read_text())
    assert facts["depth_unit_scale_factor"] == pytest.approx(unit)


def test_depth_as_an_array_is_exact_and_maps_into_memory(tmp_path):
    write("depth-npy", tmp_path / "a.npy", DEPTHS)
    depth = np.load(tmp_path / "a.npy", mmap_mode="r", allow_pickle=False)
    assert depth.dtype == np.float32 and np.array_equal(depth, DEPTHS, equal_nan=True)


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_left_of_a_film_that_was_broken_off(form, tmp_path):
    frames = DEPTHS if FORMS[form].raw else COLOURS
    out = tmp_path / f"a{FORMS[form].suffixes[0]}"
    with pytest.raises(KeyboardInterrupt), FORMS[form].film(Reel(out, 40, 30, 5, 10, 5.0)) as take:
        take(frames[0])
        assert not out.exists()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["mp4", "gif"])
def test_a_film_that_lacks_frames_is_no_film(form, tmp_path):
    """As when the disk was full, of which the encoder says nothing."""
    reel = Reel(tmp_path / f"a.{form}", 40, 30, 5, 10, 5.0)
    with pytest.raises(InputError, match="room on the disk"), FORMS[form].film(reel) as take:
        take(COLOURS[0])
        take(COLOURS[1])
    assert list(tmp_path.iterdir()) == []


NAMES = {"a.mp4": "mp4", "a.GIF": "gif", "a.zip": "frames", "a": "frames", "a.npy": "depth-npy"}


@pytest.mark.parametrize(("name", "form"), NAMES.items())
def test_a_name_tells_the_form(name, form):
    assert form_of(Path(name)) == form


@pytest.mark.parametrize("name", ["a.avi", "a.png", "my.frames"])
def test_a_name_that_tells_none_is_refused_with_the_choice(name):
    with pytest.raises(InputError, match=rf"{name}: .*\.mp4, \.gif, \.zip, \.npy"):
        form_of(Path(name))


@pytest.mark.parametrize(
    ("name", "form", "fps", "words"),
    [
        ("a.avi", "mp4", 10, r"a\.avi.*ends in \.mp4"),
        ("a.mp4", "frames", 10, r"ends in \.zip or is a folder"),
        ("a.mp4", "avi", 10, "choose mp4, gif"),
        ("a.gif", "gif", 60, "1 to 50"),
        ("a.mp4", "mp4", 0, "1 to 120"),
    ],
)
def test_what_cannot_be_is_refused(name, form, fps, words):
    with pytest.raises(InputError, match=words):
        check_form(Path(name), form, fps)

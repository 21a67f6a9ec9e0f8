"""Colours come out as they were shown, whatever they were stored in; and pixels are square."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from core.photos import extract_frames
from core.photos.picture import decode, read_header
from tests.core.photos import wide
from tests.core.photos.test_video import encode

WIDTH, HEIGHT = 96, 64


def patches(brightest: int = 255) -> np.ndarray:
    """(H, W, 3) uint8 even patches of all sorts of colours."""
    rng = np.random.default_rng(3)
    small = rng.integers(20, brightest, (HEIGHT // 16, WIDTH // 16, 3), dtype=np.uint8)
    return small.repeat(16, 0).repeat(16, 1)


def middles(picture: np.ndarray) -> np.ndarray:
    """The colours of patches, away from their edges."""
    return picture[8::16, 8::16].astype(float)


def decoded(path: Path) -> np.ndarray:
    header = read_header(path)
    return decode(header, header.size, "black")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tiff", ".webp"])
def test_display_p3_becomes_srgb(tmp_path: Path, suffix: str) -> None:
    true = patches()
    sure = {} if suffix != ".webp" else {"lossless": True}
    sure |= {"quality": 100, "subsampling": 0} if suffix == ".jpg" else {}
    path = tmp_path / f"p3{suffix}"
    stored = wide.in_p3(true)
    Image.fromarray(stored).save(path, icc_profile=wide.p3_profile(), **sure)
    assert np.abs(middles(decoded(path)) - middles(true)).mean() < 2
    assert np.abs(middles(stored) - middles(true)).mean() > 6, "it makes a difference"


def test_srgb_and_broken_profiles_leave_colours_as_they_are(tmp_path: Path) -> None:
    true = patches()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    grey = wide.p3_profile().replace(b"RGB XYZ", b"GRAYXYZ")
    for number, profile in enumerate((srgb, b"no profile", wide.p3_profile()[:200], grey)):
        path = tmp_path / f"{number}.png"
        Image.fromarray(true).save(path, icc_profile=profile)
        assert (decoded(path) == true).all(), number


def test_transparent_p3_is_srgb_over_the_background(tmp_path: Path) -> None:
    true = patches()
    stored = np.dstack([wide.in_p3(true), np.full((HEIGHT, WIDTH), 255, np.uint8)])
    Image.fromarray(stored).save(tmp_path / "a.png", icc_profile=wide.p3_profile())
    assert np.abs(middles(decoded(tmp_path / "a.png")) - middles(true)).mean() < 2


@pytest.mark.parametrize("kind", ["hlg", "pq"])
def test_hdr_videos_show_what_a_screen_shows(tmp_path: Path, kind: str) -> None:
    true = patches(brightest=190)
    video = wide.hdr_video(tmp_path / "hdr.mov", true, kind)
    frames = extract_frames(video, tmp_path / "frames", count=2, rate=0)
    seen = middles(cv2.imread(str(frames[0]))[..., ::-1])
    error = seen - middles(true)
    assert np.abs(error).mean() < 8 and np.abs(error.mean((0, 1))).max() < 8, error.mean((0, 1))


def test_a_white_wall_in_hdr_stays_bright_and_its_order(tmp_path: Path) -> None:
    greys = np.linspace(0, 255, WIDTH).astype(np.uint8)
    ramp = np.broadcast_to(greys[None, :, None], (HEIGHT, WIDTH, 3))
    video = wide.hdr_video(tmp_path / "hdr.mov", ramp, "hlg")
    frames = extract_frames(video, tmp_path / "frames", count=2, rate=0)
    row = cv2.imread(str(frames[0]))[HEIGHT // 2, :, 1].astype(int)
    assert row[-1] > 215 and (np.diff(row[::8]) > 0).all()


@pytest.mark.parametrize(
    ("shape", "size"), [("4/3", (213, 96)), ("1/1", (160, 96)), ("100/1", (160, 96))]
)
def test_pixels_that_are_not_square_become_square(
    tmp_path: Path, shape: str, size: tuple[int, int]
) -> None:
    how = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-vf", f"setsar={shape}"]
    video = encode(tmp_path / "hdv.mp4", how)
    frames = extract_frames(video, tmp_path / "frames", count=3, rate=0)
    with Image.open(frames[0]) as frame:
        assert frame.size == size

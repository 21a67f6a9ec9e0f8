"""Every kind of picture becomes upright 8-bit RGB with the colours it shows."""

import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from core.errors import InputError
from core.photos import folder
from core.photos.picture import decode, read_header

ROOT = Path(__file__).parents[3]
SIZE = (60, 40)


def pixel(path: Path, background: str = "white") -> list[int]:
    """The one colour of a picture."""
    pixels = decode(read_header(path), SIZE, background)
    assert pixels.shape == (40, 60, 3)
    assert pixels.dtype == np.uint8
    assert (pixels == pixels[0, 0]).all()
    return pixels[0, 0].tolist()


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("value", [0, 300, 32768, 65535])
def test_16_bits_are_scaled_not_clipped(tmp_path: Path, suffix: str, value: int) -> None:
    for channels in ((40, 60), (40, 60, 3)):
        path = tmp_path / f"deep.{suffix}"
        cv2.imwrite(str(path), np.full(channels, value, np.uint16))
        assert pixel(path) == pytest.approx([value / 257] * 3, abs=1)


def test_big_endian_16_bit_tiff(tmp_path: Path) -> None:
    Image.new("I;16B", SIZE, 0x4000).save(tmp_path / "a.tif")
    assert pixel(tmp_path / "a.tif") == [64, 64, 64]


@pytest.mark.parametrize(
    ("mode", "colour", "name", "expected"),
    [
        ("L", 80, "a.png", [80, 80, 80]),
        ("L", 80, "a.jpg", [80, 80, 80]),
        ("1", 1, "a.png", [255, 255, 255]),
        ("RGB", (10, 20, 30), "a.tif", [10, 20, 30]),
        ("CMYK", (0, 255, 255, 0), "a.jpg", [255, 0, 0]),
        ("CMYK", (0, 255, 255, 0), "a.tif", [255, 0, 0]),
    ],
)
def test_modes_become_rgb(tmp_path: Path, mode, colour, name, expected) -> None:
    Image.new(mode, SIZE, colour).save(tmp_path / name)
    assert pixel(tmp_path / name) == pytest.approx(expected, abs=2)


def test_palette(tmp_path: Path) -> None:
    Image.new("RGB", SIZE, (200, 100, 50)).quantize(4).save(tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").mode == "P"
    assert pixel(tmp_path / "a.png") == [200, 100, 50]


@pytest.mark.parametrize(("background", "expected"), [("white", 191), ("black", 64)])
def test_alpha_lies_over_the_background(tmp_path: Path, background: str, expected: int) -> None:
    half_grey = Image.new("LA", SIZE, (128, 128))
    half_grey.save(tmp_path / "la.png")
    half_grey.convert("RGBA").save(tmp_path / "rgba.webp", lossless=True)
    half_grey.convert("RGBA").save(tmp_path / "rgba.tif")
    for name in ("la.png", "rgba.webp", "rgba.tif"):
        assert pixel(tmp_path / name, background) == pytest.approx([expected] * 3, abs=1)


def test_transparent_palette_entry_lies_over_the_background(tmp_path: Path) -> None:
    Image.new("P", SIZE, 0).save(tmp_path / "a.png", transparency=0)
    assert pixel(tmp_path / "a.png", "white") == [255, 255, 255]
    assert pixel(tmp_path / "a.png", "black") == [0, 0, 0]


def test_first_picture_of_an_animation(tmp_path: Path) -> None:
    later = [Image.new("RGB", SIZE, "blue")]
    for name in ("a.png", "a.webp", "a.tif"):
        options = {"lossless": True} if name == "a.webp" else {}
        Image.new("RGB", SIZE, "red").save(
            tmp_path / name, save_all=True, append_images=later, **options
        )
        assert pixel(tmp_path / name) == [255, 0, 0]


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_undone(tmp_path: Path, name: str, orientation: int) -> None:
    """Four coloured quarters, stored turned as the camera was held, come out upright."""
    upright = Image.new("RGB", SIZE, "red")
    for box, colour in (((30, 0), "green"), ((0, 20), "blue"), ((30, 20), "white")):
        upright.paste(Image.new("RGB", (30, 20), colour), box)
    turn = {  # what the camera did, the inverse of what a viewer must do
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    stored = upright if turn is None else upright.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / name, exif=exif)
    assert read_header(tmp_path / name).size == SIZE
    for size in (SIZE, (30, 20)):
        pixels = decode(read_header(tmp_path / name), size, "white").astype(int)
        assert pixels.shape == (size[1], size[0], 3)
        y, x = size[1] // 4, size[0] // 4
        corners = pixels[[y, y, -y, -y], [x, -x, x, -x]]
        wanted = [[255, 0, 0], [0, 128, 0], [0, 0, 255], [255, 255, 255]]
        assert np.abs(corners - wanted).max() < 12


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
@pytest.mark.parametrize("period", [1, 2, 3])
def test_a_fine_checkerboard_shrinks_to_grey(tmp_path: Path, name: str, period: int) -> None:
    """Detail finer than the result's pixels averages out; picking pixels would alias it."""
    rows, columns = np.indices((480, 640)) // period
    board = ((rows + columns) % 2 * 255).astype(np.uint8)
    Image.fromarray(board).save(tmp_path / name, quality=95)
    pixels = decode(read_header(tmp_path / name), (64, 48), "white").astype(int)
    assert np.abs(pixels - board.mean()).max() < 30
    assert np.abs(pixels - board.mean()).mean() < 12


def test_shrinking_is_the_mean_of_the_area(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    mean = noise.reshape(12, 4, 16, 4, 3).mean(axis=(1, 3))
    assert np.abs(decode(read_header(tmp_path / "a.png"), (16, 12), "white") - mean).max() <= 0.51


def test_reduced_jpeg_decoding_agrees_with_full_decoding(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    photo = Image.fromarray(noise).resize((800, 600), Image.Resampling.BICUBIC)
    photo.save(tmp_path / "a.jpg", quality=95)
    full = np.asarray(Image.open(tmp_path / "a.jpg"))
    wanted = cv2.resize(full, (120, 90), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(decode(read_header(tmp_path / "a.jpg"), (120, 90), "white") - wanted).mean() < 2


def test_every_truncation_of_a_jpeg_is_refused_or_loses_nothing(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    path = tmp_path / "a.jpg"
    Image.fromarray(noise).save(path)
    whole, pixels = path.read_bytes(), decode(read_header(path), SIZE, "white")
    refused = 0
    for length in range(0, len(whole), 37):
        path.write_bytes(whole[:length])
        try:
            assert np.array_equal(decode(read_header(path), SIZE, "white"), pixels)
        except InputError:
            refused += 1
    assert refused > 0.95 * len(whole) / 37


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("cases", [60, pytest.param(1250, marks=pytest.mark.slow)])
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
def test_damaged_bytes_are_read_or_refused_and_nothing_else(tmp_path, suffix, cases) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0xA405] = 28
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(noise).save(path, exif=exif)
    whole, rng = path.read_bytes(), random.Random(0)
    outcomes = set()
    for _ in range(cases):
        damaged = bytearray(whole)
        reach = rng.choice((64, 400, len(whole)))  # headers deserve the most of it
        for _ in range(rng.randint(1, 8)):
            damaged[rng.randrange(min(reach, len(whole)))] = rng.randrange(256)
        path.write_bytes(damaged)
        try:
            assert decode(read_header(path), (20, 30), "black").shape == (30, 20, 3)
            outcomes.add("read")
        except InputError as error:
            assert f'"a.{suffix}"' in str(error)
            outcomes.add("refused")
    assert "refused" in outcomes


def test_a_picture_takes_two_copies_of_itself_and_no_more(tmp_path: Path) -> None:
    """36 million transparent pixels: 144 MB as stored, 108 as RGB."""
    file = tmp_path / "large.png"
    Image.new("RGBA", (6000, 6000), (255, 0, 0, 128)).save(file, compress_level=1)
    program = (
        "import resource, sys; from pathlib import Path; from core.photos import picture as p;"
        "taken = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024;"
        "before = taken(); header = p.read_header(Path(sys.argv[1]));"
        "print(p.decode(header, (8, 8), 'white')[0, 0].tolist(), taken() - before)"
    )
    run = [sys.executable, "-c", program, str(file)]
    told = subprocess.run(run, capture_output=True, text=True, check=True, cwd=ROOT, timeout=60)
    colour, _, megabytes = told.stdout.rpartition(" ")
    assert colour == "[255, 127, 127]" and float(megabytes) < 300


def test_a_phones_108_million_pixels_are_read_smaller(tmp_path: Path) -> None:
    file = tmp_path / "phone.jpg"
    Image.new("L", (12000, 9000), 77).save(file, quality=30)
    header = read_header(file)
    assert header.size == (12000, 9000)
    assert (decode(header, (504, 378), "white") == 77).all()
    with pytest.raises(InputError, match="64 million"):
        decode(header, (12000, 9000), "white")


def test_large_pictures_are_decoded_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here 64 x 64 pixels count as 8000 x 8000."""
    begun: list[int] = []

    class Watched(ThreadPoolExecutor):
        """Tells how many work at once."""

        def __init__(self, workers: int) -> None:
            begun.append(workers)
            super().__init__(workers)

    def at_once(*sizes: tuple[int, int]) -> int:
        for number, size in enumerate(sizes):
            Image.new("RGB", size, "red").save(tmp_path / f"{number}.png")
        folder.load_photos(tmp_path, 32, "white")
        return begun[-1]

    monkeypatch.setattr(folder, "MOST_PIXELS", 64 * 64)
    monkeypatch.setattr(folder, "ThreadPoolExecutor", Watched)
    assert at_once((32, 32), (32, 32)) == min(4, os.cpu_count() or 1)
    assert at_once((32, 32), (64, 64)) == at_once((96, 72), (32, 32)) == 1

"""A camera's own words about its focal length become focal length / longer image side."""

import math
from pathlib import Path

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from core.photos.exif import focal_ratio
from core.photos.picture import read_header

FOCAL, FILM, X_DENSITY, UNIT, PIXELS_X, PIXELS_Y = 0x920A, 0xA405, 0xA20E, 0xA210, 0xA002, 0xA003


def ratio(tags: dict[int, object], size: tuple[int, int] = (600, 400)) -> float | None:
    exif = Image.Exif()
    exif.get_ifd(0x8769).update(tags)
    return focal_ratio(exif, size)


def test_film_equivalent_of_3_to_2_is_over_36_mm_either_way_up() -> None:
    assert ratio({FILM: 28}) == pytest.approx(28 / 36)
    assert ratio({FILM: 28}, (400, 600)) == pytest.approx(28 / 36)


def test_film_equivalent_keeps_the_diagonal_field_of_view() -> None:
    wide = ratio({FILM: 28}, (4000, 3000))
    diagonal_of_photo = math.atan(0.5 * 5 / 4 / wide)
    diagonal_of_film = math.atan(0.5 * math.hypot(36, 24) / 28)
    assert diagonal_of_photo == pytest.approx(diagonal_of_film)


@pytest.mark.parametrize(("unit", "density"), [(2, 254.0), (None, 254.0), (3, 100.0), (4, 10.0)])
def test_focal_length_with_pixel_density(unit: int | None, density: float) -> None:
    """30 mm on a sensor of 10 pixels per mm are 300 pixels of 600."""
    tags = {FOCAL: 30.0, X_DENSITY: density} | ({UNIT: unit} if unit else {})
    assert ratio(tags) == pytest.approx(0.5)


def test_density_belongs_to_the_picture_as_taken() -> None:
    tags = {FOCAL: 30.0, X_DENSITY: 20.0, UNIT: 4, PIXELS_X: 1200, PIXELS_Y: 800}
    assert ratio(tags, (600, 400)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {FOCAL: 30.0},
        {FILM: 0},
        {FILM: "wide"},
        {FILM: (1, 2)},
        {FILM: 60000},
        {FILM: float("nan")},
        {FOCAL: IFDRational(1, 0), X_DENSITY: 10.0},
        {FOCAL: 30.0, X_DENSITY: 10.0, UNIT: 99},
    ],
)
def test_nothing_or_nonsense_is_none(tags: dict[int, object]) -> None:
    assert ratio(tags) is None


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_it_is_read_from_every_format(tmp_path: Path, name: str) -> None:
    exif = Image.Exif()
    exif[0x8769] = {FILM: 54}
    Image.new("RGB", (60, 40)).save(tmp_path / name, exif=exif.tobytes())
    assert read_header(tmp_path / name).focal_ratio == pytest.approx(1.5)

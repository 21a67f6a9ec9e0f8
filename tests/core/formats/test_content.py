"""Where a reference says that the scene is."""

import struct
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.formats.colmap_binary import write_colmap_binary
from core.formats.colmap_text import write_colmap_text
from core.formats.llff import write_llff
from core.formats.reference import read_content
from core.formats.transforms import write_transforms
from core.geometry.cameras import Camera

POINTS = np.array([[1.5, -2.0, 7.0], [0.25, 0.5, 1e3], [-3.0, 4.0, 5.0]])


def binary(points: np.ndarray) -> bytes:
    """points3D.bin with as many sightings of each point as its number."""
    content = struct.pack("<Q", len(points))
    for number, point in enumerate(points):
        content += struct.pack("<Q3d3BdQ", number, *point, 1, 2, 3, 0.5, number)
        content += struct.pack("<2i", 4, 5) * number
    return content


def test_points_of_a_model(tmp_path: Path, cameras: dict[str, Camera]) -> None:
    write_colmap_text(cameras, tmp_path / "text")
    lines = ["# points", *(f"7 {x} {y} {z} 1 2 3 0.5 4 5" for x, y, z in POINTS), ""]
    (tmp_path / "text" / "points3D.txt").write_text("\n".join(lines))
    write_colmap_binary(cameras, tmp_path / "binary")
    (tmp_path / "binary" / "points3D.bin").write_bytes(binary(POINTS))
    for form in ("text", "binary"):
        assert np.array_equal(read_content(tmp_path / form), POINTS)


def test_bounds_are_points_straight_ahead(tmp_path: Path, simple: dict[str, Camera]) -> None:
    (tmp_path / "images").mkdir()
    for name in simple:
        (tmp_path / "images" / name).touch()
    write_llff(simple, tmp_path / "poses_bounds.npy", dict.fromkeys(simple, (1.5, 40.0)))
    points = read_content(tmp_path).reshape(-1, 2, 3)
    for name, pair in zip(sorted(simple), points, strict=True):
        pose = simple[name].camera_to_world
        for depth, point in zip((1.5, 40.0), pair, strict=True):
            assert np.allclose(point, pose[:3, 3] + depth * pose[:3, 2])


@pytest.mark.parametrize("form", ["text", "binary", "transforms"])
def test_forms_without_depth_say_nothing(
    tmp_path: Path, cameras: dict[str, Camera], form: str
) -> None:
    match form:
        case "text":
            write_colmap_text(cameras, tmp_path / "model")
            (tmp_path / "model" / "points3D.txt").unlink()
        case "binary":
            write_colmap_binary(cameras, tmp_path / "model")
        case _:
            (tmp_path / "model").mkdir()
            write_transforms(cameras, tmp_path / "model" / "transforms.json")
    assert read_content(tmp_path / "model").shape == (0, 3)


def test_points_that_are_no_numbers_are_passed_over(
    tmp_path: Path, cameras: dict[str, Camera]
) -> None:
    write_colmap_binary(cameras, tmp_path / "model")
    broken = np.vstack([POINTS, [np.nan, 0, 1], [np.inf, 0, 1]])
    (tmp_path / "model" / "points3D.bin").write_bytes(binary(broken))
    assert np.array_equal(read_content(tmp_path / "model"), POINTS)


@pytest.mark.parametrize("content", [b"", binary(POINTS)[:-3], struct.pack("<Q", 2**60)])
def test_a_file_that_ends_early_is_refused(
    tmp_path: Path, cameras: dict[str, Camera], content: bytes
) -> None:
    write_colmap_binary(cameras, tmp_path / "model")
    (tmp_path / "model" / "points3D.bin").write_bytes(content)
    with pytest.raises(InputError, match=r"points3D\.bin: it ends too early"):
        read_content(tmp_path / "model")


def test_a_line_that_is_no_point_is_refused(tmp_path: Path, cameras: dict[str, Camera]) -> None:
    write_colmap_text(cameras, tmp_path / "model")
    for line in ("7 1.0 2.0", "7 one 2 3 1 2 3 0.5"):
        (tmp_path / "model" / "points3D.txt").write_text(line)
        with pytest.raises(InputError, match=r"points3D\.txt, line 1"):
            read_content(tmp_path / "model")

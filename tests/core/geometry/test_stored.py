"""A photo's file, as it is stored, shows through its camera what the upright picture shows."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.exporting.sparse import seen_at
from core.geometry.cameras import Camera
from core.geometry.stored import as_stored, as_upright, upright
from core.photos.picture import decode, read_header
from tests.cameras import camera, is_pose, same

TURNS = (1, 3, 6, 8)


def upright_camera() -> Camera:
    """Of a portrait picture, its centre and pixels uneven, its lens bent."""
    one = camera((1, 2, 3), (0.3, -0.2, 0.5), size=(30, 40))
    return Camera(one.camera_to_world, 33.0, 35.0, 13.0, 22.0, 30, 40, 0.05)


@pytest.mark.parametrize("orientation", TURNS)
def test_a_point_is_seen_at_the_same_content(tmp_path: Path, orientation: int) -> None:
    """Brute force: pixels of a file that is written with EXIF, upright and as they lie."""
    lying = np.random.default_rng(0).integers(0, 255, (80, 60, 3), np.uint8)
    lying = lying if orientation in (1, 3) else lying.transpose(1, 0, 2)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(lying).save(tmp_path / "a.png", exif=exif)
    header = read_header(tmp_path / "a.png")
    standing = decode(header, header.size, "white")
    small = upright_camera()
    whole, stored = small.resized(60, 80), as_stored(small, header.stored)
    assert is_pose(stored) and (stored.width, stored.height) == lying.shape[1::-1]
    rows, columns = np.mgrid[0:80, 0:60]
    tangents = whole.tangents(np.stack([columns, rows], -1).reshape(-1, 2) + 0.5)
    local = np.concatenate([tangents, np.ones((len(tangents), 1))], -1) * 3
    points = local @ whole.camera_to_world[:3, :3].T + whole.position
    there = np.floor(seen_at(stored, points)).astype(int)
    assert (lying[there[:, 1], there[:, 0]] == standing.reshape(-1, 3)).all()


@pytest.mark.parametrize("orientation", [6, 8])
def test_cameras_that_lie_are_brought_upright(orientation: int) -> None:
    one, stored = upright_camera().resized(60, 80), (80, 60, orientation)
    assert same(as_upright(as_stored(one, stored), stored), one)
    assert as_upright(one, stored) is one, "another tool has heeded EXIF"
    there = {"images/a.jpg": as_stored(one, stored), "b.jpg": one}
    assert same(upright(there, {"a.jpg": stored})["images/a.jpg"], one)


@pytest.mark.parametrize("orientation", [2, 4, 5, 7])
def test_a_mirrored_picture_keeps_its_upright_camera(orientation: int) -> None:
    size = (60, 80) if orientation in (2, 4) else (80, 60)
    found = as_stored(upright_camera(), (*size, orientation))
    assert same(found, upright_camera().resized(60, 80))

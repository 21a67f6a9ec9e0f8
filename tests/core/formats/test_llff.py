"""poses_bounds.npy: against a formula of its own, and against another file of a real scene."""

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.formats.llff import read_llff, write_llff
from core.formats.reference import read_reference
from core.geometry.alignment import rotation_angles, umeyama
from core.geometry.cameras import Camera
from tests.cameras import camera, same
from tests.core.formats.comparing import pixel

FERN = Path(__file__).resolve().parents[4] / "shared" / "data" / "fern"
BOUNDS = (1.5, 20.0)


def with_photos(folder: Path, *names: str) -> Path:
    """A folder of empty photos beside the file; returns where the file belongs."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()
    return folder.parent / "poses_bounds.npy"


def by_hand(one: Camera) -> np.ndarray:
    """(17,) a row from where the camera sees points one unit below, beside and behind its plane.

    Its axes are found by walking from pixel to pixel, not taken from its matrix.
    """
    back = one.position - looked_at(one, one.width / 2, one.height / 2)
    right = looked_at(one, one.width / 2 + one.fx, one.height / 2) - one.position + back
    down = looked_at(one, one.width / 2, one.height / 2 + one.fy) - one.position + back
    matrix = np.zeros((3, 5))
    matrix[:, 0], matrix[:, 1], matrix[:, 2], matrix[:, 3] = down, right, back, one.position
    matrix[:, 4] = one.height, one.width, one.fx
    return np.concatenate([matrix.reshape(15), BOUNDS])


def looked_at(one: Camera, x: float, y: float) -> np.ndarray:
    """(3,) the point of the world at a pixel and depth 1, checked by projecting it."""
    rows = one.camera_to_world[:3]
    point = rows @ [(x - one.cx) / one.fx, (y - one.cy) / one.fy, 1, 1]
    assert np.allclose(pixel(one, point), (x, y))
    return point


def test_what_is_written_is_the_formula_in_order_of_sorted_names(simple, tmp_path):
    out = tmp_path / "poses_bounds.npy"
    write_llff(simple, out, dict.fromkeys(simple, BOUNDS))
    expected = [by_hand(simple[name]) for name in ("Z.png", "img1.png", "img10.png", "img2.png")]
    assert np.allclose(np.load(out), expected, atol=1e-12)


def test_what_is_written_is_read_back(simple, tmp_path):
    out = with_photos(tmp_path / "images", *simple)
    write_llff(simple, out, dict.fromkeys(simple, BOUNDS))
    read = read_llff(out)
    assert list(read) == sorted(simple)
    assert all(same(read[name], simple[name]) for name in simple)


def test_a_file_made_by_the_formula_is_read(simple, tmp_path):
    out = with_photos(tmp_path / "images", *simple)
    np.save(out, np.float32([by_hand(simple[name]) for name in sorted(simple)]))
    assert all(same(read, simple[name], 1e-5) for name, read in read_llff(out).items())


def test_photos_are_those_of_the_first_folder_with_as_many(simple, tmp_path):
    with_photos(tmp_path / "images_8", "a.jpg", "b.jpg", "c.jpg", "d.jpg")
    out = with_photos(tmp_path / "images_4", "1.PNG", "2.JPG", "3.jpeg", "4.png", ".5.png", "6.txt")
    with_photos(tmp_path / "images", "only.jpg")
    write_llff(simple, out, dict.fromkeys(simple, BOUNDS))
    assert list(read_llff(out)) == ["1.PNG", "2.JPG", "3.jpeg", "4.png"]


@pytest.mark.real_photos
@pytest.mark.skipif(not FERN.is_dir(), reason="the photographs are not beside the project")
def test_a_real_scene_is_that_of_its_transforms(tmp_path):
    bounds = read_llff(FERN / "poses_bounds.npy")
    transforms = read_reference(FERN)
    assert list(bounds) == sorted(transforms) and len(bounds) == 20
    a, b = ([cameras[name] for name in bounds] for cameras in (bounds, transforms))
    first, second = (np.stack([c.camera_to_world for c in cameras]) for cameras in (a, b))
    fit = umeyama(first[:, :3, 3], second[:, :3, 3])
    assert np.allclose(fit.points(first[:, :3, 3]), second[:, :3, 3], atol=1e-6)
    assert rotation_angles(fit.rotation @ first[:, :3, :3], second[:, :3, :3]).max() < 1e-4
    for stated, shown in zip(a, b, strict=True):  # the first at four times the size
        assert (stated.width, stated.height) == (4032, 3024)
        small = stated.resized(shown.width, shown.height)
        assert np.allclose((small.fx, small.fy, small.cx), (shown.fx, shown.fy, shown.cx))


@pytest.mark.parametrize(
    ("change", "bounds"),
    [
        ({"fy": 41.0}, BOUNDS),
        ({"cx": 30.0}, BOUNDS),
        ({}, (0.0, 1.0)),
        ({}, (2.0, 2.0)),
        ({}, (1.0, float("inf"))),
        ({}, (float("nan"), 1.0)),
    ],
)
def test_what_the_form_cannot_state_is_refused(change, bounds, tmp_path):
    other = dataclasses.replace(camera(fx=40.0), **change)
    with pytest.raises(InputError, match="LLFF"):
        write_llff({"a.jpg": other}, tmp_path / "p.npy", {"a.jpg": bounds})
    assert list(tmp_path.iterdir()) == []


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


ROW = by_hand(camera())
GOOD = npy(ROW[None])


def header(text: str) -> bytes:
    """A .npy file that claims things, with the numbers of one camera."""
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + ROW.tobytes()


HOSTILE = {
    "empty": b"",
    "text": b"down right back",
    "truncated": GOOD[:-1],
    "too long": GOOD + b"\0",
    "16 columns": npy(ROW[None, :16]),
    "one axis": npy(ROW),
    "not a number": npy(np.where(np.arange(17) == 3, np.nan, ROW)[None]),
    "scaled axes": npy(np.where(np.arange(17) == 0, 3.0, ROW)[None]),
    "no focal length": npy(np.where(np.arange(17) == 14, 0.0, ROW)[None]),
    "letters": npy(np.full((1, 17), "a")),
    "complex": npy(ROW[None].astype(complex)),
    "no rows": npy(np.zeros((0, 17))),
    "objects": header("{'descr': '|O', 'fortran_order': False, 'shape': (1, 17), }"),
    "huge": header("{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000, 17), }"),
    "negative": header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -17), }"),
    "nothing wide": header("{'descr': '<U0', 'fortran_order': False, 'shape': (10**15, 17), }"),
    "half a header": header("{'descr': '<f8', 'shape': (1, 17), "),
    "nested": header("(" * 9000),
    "version 3": b"\x93NUMPY\x03\x00" + GOOD[8:],
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_damaged_file_is_refused_by_name(what, tmp_path):
    file = with_photos(tmp_path / "images", "a.jpg")
    file.write_bytes(HOSTILE[what])
    with pytest.raises(InputError, match=r"poses_bounds\.npy"):
        read_llff(file)


def test_without_as_many_photos_the_counts_are_named(tmp_path):
    file = with_photos(tmp_path / "images", "a.jpg", "b.jpg")
    file.write_bytes(GOOD)
    with pytest.raises(InputError, match=r"states 1 .* images holds 2"):
        read_llff(file)
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "poses_bounds.npy").write_bytes(GOOD)
    with pytest.raises(InputError, match="no folder"):
        read_llff(tmp_path / "alone" / "poses_bounds.npy")

"""COLMAP's models: COLMAP itself reads what is written, and what COLMAP writes is read."""

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pycolmap
import pytest

from core.errors import InputError
from core.formats.colmap_binary import read_colmap_binary, write_colmap_binary
from core.formats.colmap_text import read_colmap_text, write_colmap_text
from core.geometry.cameras import Camera
from tests.cameras import camera, same
from tests.core.formats.comparing import all_same, pixel

KINDS = {
    "text": (write_colmap_text, read_colmap_text),
    "binary": (write_colmap_binary, read_colmap_binary),
}
both = pytest.mark.parametrize("kind", KINDS)


@both
def test_what_is_written_is_read_back(kind, cameras, tmp_path):
    write, read = KINDS[kind]
    write(cameras, tmp_path / "model")
    assert all_same(read(tmp_path / "model"), cameras)
    assert len(list((tmp_path / "model").iterdir())) == 3
    assert len(list(tmp_path.iterdir())) == 1, "nothing is left beside it"


@both
def test_colmap_sees_every_point_where_we_do(kind, cameras, tmp_path):
    KINDS[kind][0](cameras, tmp_path / "model")
    model = pycolmap.Reconstruction(tmp_path / "model")
    assert model.num_points3D() == 0 and model.num_reg_images() == len(cameras)
    for image in model.images.values():
        ours = cameras[image.name]
        theirs = image.camera
        assert theirs.model_name == "PINHOLE"
        assert (theirs.width, theirs.height) == (ours.width, ours.height)
        point = ours.position + ours.camera_to_world[:3, :3] @ [0.3, -0.2, 2.0]
        seen = theirs.img_from_cam(image.cam_from_world() * point)
        assert np.allclose(seen, pixel(ours, point), atol=1e-6)


@both
def test_photos_with_the_same_intrinsics_share_a_camera(kind, simple, tmp_path):
    KINDS[kind][0]({f"{i}.png": camera((i, 0, 0)) for i in range(3)}, tmp_path / "one")
    KINDS[kind][0](simple, tmp_path / "several")
    assert pycolmap.Reconstruction(tmp_path / "one").num_cameras() == 1
    distinct = {c.fx for c in simple.values()}
    assert pycolmap.Reconstruction(tmp_path / "several").num_cameras() == len(distinct)


LENSES = {  # as COLMAP states one, its focal lengths, and k1 where that is all the distortion
    "SIMPLE_PINHOLE": ([40.0, 30, 20], (40, 40), 0),
    "PINHOLE": ([40.0, 41, 30, 20], (40, 41), 0),
    "SIMPLE_RADIAL": ([40.0, 30, 20, 0.1], (40, 40), 0.1),
    "RADIAL": ([40.0, 30, 20, 0.1, 0.01], (40, 40), 0),
    "OPENCV": ([40.0, 41, 30, 20, 0.1, 0.01, 0.001, 0.002], (40, 41), 0),
}


def colmaps_own(lens: str, parameters: list[float], folder: Path) -> Path:
    """A model of one photo with points in it, as COLMAP itself writes it, in both kinds."""
    model = pycolmap.Reconstruction()
    own = pycolmap.Camera(model=lens, width=64, height=48, params=parameters, camera_id=7)
    model.add_camera_with_trivial_rig(own)
    points = [pycolmap.Point2D(xy) for xy in np.arange(14.0).reshape(7, 2)]
    image = pycolmap.Image(name="dir/a b.jpg", points2D=points, camera_id=7, image_id=9)
    turn = pycolmap.Rotation3d(np.array([0.5, 0.5, -0.5, 0.5]))  # xyzw
    model.add_image_with_trivial_frame(image, pycolmap.Rigid3d(turn, [1.0, 2, 3]))
    folder.mkdir()
    model.write_text(folder)
    model.write_binary(folder)
    return folder


@both
@pytest.mark.parametrize("lens", LENSES)
def test_what_colmap_writes_is_read(kind, lens, tmp_path):
    parameters, focal, k1 = LENSES[lens]
    ((name, read),) = KINDS[kind][1](colmaps_own(lens, parameters, tmp_path / "m")).items()
    world_to_camera = np.eye(4)
    world_to_camera[:3] = [[0, 1, 0, 1], [0, 0, -1, 2], [-1, 0, 0, 3]]  # that turn by hand
    expected = Camera(np.linalg.inv(world_to_camera), *focal, 30, 20, 64, 48, k1)
    assert name == "dir/a b.jpg" and same(read, expected)


@both
def test_a_lens_that_is_no_pinhole_is_refused_by_name(kind, tmp_path):
    folder = colmaps_own("OPENCV_FISHEYE", [40.0, 41, 30, 20, 0, 0, 0, 0], tmp_path / "m")
    with pytest.raises(InputError, match=r"camera model .* undistort"):
        KINDS[kind][1](folder)


def test_a_zip_holds_the_same_files(cameras, tmp_path):
    for write, _ in KINDS.values():
        write(cameras, tmp_path / "model.zip")
        with zipfile.ZipFile(tmp_path / "model.zip") as archive:
            archive.extractall(tmp_path / "unpacked")
    assert all_same(read_colmap_text(tmp_path / "unpacked"), cameras)
    assert all_same(read_colmap_binary(tmp_path / "unpacked"), cameras)


@pytest.mark.parametrize("name", ["a b.jpg", "a\nb.jpg", "a\u00a0b.jpg", " a.jpg", "a\x1b.jpg"])
def test_a_name_that_text_cannot_hold_is_refused(name, tmp_path):
    with pytest.raises(InputError, match="binary"):
        write_colmap_text({name: camera()}, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []
    write_colmap_binary({name: camera()}, tmp_path / "model")
    assert [i.name for i in pycolmap.Reconstruction(tmp_path / "model").images.values()] == [name]
    assert list(read_colmap_binary(tmp_path / "model")) == [name]


@both
def test_what_is_in_a_folder_already_stays(kind, cameras, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="already"):
        KINDS[kind][0](cameras, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


# -- damage --------------------------------------------------------------------------------------


@pytest.fixture
def model(cameras, tmp_path) -> Path:
    write_colmap_text(cameras, tmp_path / "text")
    write_colmap_binary(cameras, tmp_path / "binary")
    return tmp_path


@pytest.mark.parametrize("part", ["cameras.bin", "images.bin"])
def test_a_binary_file_that_ends_anywhere_is_refused_by_name(part, model):
    folder = model / "binary"
    whole = (folder / part).read_bytes()
    for end in range(len(whole)):
        (folder / part).write_bytes(whole[:end])
        with pytest.raises(InputError, match="binary"):
            read_colmap_binary(folder)


def patched(file: Path, at: int, form: str, value: float) -> None:
    content = bytearray(file.read_bytes())
    struct.pack_into(form, content, at, value)
    file.write_bytes(content)


IMAGE_1 = 8  # where the first image of images.bin begins; its pose follows 4 bytes later
NAME_END = IMAGE_1 + 64 + len("000.jpg\0")


@pytest.mark.parametrize(
    ("part", "at", "form", "value"),
    [
        ("cameras.bin", 0, "<Q", 2**64 - 1),
        ("cameras.bin", 8 + 4, "<i", 77),  # the kind of lens
        ("cameras.bin", 8 + 8, "<Q", 2**63),  # the width
        ("cameras.bin", 8 + 24, "<d", float("nan")),  # fx
        ("cameras.bin", 8 + 24, "<d", -40.0),
        ("cameras.bin", 8 + 40, "<d", float("inf")),  # cx
        ("images.bin", 0, "<Q", 2**64 - 1),
        ("images.bin", 0, "<Q", 0),
        ("images.bin", IMAGE_1 + 4, "<d", float("nan")),  # quaternion
        ("images.bin", IMAGE_1 + 4, "<d", 1e300),
        ("images.bin", IMAGE_1 + 36, "<d", float("nan")),  # translation
        ("images.bin", IMAGE_1 + 36, "<d", 1e300),
        ("images.bin", IMAGE_1 + 60, "<I", 4_000_000_000),  # which camera
        ("images.bin", IMAGE_1 + 64, "<B", 0xFF),  # the name is no text
        ("images.bin", NAME_END, "<Q", 2**64 - 1),  # how many points
        ("images.bin", NAME_END, "<Q", 2**59),
    ],
)
def test_a_binary_file_that_says_the_impossible_is_refused(part, at, form, value, model):
    patched(model / "binary" / part, at, form, value)
    with pytest.raises(InputError, match="binary"):
        read_colmap_binary(model / "binary")


def test_a_name_without_an_end_is_refused(model):
    file = model / "binary" / "images.bin"
    file.write_bytes(file.read_bytes()[: IMAGE_1 + 64] + b"x" * 100_000)
    with pytest.raises(InputError, match="name"):
        read_colmap_binary(model / "binary")


def lines(edit: Callable[[list[str]], None], file: Path) -> None:
    text = file.read_text().split("\n")
    edit(text)
    file.write_text("\n".join(text))


@pytest.mark.parametrize(
    ("part", "line", "text"),
    [
        ("cameras.txt", 1, "1"),
        ("cameras.txt", 1, "1 PINHOLE 64 48 40 41 30"),
        ("cameras.txt", 1, "1 PINHOLE 64 48 40 41 30 20 0"),
        ("cameras.txt", 1, "1 PINHOLE 64.5 48 40 41 30 20"),
        ("cameras.txt", 1, "1 PINHOLE 64 48 wide 41 30 20"),
        ("cameras.txt", 1, "1 PINHOLE 64 48 nan 41 30 20"),
        ("cameras.txt", 1, f"1 PINHOLE 1{'0' * 400} 48 40 41 30 20"),
        ("cameras.txt", 1, "1 FOV 64 48 40 41 30 20 1"),
        ("cameras.txt", 1, ""),
        ("images.txt", 1, "1 1 0 0 0 0 0 0 1"),
        ("images.txt", 1, "1 1 0 0 0 0 0 zero 1 a.jpg"),
        ("images.txt", 1, "1 1 0 0 0 0 0 nan 1 a.jpg"),
        ("images.txt", 1, "1 0 0 0 0 0 0 0 1 a.jpg"),
        ("images.txt", 1, "1 1 0 0 0 0 0 1e999 1 a.jpg"),
        ("images.txt", 1, "1 1 0 0 0 0 0 0 66 a.jpg"),
        ("images.txt", 1, "1 1 0 0 0 0 0 0 1 001.jpg"),  # the next one's name
        ("images.txt", 2, "1 1 0 0 0 0 0 0 1 a.jpg"),  # in the place of points
    ],
)
def test_a_line_of_text_that_says_the_impossible_is_refused(part, line, text, model):
    def edit(text_lines: list[str]) -> None:
        text_lines[line] = text

    lines(edit, model / "text" / part)
    with pytest.raises(InputError, match="text"):
        read_colmap_text(model / "text")


def test_text_of_windows_editors_is_read(cameras, tmp_path):
    write_colmap_text(cameras, tmp_path / "model")
    for file in (tmp_path / "model").iterdir():
        text = file.read_bytes().partition(b"\n1 ")[1:]  # without the remarks before it
        file.write_bytes(b"\xef\xbb\xbf" + b"".join(text).lstrip().replace(b"\n", b"\r\n"))
    assert all_same(read_colmap_text(tmp_path / "model"), cameras)


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"\xff\xfe\n", b"\0" * 100])
@pytest.mark.parametrize("part", ["cameras.txt", "images.txt"])
def test_text_that_says_nothing_is_refused(part, content, model):
    (model / "text" / part).write_bytes(content)
    with pytest.raises(InputError, match="text"):
        read_colmap_text(model / "text")


def test_an_endless_line_is_not_read_to_its_end(model, monkeypatch):
    monkeypatch.setattr("core.formats.colmap_text.LONGEST_LINE", 1000)
    lines(lambda text: text.insert(2, "1 2 3 " * 200), model / "text" / "images.txt")
    with pytest.raises(InputError, match="line 3 is too long"):
        read_colmap_text(model / "text")


@both
@pytest.mark.parametrize("part", ["cameras", "images"])
def test_a_missing_part_is_named(kind, part, model):
    for file in (model / kind).glob(f"{part}.*"):
        file.unlink()
    with pytest.raises(InputError, match=f"{part}.*no such file"):
        KINDS[kind][1](model / kind)

"""Drawings of the cameras: what is in them, and that they open."""

import dataclasses
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from scipy.spatial.transform import Rotation

from core.errors import InputError
from core.exporting.plots import camera_figure, euler_angles, plot_cameras
from core.training.learned import Learned
from tests.cameras import camera


def test_a_png_opens(learned, tmp_path):
    plot_cameras(learned, tmp_path / "cameras.png")
    with Image.open(tmp_path / "cameras.png") as image:
        image.load()
        assert image.size == (1800, 1080)
        assert len(image.convert("RGB").getcolors(1 << 24)) > 20
    assert list(tmp_path.iterdir()) == [tmp_path / "cameras.png"]


def test_an_svg_is_a_drawing(learned, tmp_path):
    plot_cameras(learned, tmp_path / "cameras.svg")
    root = ElementTree.parse(tmp_path / "cameras.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_a_pdf_is_one(learned, tmp_path):
    plot_cameras(learned, tmp_path / "cameras.pdf")
    assert (tmp_path / "cameras.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("angles", [(10, 20, 30), (-40, 5, 170), (0, 0, 0)])
def test_euler_angles_are_those_of_pytorch3d(angles):
    x, y, z = (Rotation.from_euler(a, d, degrees=True) for a, d in zip("xyz", angles, strict=True))
    turned = camera(turn=(x * y * z).as_rotvec())
    assert euler_angles(turned) == pytest.approx(angles, abs=1e-6)


def test_learned_cameras_are_drawn_where_they_are_and_held_out_ones_are_not(learned):
    axes = camera_figure(learned).axes
    positions = np.stack([camera.position for camera in learned.trained])
    angles = np.stack([euler_angles(camera) for camera in learned.trained])
    wanted = [positions[:, [0, 1]], positions[:, [0, 2]]]
    wanted += [angles[:, [0, 1]], angles[:, [1, 2]], angles[:, [0, 2]]]
    for drawn, points in zip(axes[1:], wanted, strict=True):
        (dots,) = drawn.collections
        assert np.allclose(dots.get_offsets(), points)
        assert [text.get_text() for text in drawn.texts] == ["1", "2", "3", "5", "6"]
    assert len(axes[0].lines) == 5


def test_y_is_downwards_as_in_the_world(learned):
    axes = camera_figure(learned).axes
    assert axes[1].yaxis_inverted() and not axes[2].yaxis_inverted()
    assert axes[0].zaxis_inverted()


def test_a_frustum_is_the_pyramid_of_its_camera(learned):
    for line, view in zip(camera_figure(learned).axes[0].lines, learned.trained, strict=True):
        x, z, y = line.get_data_3d()
        local = (np.stack([x, y, z], axis=-1) - view.position) @ view.camera_to_world[:3, :3]
        tips = np.isclose(local, 0, atol=1e-9).all(axis=-1)
        corners = local[~tips]
        assert tips.sum() == 3 and np.ptp(corners[:, 2]) < 1e-9
        pixels = corners[:, :2] / corners[:, 2:] * view.fx + [view.cx, view.cy]
        assert {tuple(p) for p in pixels.round(6)} == {(0, 0), (32, 0), (32, 24), (0, 24)}


def test_a_reference_is_drawn_beside_with_a_line_to_each_photo(learned):
    moved = {name: camera((9, 9, number)) for number, name in enumerate(learned.names)}
    axes = camera_figure(learned, moved | {"unknown.jpg": camera()}).axes
    assert len(axes[0].lines) == 10
    lines = [line for line in axes[1].lines if len(line.get_xdata()) == 2]
    for line, view in zip(lines, learned.trained, strict=True):
        assert np.allclose(line.get_xydata(), [view.position[:2], [9, 9]])


def test_cameras_that_never_moved_can_be_drawn(tmp_path):
    cameras = (camera(),) * 3
    learned = Learned(("a", "b", "c"), cameras, (False,) * 3, None)
    plot_cameras(learned, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_another_ending_is_refused(learned, tmp_path):
    with pytest.raises(InputError, match=r"a\.jpg: .*\.png, \.svg"):
        plot_cameras(learned, tmp_path / "a.jpg")


def test_cameras_that_are_no_numbers_are_refused(learned, tmp_path):
    broken = dataclasses.replace(learned, cameras=(camera((np.nan, 0, 0)), *learned.cameras[1:]))
    with pytest.raises(InputError, match="not finite"):
        plot_cameras(broken, tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []

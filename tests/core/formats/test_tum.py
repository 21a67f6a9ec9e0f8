"""A trajectory that evo reads."""

import numpy as np
import pytest
from evo.tools import file_interface

from core.errors import InputError
from core.formats.tum import read_tum, write_tum
from tests.cameras import camera, same


def test_evo_reads_the_same_poses(cameras, tmp_path):
    write_tum(cameras, tmp_path / "trajectory.txt")
    read = file_interface.read_tum_trajectory_file(tmp_path / "trajectory.txt")
    assert read.timestamps.tolist() == [0, 1, 2, 3, 4]
    expected = [c.camera_to_world for c in cameras.values()]
    assert np.allclose(read.poses_se3, expected, atol=1e-9)


def test_poses_are_read_back_in_their_order(cameras, tmp_path):
    write_tum(cameras, tmp_path / "t.txt")
    read = read_tum(tmp_path / "t.txt", camera(fx=77))
    assert list(read) == ["0", "1", "2", "3", "4"]
    for back, given in zip(read.values(), cameras.values(), strict=True):
        assert np.allclose(back.camera_to_world, given.camera_to_world, atol=1e-9)
        assert back.fx == 77


def test_timestamps_stay_as_they_are_written(tmp_path):
    written = "\ufeff# seconds\r\n\r\n1305031102.1753 1 2 3 0 0 0 1\r\n"  # by an editor of Windows
    (tmp_path / "t.txt").write_bytes(written.encode())
    ((stamp, read),) = read_tum(tmp_path / "t.txt", camera()).items()
    assert stamp == "1305031102.1753" and same(read, camera((1, 2, 3)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only words",
        "0 0 0 0 0 0 0",
        "0 0 0 0 0 0 0 1 1",
        "0 0 0 zero 0 0 0 1",
        "0 nan 0 0 0 0 0 1",
        "0 inf 0 0 0 0 0 1",
        "0 0 0 0 0 0 0 0",
        "0 0 0 0 0 0 0 nan",
        "0 0 0 0 0 0 0 2",
        "1 0 0 0 0 0 0 1\n1 0 0 0 0 0 0 1",
        "\udcff 0 0 0 0 0 0 1",
    ],
)
def test_a_damaged_file_is_refused_by_name(text, tmp_path):
    (tmp_path / "t.txt").write_text(text, errors="surrogateescape")
    with pytest.raises(InputError, match=r"t\.txt"):
        read_tum(tmp_path / "t.txt", camera())

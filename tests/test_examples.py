"""What stands in `examples` runs as it stands there."""

import os
import subprocess
import sys
from pathlib import Path

import cv2

from core.formats.reference import read_reference

EXAMPLE = Path(__file__).parents[1] / "examples" / "notebook.py"


def test_the_core_finds_cameras_without_a_window(photo_folder: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), str(photo_folder), str(tmp_path / "out")],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    cameras = read_reference(tmp_path / "out" / "transforms.json")
    assert sorted(cameras) == [f"{number}.png" for number in range(5)]
    assert cv2.imread(str(tmp_path / "out" / "view.png")).shape == (18, 24, 3)

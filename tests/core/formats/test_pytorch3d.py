"""Cameras for pytorch3d, read by pytorch3d itself."""

import dataclasses
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.formats.pytorch3d import write_pytorch3d
from core.geometry.cameras import Camera
from tests.cameras import camera, scattered


@pytest.fixture
def perspective_cameras(monkeypatch: pytest.MonkeyPatch) -> Any:
    """pytorch3d's class; its compiled part needs CUDA's libraries, and cameras do not need it."""
    compiled = ModuleType("pytorch3d._C")

    def anything(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return None

    compiled.__getattr__ = anything  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, "pytorch3d._C", compiled)
    from pytorch3d.renderer.cameras import PerspectiveCameras  # noqa: PLC0415

    return PerspectiveCameras


def seen(one: Camera, point: np.ndarray) -> np.ndarray:
    """(2,) the pixel of a point, by OpenCV's formula."""
    x, y, z = one.camera_to_world[:3, :3].T @ (point - one.position)
    return np.array([one.fx * x / z + one.cx, one.fy * y / z + one.cy])


def test_points_are_seen_at_the_same_pixels(tmp_path: Path, perspective_cameras: Any) -> None:
    cameras = {
        f"{i}.png": dataclasses.replace(c, fy=1.1 * c.fx, cx=c.cx + 3, cy=c.cy - 2)
        for i, c in enumerate(scattered(5, 7, spread=0.5))
    }
    write_pytorch3d(cameras, tmp_path / "pytorch3d.npz")
    arrays = dict(np.load(tmp_path / "pytorch3d.npz"))
    assert arrays.pop("names").tolist() == list(cameras)
    theirs = perspective_cameras(**{name: torch.from_numpy(a) for name, a in arrays.items()})
    centres = theirs.get_camera_center().numpy()
    for index, one in enumerate(cameras.values()):
        assert np.allclose(centres[index], one.position, atol=1e-5)
        point = one.position + one.camera_to_world[:3, :3] @ [0.3, -0.2, 2.0]
        wanted = torch.tensor(point, dtype=torch.float32).expand(len(cameras), 1, 3)
        pixel = theirs.transform_points_screen(wanted)[index, 0, :2].numpy()
        assert np.allclose(pixel, seen(one, point), atol=1e-2)


def test_distortion_is_refused(tmp_path: Path) -> None:
    bent = {"a.png": dataclasses.replace(camera(), k1=0.1)}
    with pytest.raises(InputError, match="no distortion"):
        write_pytorch3d(bent, tmp_path / "pytorch3d.npz")

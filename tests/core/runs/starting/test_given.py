"""Cameras of another program belong to photos by name, or by order where a form has no names."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.formats.llff import write_llff
from core.formats.transforms import write_transforms
from core.formats.tum import write_tum
from core.geometry.cameras import Camera
from core.photos import PhotoSet
from core.runs.starting.given import given_cameras

LIKE = Camera(np.eye(4), 30, 30, 12, 9, 24, 18)


def moved(by: float) -> Camera:
    pose = np.eye(4)
    pose[0, 3] = by
    return replace(LIKE, camera_to_world=pose)


CAMERAS = {f"{i}.png": moved(i) for i in range(5)}


def places(found: dict[str, Camera]) -> dict[str, float]:
    return {name: round(float(camera.position[0]), 6) for name, camera in found.items()}


def test_every_form_gives_each_photo_its_own_camera(photos: PhotoSet, tmp_path: Path) -> None:
    write_transforms(
        {name.replace(".png", ".jpg"): camera.scaled(10) for name, camera in CAMERAS.items()},
        tmp_path / "transforms.json",
    )
    write_llff(CAMERAS, tmp_path / "poses_bounds.npy", dict.fromkeys(CAMERAS, (1.0, 9.0)))
    write_tum(CAMERAS, tmp_path / "trajectory.txt")
    wanted = {f"{i}.png": float(i) for i in range(5)}
    for name in ("transforms.json", "poses_bounds.npy", "trajectory.txt"):
        found = given_cameras(tmp_path / name, photos, LIKE)
        assert places(found) == wanted, name
        assert all((c.width, c.height, c.fx) == (24, 18, 30) for c in found.values()), name


def test_times_may_be_names_of_photos_and_other_counts_are_refused(
    photos: PhotoSet, tmp_path: Path
) -> None:
    stated = tmp_path / "trajectory.txt"
    write_tum({name: CAMERAS[name] for name in list(CAMERAS)[:4]}, stated)  # 0, 1, 2 and 3
    assert places(given_cameras(stated, photos, LIKE)) == {f"{i}.png": float(i) for i in range(4)}
    head, *rows = stated.read_text().splitlines()
    stated.write_text("\n".join([head, *(f"7{row}" for row in rows)]))
    with pytest.raises(InputError, match="4 poses without names and there are 5 photos"):
        given_cameras(stated, photos, LIKE)
    few = dict(list(CAMERAS.items())[:4])
    write_llff(few, tmp_path / "poses_bounds.npy", dict.fromkeys(few, (1.0, 9.0)))
    with pytest.raises(InputError, match="4 cameras without names and there are 5 photos"):
        given_cameras(tmp_path / "poses_bounds.npy", photos, LIKE)

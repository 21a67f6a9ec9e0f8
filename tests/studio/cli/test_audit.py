"""The audit command: cameras of any maker beside a folder of photos, in one line."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from core.formats.colmap_text import write_colmap_text
from core.formats.transforms import write_transforms
from studio.cli import main, progress
from tests.core.depthmaps.rendered import shoot, turned

SIZES = ((80, 60), (60, 80))


@pytest.fixture(autouse=True)
def ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signals of the tests' own process stay as they are."""
    monkeypatch.setattr(progress, "end_on_signals", threading.Event)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five photos of two shapes with right cameras, wrong ones, and one photo more."""
    folder = tmp_path_factory.mktemp("audit")
    (folder / "images").mkdir()
    shot = shoot(5, 25, SIZES)
    for index, (w, h) in enumerate(shot.cameras.sizes.tolist()):
        pixels = (shot.photos[index, :, :h, :w].permute(1, 2, 0) * 255).byte().numpy()
        Image.fromarray(pixels).save(folder / "images" / f"{index}.png")
    Image.new("RGB", (80, 60)).save(folder / "images" / "stranger.png")
    for name, cameras in (("right", shot.cameras), ("wrong", turned(shot.cameras, 5))):
        (folder / name).mkdir()
        named = {f"{index}.JPG": one for index, one in enumerate(cameras.single())}
        write_transforms(named, folder / name / "transforms.json")
    write_colmap_text(
        {f"{index}.png": one for index, one in enumerate(shot.cameras.single())}, folder / "colmap"
    )
    return folder


def audit(capsys: pytest.CaptureFixture[str], photos: Path, cameras: Path) -> dict:
    words = ["audit", "--photos", str(photos), "--cameras", str(cameras)]
    assert main.run(words) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("cameras", ["right/transforms.json", "colmap"])
def test_right_cameras_of_any_form_are_trusted(
    capsys: pytest.CaptureFixture[str], photos: Path, cameras: str
) -> None:
    said = audit(capsys, photos / "images", photos / cameras)
    assert said["verdict"] == "trusted"
    assert [row["photo"] for row in said["cameras"]] == [f"{index}.png" for index in range(5)]
    assert {row["verdict"] for row in said["cameras"]} == {"trusted"}
    assert said["not_placed"] == ["stranger.png"]


def test_wrong_cameras_are_told_with_a_reason_and_a_remedy(
    capsys: pytest.CaptureFixture[str], photos: Path
) -> None:
    said = audit(capsys, photos / "images", photos / "wrong")
    assert said["verdict"] == "wrong"
    assert said["verdict_reasons"][0]["remedy"]
    assert said["verdict_reasons"][0]["figures"]["support"] < 0.25


def test_cameras_of_other_photos_are_refused_in_a_sentence(
    capsys: pytest.CaptureFixture[str], photos: Path, tmp_path: Path
) -> None:
    one = shoot(2, 5).cameras.single()[0]
    write_transforms({"0.png": one, "other.png": one}, tmp_path / "transforms.json")
    words = ["audit", "--photos", str(photos / "images"), "--cameras", str(tmp_path)]
    assert main.run(words) == 2
    assert "For 1 of the 6 photos" in (error := capsys.readouterr().err)
    assert "Traceback" not in error


def test_a_camera_of_another_shape_is_left_out_by_name(
    capsys: pytest.CaptureFixture[str], photos: Path, tmp_path: Path
) -> None:
    cameras = shoot(5, 25, SIZES).cameras.single()
    cameras[1] = replace(cameras[1], width=80, height=60)
    named = {f"{index}.png": one for index, one in enumerate(cameras)}
    write_transforms(named, tmp_path / "transforms.json")
    assert main.run(["audit", "--photos", str(photos / "images"), "--cameras", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert "1.png" in captured.err and "60 x 80" in captured.err
    assert len(json.loads(captured.out)["cameras"]) == 4

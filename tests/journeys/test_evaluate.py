"""Measuring a run from the command line: what is printed, and what is left alone."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.engine.run_folder.opening import new_trainer
from core.runs import checkpoint
from studio.cli import main
from tests.conftest import small_config
from tests.journeys.running import ROOT
from tests.perceptual import random_vgg, refuse_network

SCENE = ROOT / "assets" / "scene"
JUDGE = ROOT.parent / "shared" / "tools" / "score_cameras.py"


pytestmark = pytest.mark.usefixtures("own_signals")


@pytest.fixture(autouse=True)
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch's cache is empty, and nobody can be asked to fill it."""
    refuse_network(monkeypatch)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def trained(run: Path, photos: Path, steps: int = 20, **options: Any) -> Path:
    """A run of some steps on a folder of photos."""
    trainer = new_trainer(small_config(data__photos=str(photos), **options), run)
    for _ in range(steps):
        trainer.train_step(workers=1)
    checkpoint.save(trainer, run, {})
    trainer.close()
    return run


def reference(path: Path, names: list[str]) -> Path:
    """A transforms.json of cameras somewhere."""
    rng = np.random.default_rng(0)
    frames = [
        {"file_path": f"images/{name}", "transform_matrix": np.eye(4).tolist()} for name in names
    ]
    for frame in frames:
        for row in range(3):
            frame["transform_matrix"][row][3] = float(rng.normal())
    path.write_text(json.dumps({"w": 24, "h": 18, "fl_x": 20.0, "frames": frames}))
    return path


def evaluate(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[dict[str, Any], str]:
    """The facts that the command prints, and what it says beside them."""
    capsys.readouterr()
    assert main.run(["evaluate", *map(str, words)]) == 0
    said = capsys.readouterr()
    (line,) = said.out.splitlines()
    return json.loads(line), said.err


def refused(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """The one sentence the command ends with."""
    capsys.readouterr()
    assert main.run(["evaluate", *map(str, words)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (sentence,) = said.err.splitlines()
    return sentence


@pytest.fixture
def run(tmp_path: Path, photo_folder: Path) -> Path:
    """A run on five tiny photos; every8 keeps the first of them aside."""
    return trained(tmp_path / "run", photo_folder, data__held_out="every8")


def test_a_run_on_the_bundled_scene_is_measured_like_by_the_judge(tmp_path: Path) -> None:
    run = trained(
        tmp_path / "run", SCENE / "images", steps=40, data__long_side=40, data__held_out="last10"
    )
    words = [sys.executable, str(ROOT / "launch.py"), "evaluate", "--run", str(run)]
    done = subprocess.run(
        [*words, "--reference", str(SCENE / "transforms.json")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    facts = json.loads(line)
    assert (facts["frames"], facts["learned"], facts["held_out"]) == (18, 18, 2)
    assert (facts["split"], facts["resolution"]) == ("last10", "40x30")
    assert list(facts["photos"]) == ["018.jpg", "019.jpg"]
    assert facts["psnr"] == pytest.approx(np.mean(list(facts["photos"].values())), abs=1e-3)
    assert 8 < facts["psnr"] < 40 and -1 < facts["ssim"] < 1
    if JUDGE.exists():
        out = tmp_path / "learned.json"
        main.run(["export", "--run", str(run), "--format", "transforms", "--out", str(out)])
        judge = [sys.executable, str(JUDGE), str(out), str(SCENE / "transforms.json")]
        said = subprocess.run(judge, capture_output=True, text=True, check=True).stdout
        judged = json.loads(said)
        assert [facts[name] for name in judged] == pytest.approx(list(judged.values()), abs=1e-3)


def test_views_are_scored_without_a_reference_and_no_better_with_one(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone, said = evaluate(capsys, "--run", run)
    assert alone["lpips"] is None and "LPIPS is left out" in said and "--lpips" in said
    path = reference(tmp_path / "transforms.json", [f"{i}.png" for i in range(5)])
    beside, _ = evaluate(capsys, "--run", run, "--reference", path)
    assert alone["frames"] is None and alone["alignment"] is None
    assert beside["frames"] == 4  # the first was not learned
    for figure in ("psnr", "ssim", "photos", "test_poses"):
        assert alone[figure] == beside[figure] is not None


def test_lpips_is_measured_where_its_weights_are(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts, said = evaluate(capsys, "--run", run, "--lpips", random_vgg(tmp_path))
    assert facts["lpips"] > 0 and "left out" not in said
    assert "nowhere.pth" in refused(capsys, "--run", run, "--lpips", "nowhere.pth")


def test_evaluation_leaves_the_run_as_it_is(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def content() -> dict[Path, bytes]:
        return {file: file.read_bytes() for file in run.rglob("*") if file.is_file()}

    before = content()
    evaluate(capsys, "--run", run)
    assert content() == before


def test_a_run_that_keeps_nothing_aside_has_camera_figures_and_a_hint(
    tmp_path: Path, photo_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trained(tmp_path / "all", photo_folder)
    path = reference(tmp_path / "transforms.json", [f"{i}.png" for i in range(5)])
    shutil.rmtree(photo_folder)  # they are not needed for cameras
    facts, said = evaluate(capsys, "--run", run, "--reference", path)
    assert facts["psnr"] is None and facts["ssim"] is None and facts["photos"] == {}
    assert facts["frames"] == 5 and isinstance(facts["ate"], float)
    (sentence,) = said.splitlines()
    assert "--data.held_out every8" in sentence


def test_photos_that_were_taken_out_are_not_scored(
    tmp_path: Path, photo_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trained(
        tmp_path / "run", photo_folder, data__held_out="every8", data__disabled=["0.png", "3.png"]
    )
    facts, _ = evaluate(capsys, "--run", run)
    assert (facts["held_out"], facts["learned"]) == (0, 3)


def test_photos_may_have_moved_but_must_be_the_same(
    run: Path, tmp_path: Path, photo_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, _ = evaluate(capsys, "--run", run)
    moved = photo_folder.rename(tmp_path / "elsewhere")
    assert str(photo_folder.name) in refused(capsys, "--run", run)
    assert evaluate(capsys, "--run", run, "--photos", moved)[0] == before
    (moved / "4.png").unlink()
    sentence = refused(capsys, "--run", run, "--photos", moved)
    assert str(moved) in sentence and "--photos" in sentence


def test_bad_references_get_one_sentence(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = reference(tmp_path / "few.json", ["1.png", "2.png", "8.png"])
    assert "Only 2 of the 4" in refused(capsys, "--run", run, "--reference", few)
    nowhere = tmp_path / "nowhere.json"
    assert str(nowhere) in refused(capsys, "--run", run, "--reference", nowhere)
    assert str(tmp_path) in refused(capsys, "--run", tmp_path)

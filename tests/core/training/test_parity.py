"""docs/parity.md tells the truth about its proofs, and some bugs of others that are not here."""

import ast
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import torch

from core.config.paths import options
from core.geometry.rays import camera_rays, cast_rays
from core.photos import PhotoSet
from core.rendering.volume import Rendering
from core.runs import checkpoint
from core.training.changes import refine
from core.training.trainer import Trainer
from studio.cli import arguments, main
from tests.conftest import small_config

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "parity.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|") and not line.startswith(("|--", "| # ", "| where "))
]
FEATURES = [row for row in ROWS if len(row) == 6]


def test_all_92_features_are_there_with_a_proof_or_called_open() -> None:
    assert [int(row[0]) for row in FEATURES] == list(range(1, 93))
    for number, _, asked, where, proof, state in FEATURES:
        assert asked in ("Must", "better", "-"), number
        assert state.startswith(("works", "open", "dropped")), number
        assert state.startswith("open") or (proof != "-" and where != "-"), number


def test_every_proof_is_a_test() -> None:
    proofs = set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE))
    assert len(proofs) > 60
    for file, name in proofs:
        tree = ast.parse((ROOT / "tests" / file).read_text())
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert name in names, f"{file}::{name}"


def test_every_room_that_is_named_is_there() -> None:
    for row in FEATURES:
        for name in re.findall(r"`([^`]+)`", row[3]):
            section = name.partition(".")[0]
            if "/" in name or name.endswith(".txt") or name.endswith(".md"):
                assert (ROOT / name).exists(), name
            elif "*" in name:
                assert any(path.startswith(name.strip("*")) for path in options()), name
            elif section in ("data", "cameras", "field", "rendering", "training", "losses"):
                assert name in options(), name


def test_no_option_is_dead() -> None:
    """Every option is read somewhere, as an attribute or as an argument of a field."""
    read: set[str] = set()
    for file in [*(ROOT / "core").rglob("*.py"), *(ROOT / "studio").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute):
                read.add(node.attr)
            elif isinstance(node, ast.arg) and "fields" in file.parts:
                read.add(node.arg)
    assert {path for path in options() if path.partition(".")[2] not in read} == set()


def test_disparity_is_one_over_the_depth_of_what_is_there() -> None:
    half = Rendering(torch.zeros(1, 3), torch.tensor([4.0]), torch.tensor([0.5]), torch.ones(1, 1))
    assert half.disparity.tolist() == [0.25]


def test_training_and_rendering_cast_the_same_rays(photos: PhotoSet) -> None:
    rig = Trainer(small_config(), photos).rig
    with torch.no_grad():
        rig.rotation.normal_(0, 0.1, generator=torch.Generator().manual_seed(0))
        pixel = torch.tensor([[7, 11]])  # column, row: drawn at its centre
        trained = cast_rays(
            rig.camera_to_world(torch.tensor([2])),
            rig.focal_lengths(),
            rig.principal_point(),
            pixel + 0.5,
        )
    rendered = camera_rays(rig.cameras()[2]).directions.view(rig.height, rig.width, 3)
    assert torch.allclose(rendered[11, 7], trained.directions[0], atol=1e-6)


def test_cameras_keep_still_in_the_first_epochs_of_refine(photos: PhotoSet) -> None:
    trainer = Trainer(small_config(training__freeze_cameras_epochs=1), photos)
    trainer.train_step(1)
    refine(trainer)
    held, moved = trainer.rig.position.detach().clone(), []
    while trainer.epoch - trainer.course.stage_began.epoch < 2:
        frozen = trainer.cameras_frozen
        trainer.train_step(1)
        moved.append((frozen, not torch.equal(trainer.rig.position, held)))
    assert (True, True) not in moved
    assert (False, True) in moved and (True, False) in moved


def test_an_unknown_path_is_an_error(
    photos: PhotoSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trainer = Trainer(small_config(), photos)
    trainer.given[:] = True
    checkpoint.save(trainer, tmp_path / "run", {})
    words = ["render", "--run", str(tmp_path / "run"), "--out", str(tmp_path / "a.mp4")]
    assert main.run([*words, "--path", "spiral, interpolate"]) == 2
    assert "spiral, interpolate" in capsys.readouterr().err
    assert not (tmp_path / "a.mp4").exists()


def test_runs_of_one_minute_have_folders_of_their_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Clock:
        """Says one second later each time."""

        moment = datetime(2021, 4, 20, 12, 30)

        @classmethod
        def now(cls) -> datetime:
            cls.moment += timedelta(seconds=1)
            return cls.moment

    monkeypatch.setattr(arguments, "datetime", Clock)
    monkeypatch.chdir(tmp_path)
    assert arguments.new_run("photos") != arguments.new_run("photos")

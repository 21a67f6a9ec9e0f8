"""`import` makes a run that every other command takes."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from core.runs import checkpoint
from studio.cli import main
from tests.core.formats import published

CAMERAS = {
    "phi": torch.zeros(5, 3), "t": torch.arange(15.0).reshape(5, 3) / 100,
    "f": torch.ones(2), "so3_repr": "axis-angle", "intr_repr": "square", "H0": 18, "W0": 24,
}  # fmt: skip
CONFIG: dict[str, Any] = {
    "expname": "tiny",
    "data": {"data_dir": "./nowhere", "downscale": 4.0, "N_rays": 16},
    "model": {
        "framework": "SirenNeRF", "net_w": 16, "net_d": 3, "N_samples": 8, "siren_sigma_mul": 40.0,
        "siren_first_layer_w0": 30.0, "sigma_clamp_mode": "softplus",
    },
    "training": {"num_epoch_pre": 4, "num_epoch": 6, "ckpt_file": None, "exp_dir": "logs/tiny"},
}  # fmt: skip


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The folder of a run of improved-nerfmm, as its `pretrained` ones are."""
    folder = tmp_path / "pretrained"
    torch.manual_seed(0)
    net = published.SirenNet(16, 3, 40.0, 1.0, 1.0)
    published.save_improved(net, CAMERAS, folder / "ckpts" / "tiny_42.pt")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    return folder


def launched(*words: str | Path) -> int:
    """The exit status of a command line."""
    return main.run([str(word) for word in words])


def test_an_imported_run_renders_exports_evaluates_and_trains_on(
    source: Path, photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert launched("import", "--from", source, "--photos", photo_folder, "--run", run) == 0
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (facts["cameras"], facts["steps"], facts["field"]) == (5, 42, "siren")
    found = checkpoint.newest_in(run)
    assert (found.config.field.first_w0, found.config.field.density_scale) == (40, 40)
    assert found.config.field.density_activation == "softplus"
    assert found.config.data.long_side == 24
    assert (found.facts["stage"], found.facts["epoch"]) == ("refine", 8)
    assert launched("export", "--run", run, "--format", "npz", "--out", tmp_path / "a.npz") == 0
    assert launched("render", "--run", run, "--frames", "3", "--out", tmp_path / "a.gif") == 0
    assert launched("evaluate", "--run", run) == 0
    assert launched("train", "--run", run, "--steps", "3") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["steps"] == 45


def test_a_siren_alone_does_not_say_its_w0(
    source: Path, photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = (source / "config.yaml").rename(tmp_path / "elsewhere.yaml")
    words = ["import", "--from", source / "ckpts" / "tiny_42.pt", "--photos", photo_folder]
    assert launched(*words, "--run", tmp_path / "run") == 2
    assert "siren_sigma_mul" in capsys.readouterr().err
    assert launched(*words, "--run", tmp_path / "run", "--config", config) == 0
    repaired = tmp_path / "fork"
    words += ["--run", repaired, "--config", config, "--field.first_w0", "30"]
    assert launched(*words) == 0
    assert checkpoint.newest_in(repaired).config.field.first_w0 == 30


def test_a_run_is_never_overwritten(
    source: Path, photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["import", "--from", source, "--photos", photo_folder, "--run", tmp_path / "run"]
    assert launched(*words) == 0
    assert launched(*words) == 2
    assert "holds a run already" in capsys.readouterr().err


def test_nerfmm_is_imported_with_a_word_about_its_view_directions(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    focal = {name: torch.tensor(1.0) for name in ("fx", "fy")}
    poses = {name: torch.zeros(5, 3) for name in ("r", "t")}
    published.save_other(published.OtherNet(8, 2, 1), focal, poses, tmp_path / "logs")
    words = ["import", "--from", tmp_path / "logs", "--photos", photo_folder]
    assert launched(*words, "--run", tmp_path / "run") == 0
    assert "view directions" in capsys.readouterr().err
    assert checkpoint.newest_in(tmp_path / "run").config.rendering.space == "ndc"

"""A run under a protocol of papers: what it is asked for, and whose figures stand beside it."""

import json
import math
from pathlib import Path

import pytest

from core.config import Config
from core.config.paths import changed
from core.engine.run_folder.opening import new_trainer
from core.evaluation.protocols import PROTOCOLS, PoseErrors
from core.formats.reference import read_reference
from core.formats.transforms import read_transforms
from core.runs import checkpoint
from studio.benchmarks import protocol as benchmark
from studio.benchmarks.protocol import Outcome, options_of
from studio.cli import main
from tests.conftest import small_config

SCENE = Path(__file__).parents[3] / "assets" / "scene"
FOUND = Outcome(PoseErrors(0.5, 0.4), 0.05, 0.01, 24.0, 0.7, 18, 2, "640x480", "looked for")


def test_a_focal_length_is_known_where_the_paper_knows_it() -> None:
    reference = read_transforms(SCENE / "transforms.json")
    known = changed(Config(), options_of(PROTOCOLS["barf"], reference))
    assert (known.data.long_side, known.data.held_out) == (640, "last10")
    assert not known.cameras.learn_focal and not known.data.exif_focal
    one = next(iter(reference.values()))
    half = one.width / 2 / one.fx
    assert known.cameras.initial_fov == pytest.approx(2 * math.degrees(math.atan(half)))
    unknown = changed(Config(), options_of(PROTOCOLS["nerfmm"], reference))
    assert (unknown.data.long_side, unknown.data.held_out) == (1008, "every8")
    assert unknown.cameras.learn_focal
    assert unknown.cameras.initial_fov == Config().cameras.initial_fov
    assert {known.cameras.search, unknown.cameras.search} == {"pixels"}


def test_a_run_is_measured_on_its_training_photos_and_scored_on_the_others(tmp_path: Path) -> None:
    reference = SCENE / "transforms.json"
    config = small_config(
        data__photos=str(SCENE / "images"),
        data__long_side=40,
        data__held_out="last10",
        training__start_from=str(reference),
    )
    trainer = new_trainer(config, tmp_path)
    checkpoint.save(trainer, tmp_path / "run", {})
    trainer.close()
    known = read_reference(reference)
    parts = (tmp_path / "run", known, 2.0, reference)
    found = benchmark.outcome_of(PROTOCOLS["barf"], *parts)
    assert (found.training, found.kept_aside, found.resolution) == (18, 2, "40x30")
    assert found.poses.rotation < 0.1 and found.poses.translation is not None
    assert found.poses.translation < 0.1 and found.psnr is not None


def test_figures_stand_beside_the_published_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmark, "measured", lambda *arguments: FOUND)
    photos = tmp_path / "fern" / "images"
    photos.mkdir(parents=True)
    assert main.run(["bench", "--protocol", "barf", "--photos", str(photos)]) == 0
    out, err = capsys.readouterr()
    facts = json.loads(out)
    assert facts["rotation"] == 0.5 and facts["published"]["BARF"]["rotation"] == 0.191
    said = " ".join(err.split())
    assert "HASH" in said and "0.11" in said and "focal length known" in said
    elsewhere = tmp_path / "mine"
    elsewhere.mkdir()
    assert main.run(["bench", "--protocol", "nerfmm", "--photos", str(elsewhere)]) == 0
    assert json.loads(capsys.readouterr().out)["published"] == {}
    assert main.run(["bench", "--protocol", "barf"]) != 0
    assert "--photos" in capsys.readouterr().err

"""The measurement of planes alone: nothing learns or is checked beside them."""

from pathlib import Path

import pytest

from core.training.learners.multiplane_learner import MultiplaneLearner
from core.training.step import StepResult
from core.training.trainer import Trainer
from studio.benchmarks import learning
from studio.bundled import BUNDLED


def test_steps_of_planes_alone_are_measured_where_they_begin_to_sharpen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_step, seen = Trainer.train_step, list[Trainer]()

    def watched(trainer: Trainer, workers: int) -> StepResult:
        seen.append(trainer)
        return train_step(trainer, workers)

    monkeypatch.setattr(Trainer, "train_step", watched)
    monkeypatch.setattr(learning, "STEPS", (1, 3))
    assert learning.plane_steps_per_second(BUNDLED.parent, tmp_path, "cpu") > 0
    assert len(seen) == 3
    (planes,) = seen[-1].learners
    assert isinstance(planes, MultiplaneLearner) and planes.adjustment.over
    assert planes.present == seen[-1].recipe.sharpening[0]
    assert planes.level_step == 3

"""The numbers of the schedule are those of the levels that a run goes through."""

import pytest

from core.config import Config
from core.config.paths import changed
from core.errors import InputError
from core.photos import PhotoSet
from core.training import build
from core.training.trainer import Trainer
from tests.conftest import small_config
from tests.core.training.parts import bootstrap_of


def test_levels_have_the_numbers_of_the_options() -> None:
    recipe = build.recipe(Config())
    assert [level.steps for level in recipe.levels] == [120, 160, 100, 250, 300, 600]
    assert recipe.trial.plane_rate == (0.1, 0.05)
    assert [level.pose_rate for level in recipe.registration] == [(4e-3, 4e-4)] * 2
    assert recipe.sharpening[-1].shape_rate == recipe.sharpening[-1].focal_rate == (0, 0)
    assert recipe.most_photos == 200
    assert [level.placed for level in recipe.levels] == [False] * 3 + [True] * 3


def test_a_run_goes_through_what_was_asked_for(photos: PhotoSet) -> None:
    steps = "1,2,3,4,5,6,7,8,9"  # as a command line has it
    config = changed(small_config(training__bootstrap=True), {"schedule.steps": steps})
    trainer = Trainer(config, photos)
    trainer.train_step(1)
    leader = bootstrap_of(trainer).leader
    assert leader.level == 1 and [level.steps for level in leader.levels] == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "numbers", "words"),
    [
        ("steps", [100] * 8, "9 levels"),
        ("steps", [0] * 9, "at least 1"),
        ("planes", [8] * 8 + [9], "multiples of 4"),
        ("pose_rate", [0.0] * 9, "schedule.pose_rate_end"),
        ("smoothness", [-1.0] * 9, "at least 0"),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, numbers: list[float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        changed(Config(), {f"schedule.{name}": numbers})

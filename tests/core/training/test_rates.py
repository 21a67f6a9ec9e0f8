"""The rates that are told are those that the next step uses."""

import pytest

from core.config.paths import changed
from core.photos import PhotoSet
from core.training.changes import configure
from core.training.rates import rates_of
from core.training.trainer import Trainer
from tests.conftest import small_config


def test_of_a_field_and_its_cameras(photos: PhotoSet) -> None:
    trainer = Trainer(small_config(field__decay_epochs=1, field__decay=0.5), photos)
    for _ in range(12):
        told = rates_of(trainer)
        trainer.train_step(1)
        assert trainer.neural is not None
        adams = trainer.neural.optimizers
        used = {group: adam.param_groups[0]["lr"] for group, adam in adams.items()}
        assert told == {group: rate for group, rate in used.items() if rate > 0}
        assert used.keys() - told.keys() == {"zoom", "distortion"}, "not asked for"
    assert rates_of(trainer)["field"] == trainer.config.field.rate / 4
    configure(trainer, changed(trainer.config, {"cameras.learn_position": False}))
    assert rates_of(trainer).keys() == {"field", "rotation", "focal"}


def test_of_lenses(photos: PhotoSet) -> None:
    asked = {"cameras__focal_of": "each-photo", "cameras__learn_distortion": True}
    trainer = Trainer(small_config(**asked), photos)
    rates, part = rates_of(trainer), trainer.config.cameras
    assert (rates["zoom"], rates["distortion"]) == (part.focal_rate, part.distortion_rate)
    planes = Trainer(small_config(field__kind="planes", **asked), photos)
    assert "planes.distortion" in rates_of(planes)


def test_of_planes(photos: PhotoSet) -> None:
    trainer = Trainer(small_config(field__kind="planes"), photos)
    assert trainer.planes is not None
    for _ in range(3):
        told = rates_of(trainer)
        trainer.train_step(1)
        assert told.keys() == {f"planes.{g}" for g in ("texels", "pose", "floor", "focal")}
        assert told["planes.texels"] == trainer.planes.adams[0].param_groups[0]["lr"]
        assert told["planes.pose"] == trainer.planes.cameras.adams["pose"].param_groups[0]["lr"]
    configure(trainer, changed(trainer.config, {"cameras.learn_rotation": False}))
    assert "planes.floor" not in rates_of(trainer)
    trainer.planes.level = len(trainer.planes.levels)
    last = trainer.planes.levels[-1].plane_rate[1]
    assert rates_of(trainer)["planes.texels"] == pytest.approx(last)


def test_of_whoever_steps_while_cameras_are_found(photos: PhotoSet) -> None:
    trainer = Trainer(small_config(training__bootstrap=True), photos)
    assert trainer.bootstrap is not None
    first = trainer.recipe.starting[0]
    assert rates_of(trainer)["planes.texels"] == pytest.approx(first.plane_rate[0])
    leader = trainer.bootstrap.leader
    leader.level = len(leader.levels)
    trainer.bootstrap._begin_focal()
    assert rates_of(trainer)["planes.texels"] == pytest.approx(trainer.recipe.trial.plane_rate[0])
    trainer.explore()
    assert {"planes.texels", "field"} <= rates_of(trainer).keys()

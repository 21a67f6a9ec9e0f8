"""The rates that are told are those that the next step uses."""

from dataclasses import replace

import pytest

from core.config.paths import changed, get
from core.photos import PhotoSet
from core.training.changes import configure
from core.training.trainer import Trainer
from tests.conftest import small_config
from tests.core.training.layers import brief
from tests.core.training.parts import bootstrap_of, network_of, planes_of


def test_of_a_field_and_its_cameras(photos: PhotoSet) -> None:
    trainer = Trainer(small_config(field__decay_epochs=1, field__decay=0.5), photos)
    for _ in range(12):
        told = trainer.rates
        trainer.train_step(1)
        assert network_of(trainer) is not None
        adams = network_of(trainer).optimizers
        used = {group: adam.param_groups[0]["lr"] for group, adam in adams.items()}
        assert told == {group: rate for group, rate in used.items() if rate > 0}
        assert used.keys() - told.keys() == {"zoom", "distortion"}, "not asked for"
    assert trainer.rates["field"] == trainer.config.field.rate / 4
    configure(trainer, changed(trainer.config, {"cameras.learn_position": False}))
    assert trainer.rates.keys() == {"field", "rotation", "focal"}


def test_of_lenses(photos: PhotoSet) -> None:
    asked = {"cameras__focal_of": "each-photo", "cameras__learn_distortion": True}
    trainer = Trainer(small_config(**asked), photos)
    rates, part = trainer.rates, trainer.config.cameras
    assert (rates["zoom"], rates["distortion"]) == (part.focal_rate, part.distortion_rate)
    planes = Trainer(small_config(field__kind="planes", **asked), photos)
    assert "planes.distortion" in planes.rates


def test_of_planes(photos: PhotoSet) -> None:
    trainer = Trainer(small_config(field__kind="planes"), photos)
    assert planes_of(trainer) is not None
    for _ in range(3):
        told = trainer.rates
        trainer.train_step(1)
        assert told.keys() == {f"planes.{g}" for g in ("texels", "pose", "floor", "focal")}
        assert told["planes.texels"] == planes_of(trainer).adams[0].param_groups[0]["lr"]
        assert told["planes.pose"] == planes_of(trainer).cameras.adams["pose"].param_groups[0]["lr"]
    configure(trainer, changed(trainer.config, {"cameras.learn_rotation": False}))
    assert "planes.floor" not in trainer.rates
    planes_of(trainer).level = len(planes_of(trainer).levels)
    last = planes_of(trainer).levels[-1].plane_rate[1]
    assert trainer.rates["planes.texels"] == pytest.approx(last)


def test_of_whoever_steps_while_cameras_are_found(photos: PhotoSet) -> None:
    recipe = brief(steps=2)
    recipe = replace(recipe, trial=replace(recipe.trial, plane_rate=(0.07, 0.07)))  # as no other
    trainer = Trainer(small_config(training__bootstrap=True), photos, recipe)
    assert bootstrap_of(trainer) is not None
    first = trainer.recipe.starting[0]
    assert trainer.rates["planes.texels"] == pytest.approx(first.plane_rate[0])
    while bootstrap_of(trainer).phase != "focal":
        trainer.train_step(1)
    assert trainer.rates["planes.texels"] == pytest.approx(0.07)
    trainer.explore()
    assert {"planes.texels", "field"} <= trainer.rates.keys()


@pytest.mark.parametrize("option", ["rate", "focal_rate", "decay_epochs"])
def test_a_rate_that_cannot_act_says_so(photos: PhotoSet, option: str) -> None:
    trainer = Trainer(small_config(training__bootstrap=True), photos, brief(steps=2))
    for stage in ("bootstrap", "explore"):
        while trainer.stage != stage:
            trainer.train_step(1)
        trainer.drain_messages()
        value = 2 * get(trainer.config, f"cameras.{option}")
        configure(trainer, changed(trainer.config, {f"cameras.{option}": value}))
        (said,) = trainer.drain_messages()
        assert f"cameras.{option} cannot act" in said and "rate_beside_planes" in said
    configure(trainer, changed(trainer.config, {"cameras.rate_beside_planes": 0.5}))
    configure(trainer, changed(trainer.config, {"cameras.rate": 1e-3}))
    assert trainer.drain_messages() == []


def test_a_rate_that_acts_says_nothing(photos: PhotoSet) -> None:
    trainer = Trainer(small_config(), photos)
    configure(trainer, changed(trainer.config, {"cameras.rate": 1e-3}))
    assert trainer.drain_messages() == []

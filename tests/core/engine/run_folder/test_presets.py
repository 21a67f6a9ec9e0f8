"""A GPU brings options of its own, and what a person asks for wins over them."""

import pytest
import torch

from core.config import Config
from core.config.paths import changed
from core.engine.run_folder import presets


def test_a_card_brings_more_rays_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presets, "name_of", lambda device: "Tesla")
    asked = {"training.rays": 100, "field.kind": "siren"}
    options, (said,) = presets.for_device(asked, torch.device("cuda"))
    config, usual = changed(Config(), options), Config()
    assert (config.training.rays, config.field.kind) == (100, "siren")
    pairs = zip(config.schedule.rays, usual.schedule.rays, strict=True)
    assert {more / max(few, 1) for more, few in pairs} <= {0, 1, 2}
    assert said == "On the Tesla schedule.rays are those of configs/gpu.yaml."


def test_a_cpu_brings_nothing() -> None:
    assert presets.for_device({"training.rays": 7}, torch.device("cpu")) == (
        {"training.rays": 7}, [],
    )  # fmt: skip


def test_whoever_asks_for_all_of_it_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presets, "name_of", lambda device: "Tesla")
    asked = {"training.rays": 7, "schedule.rays": Config().schedule.rays}
    assert presets.for_device(asked, torch.device("cuda")) == (asked, [])

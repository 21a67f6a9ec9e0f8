"""All that a trainer's next step depends on: tensors by name, and plain facts."""

from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn

from core.fields.gradual import Gradual
from core.multiplane.field import PlanesField
from core.bootstrap.bootstrap import Findings
from core.training.build import build_field, express, plane_unit, ripen
from core.config import Config
from core.training.field_learner import Moment, NeuralLearner
from core.training.optimizers import packed, part_of, unpack
from core.training.trainer import Trainer

COUNTED = ("step", "epoch", "stage", "stage_start", "stage_start_step", "seconds", "shown")


def facts_of(trainer: Trainer) -> dict[str, Any]:
    """What is plain: counters, the stage, what was found; JSON can hold it."""
    facts: dict[str, Any] = {name: getattr(trainer, name) for name in COUNTED}
    facts["findings"] = asdict(trainer.findings)
    facts["unseen"] = trainer.contest.errors if trainer.contest else {}
    if trainer.neural is not None:
        facts["field_start"] = trainer.neural.field_start
        facts["field_start_step"] = trainer.neural.field_start_step
        facts["precision"] = trainer.neural.field.precision
    if trainer.planes is not None:
        facts["levels"] = len(trainer.planes.levels)
    if trainer.bootstrap is not None:
        facts["bootstrap"] = trainer.bootstrap.facts()
    return facts


def tensors_of(trainer: Trainer) -> dict[str, Tensor]:
    """What is learned, its optimizers' moments, the source of chance."""
    tensors = {f"rig.{name}": p.detach() for name, p in trainer.rig.named_parameters()}
    tensors |= {
        "chance": trainer.generator.get_state(),
        "order": trainer.order,
        "photo_error": trainer.photo_error,
        "given": trainer.given,
    }
    if trainer.neural is not None:
        field = trainer.neural.field.named_parameters()
        tensors |= {f"field.{name}": p.detach() for name, p in field}
        for group, adam in trainer.neural.optimizers.items():
            tensors |= {f"adam.{group}.{key}": value for key, value in packed(adam).items()}
    if trainer.bootstrap is not None:
        tensors |= {f"bootstrap.{n}": t for n, t in trainer.bootstrap.state().items()}
    if trainer.planes is not None:
        tensors |= {f"planes.{n}": t for n, t in trainer.planes.state().items()}
    return tensors


def restore(trainer: Trainer, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    """Be where both were taken; the trainer was made with the same config and photos."""
    for name in COUNTED:
        setattr(trainer, name, facts[name])
    trainer.findings = Findings.of(facts["findings"])
    trainer.generator.set_state(tensors["chance"])
    trainer.order, trainer.photo_error = tensors["order"], tensors["photo_error"]
    trainer.given = tensors.get("given", trainer.given)
    trainer.rig.take(part_of(tensors, "rig."))
    express(trainer.rig, trainer.config, trainer.stage)
    if trainer.contest is not None:
        trainer.contest.errors = dict(facts["unseen"])
    planes = part_of(tensors, "planes.")
    trainer.neural = _neural(trainer, facts, tensors) if "field_start" in facts else None
    if "bootstrap" in facts:
        assert trainer.bootstrap is not None
        trainer.bootstrap.restore(facts["bootstrap"], planes, part_of(tensors, "bootstrap."))
        trainer.planes, trainer.rig = trainer.bootstrap.leader, trainer.bootstrap.leader.rig
    else:
        trainer.bootstrap = None
        levels = trainer.recipe.levels[-facts.get("levels", 0) :]
        trainer.planes = trainer.new_planes(levels, trainer.trained_photos()) if planes else None
        if trainer.planes is not None:
            trainer.planes.restore(planes)


def _neural(trainer: Trainer, facts: dict[str, Any], tensors: dict[str, Tensor]) -> NeuralLearner:
    chance = trainer.generator.get_state()
    start = Moment(facts["field_start"], facts["field_start_step"])
    neural = NeuralLearner(trainer.config, trainer.rig, start, trainer.generator)
    trainer.generator.set_state(chance)
    _fill(neural.field, trainer.config, facts, part_of(tensors, "field."))
    for group, adam in neural.optimizers.items():
        unpack(adam, part_of(tensors, f"adam.{group}."))
    return neural


def fields_of(
    config: Config, facts: dict[str, Any], tensors: dict[str, Tensor]
) -> dict[str, nn.Module]:
    """The fields that were saved: `planes` and `field`, where they are."""
    fields: dict[str, nn.Module] = {}
    planes, field = part_of(tensors, "planes.field."), part_of(tensors, "field.")
    if planes:
        fields["planes"] = PlanesField.of(planes, plane_unit(config))
    if field:
        network = build_field(config, torch.Generator())
        _fill(network, config, facts, field)
        fields["field"] = network
    return fields


def _fill(
    network: Gradual, config: Config, facts: dict[str, Any], tensors: dict[str, Tensor]
) -> None:
    """Make a fresh network what it was when it was saved."""
    load(network, tensors)
    network.precision = facts["precision"]
    ripen(network, config, facts["epoch"] - facts["field_start"])


@torch.no_grad()
def load(module: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Copy parameters by name."""
    for name, parameter in module.named_parameters():
        parameter.copy_(tensors[name])

"""All that a trainer's next step depends on: tensors by name, and plain facts."""

from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn

from core.bootstrap.findings import Findings, Way
from core.config import Config
from core.config.paths import changed
from core.multiplane.field import MultiplaneImage
from core.states import part_of
from core.training.build import build_field, express, near_depth
from core.training.learner import Course, Progress
from core.training.learners.field_learner import fill
from core.training.learners.registry import LEARNERS
from core.training.trainer import Trainer


def facts_of(trainer: Trainer) -> dict[str, Any]:
    """What is plain: counters, the stage, what was found; JSON can hold it."""
    course = trainer.course
    facts: dict[str, Any] = {
        "step": trainer.step,
        "epoch": trainer.epoch,
        "stage": course.stage,
        "stage_start": course.stage_began.epoch,
        "stage_start_step": course.stage_began.step,
        "seconds": course.seconds,
        "found_after": course.found_after,
        "shown": trainer.shown,
        "found_by": course.found_by,
        "findings": asdict(course.findings),
        "unseen": trainer.holdout.errors,
    }
    for learner in trainer.learners:
        facts |= learner.facts()
    return facts


def course_in(facts: dict[str, Any], found_by: Way) -> Course:
    """Where a run was when its facts were taken; older ones do not say how cameras were found."""
    return Course(
        stage=facts["stage"],
        stage_began=Progress(facts["stage_start"], facts["stage_start_step"]),
        progress=Progress(facts["epoch"], facts["step"]),
        seconds=facts["seconds"],
        found_by=facts.get("found_by", found_by),
        found_after=facts.get("found_after"),
        findings=Findings.of(facts["findings"]),
    )


def tensors_of(trainer: Trainer) -> dict[str, Tensor]:
    """What is learned, its optimizers' moments, the source of chance."""
    tensors = {f"rig.{name}": p.detach() for name, p in trainer.rig.named_parameters()}
    tensors |= {
        "chance": trainer.generator.get_state(),
        "order": trainer.order,
        "photo_error": trainer.photo_error,
        "given": trainer.given,
    }
    for learner in trainer.learners:
        tensors |= learner.state()
    return tensors


def restore(trainer: Trainer, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    """Be where both were taken; the trainer was made with the same config and photos."""
    trainer.course, trainer.shown = course_in(facts, trainer.course.found_by), facts["shown"]
    trainer.order, trainer.photo_error = tensors["order"], tensors["photo_error"]
    trainer.given = tensors.get("given", trainer.given)
    trainer.rig.take(part_of(tensors, "rig."))
    express(trainer.rig, trainer.config, trainer.stage)
    trainer.holdout.errors = dict(facts["unseen"])
    context = trainer.context()
    trainer.learners = [
        kind.begin(context) for kind in LEARNERS.values() if kind.saved_in(facts, tensors)
    ]
    for learner in trainer.learners:
        learner.restore(context, facts, tensors)
    trainer.generator.set_state(tensors["chance"])  # who began has drawn from it


def require_taken(trainer: Trainer, tensors: dict[str, Tensor]) -> None:
    """See that a trainer that was restored holds what was saved, and can be shown.

    Raises:
        ValueError: a tensor has another shape or kind than the trainer has for it.
    """
    for name, tensor in tensors_of(trainer).items():
        saved = tensors.get(name, tensor)
        alike = saved.is_floating_point() == tensor.is_floating_point()
        if saved.shape != tensor.shape or not alike:
            raise ValueError(f"{name} is {list(saved.shape)} of {saved.dtype}")
    if trainer.shown not in [learner.shows for learner in trainer.learners]:
        raise ValueError(f"shown is {trainer.shown!r}, and nothing of that name learns")
    trainer.learned().require_somewhere()


def fields_of(
    config: Config, facts: dict[str, Any], tensors: dict[str, Tensor]
) -> dict[str, nn.Module]:
    """The fields that were saved: `planes` and `field`, where they are; on the CPU."""
    config = changed(config, {"training.device": "cpu"})  # the run's may not be here
    fields: dict[str, nn.Module] = {}
    planes, field = part_of(tensors, "planes.field."), part_of(tensors, "field.")
    if planes:
        fields["planes"] = MultiplaneImage.of(planes, near_depth(config))
    if field:
        network = build_field(config, torch.Generator())
        fill(network, config, facts, field)
        fields["field"] = network
    return fields

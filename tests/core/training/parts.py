"""Who learns in a trainer, by kind, None where there is none; and what they are given."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch

from core.bootstrap.bootstrap import Bootstrap
from core.config import Config
from core.distributed.process_group import SINGLE_PROCESS
from core.geometry.cameras import CameraRig
from core.geometry.rays import Rays
from core.training.holdout import Holdout
from core.training.learner import Progress, StepContext
from core.training.learners.field_learner import FieldLearner
from core.training.learners.multiplane_learner import MultiplaneLearner
from core.training.losses.judges import Judges
from core.training.trainer import Trainer
from tests.core.training.layers import RECIPE


def bootstrap_of(trainer: Trainer) -> Bootstrap | None:
    """Who finds the cameras."""
    return trainer.find(Bootstrap)


def planes_of(trainer: Trainer) -> MultiplaneLearner | None:
    """The planes; while cameras are being found, those that lead."""
    finding = trainer.find(Bootstrap)
    return trainer.find(MultiplaneLearner) if finding is None else finding.leader


def network_of(trainer: Trainer) -> FieldLearner | None:
    """The network and the cameras' optimizers of its steps."""
    return trainer.find(FieldLearner)


def alone(learner: MultiplaneLearner, generator: torch.Generator | None = None) -> StepContext:
    """What planes are given that learn without a run."""
    return StepContext(
        config=Config(), recipe=RECIPE, colours=learner.colours, names=(), rig=learner.rig,
        cameras_known=True, found_by="pixels", trained=learner.trained, visited=learner.trained[:0],
        allowed=learner.allowed, stage="explore", progress=Progress(), stage_began=Progress(),
        turn=0, hold=False, camera_share=1.0, proposal=None, judges=Judges(),
        generator=generator or torch.Generator(), parallel_map=map, processes=SINGLE_PROCESS,
        room=learner.room,
    )  # fmt: skip


def error_of(holdout: Holdout, answer: Callable[[Rays], torch.Tensor], rig: CameraRig) -> float:
    """The squared error, at pixels kept aside, of a scene whose rays see what `answer` says."""
    scene: Any = SimpleNamespace(
        render=lambda rays: SimpleNamespace(rgb=answer(rays)), error_left=1.0
    )
    holdout.ask("answer", scene, rig)
    return holdout.errors.pop("answer")

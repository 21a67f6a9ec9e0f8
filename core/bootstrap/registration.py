"""Photos beyond the first ones: fitted to planes that stay as they are."""

import torch
from torch import Tensor

from core.multiplane.schedule import Level
from core.training.learners.multiplane_learner import MultiplaneLearner


def spread(photos: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """At most so many of the photos (K,), spread evenly over their order; and the others."""
    if len(photos) <= most:
        return photos, photos[:0]
    chosen = torch.zeros(len(photos), dtype=torch.bool)
    chosen[torch.linspace(0, len(photos) - 1, most).round().long()] = True
    return photos[chosen], photos[~chosen]


def registration(
    learner: MultiplaneLearner, photos: Tensor, levels: tuple[Level, ...]
) -> MultiplaneLearner:
    """A learner of other photos (K,) for the same rig and planes, which stay as they are."""
    newcomers = MultiplaneLearner(
        learner.rig, learner.colours, photos, learner.cameras.learns, levels,
        learner.field.near_depth, learner.allowed, room=learner.room,
    )  # fmt: skip
    newcomers.take(learner.field)
    return newcomers

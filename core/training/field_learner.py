"""Learning a neural field, and the cameras with it, from random pixels."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from core.config import Config
from core.distributed.process_group import ALONE, Alone, Mapper
from core.geometry.cameras import CameraRig
from core.multiplane.field import PlanesField
from core.rendering.volume import rays_at_once
from core.training.batch import draw_batch
from core.training.build import build_field, ray_settings, ripen
from core.training.losses.patches import Glimpse, pull
from core.training.optimizers import GROUPS, learning_rate, make_optimizer
from core.training.step import StepResult, training_step


class Moment(NamedTuple):
    """A point of a run, or how far it is from another one."""

    epoch: int
    step: int

    def since(self, epoch: int, step: int) -> "Moment":
        """How far this is from there."""
        return Moment(self.epoch - epoch, self.step - step)


class NeuralLearner:
    """A neural field, the cameras' optimizers of its steps, and when their schedules began."""

    def __init__(
        self, config: Config, rig: CameraRig, now: Moment, generator: torch.Generator
    ) -> None:
        """A fresh field for these cameras, its schedule beginning now."""
        self.rig = rig
        self.optimizers: dict[str, torch.optim.Adam] = {}
        self.renew_field(config, now, generator)
        self.renew_cameras()

    def renew_field(self, config: Config, now: Moment, generator: torch.Generator) -> None:
        """Another field and its optimizer; the cameras' are left alone."""
        self.field = build_field(config, generator).to(self.rig.position.device)
        self.field_start, self.field_start_step = now
        self.optimizers["field"] = make_optimizer(list(self.field.parameters()))

    def renew_cameras(self, groups: tuple[str, ...] = GROUPS[1:]) -> None:
        """New optimizers for some of the cameras' numbers."""
        for group in groups:
            self.optimizers[group] = make_optimizer([self.rig.get_parameter(group)])

    def step(
        self,
        config: Config,
        photos: Tensor,
        candidates: Tensor,
        allowed: Tensor | None,
        rates: dict[str, float],
        epoch: int,
        generator: torch.Generator,
        mapper: Mapper,
        guide: PlanesField | None = None,
        glimpses: Sequence[Glimpse] = (),
        team: Alone = ALONE,
    ) -> StepResult:
        """Draw pixels, render, compare, move.

        Args:
            config: everything that may change between steps.
            photos: (N, H, W, 3) uint8.
            candidates: (K,) photos to draw from; a single one where every pixel of it is asked for.
            allowed: (Q,) pixels to draw from; None is all.
            rates: of each group of parameters that may move; the others stay.
            epoch: of the run.
            generator: the source of chance.
            mapper: `map`, or one that shares pieces among workers.
            guide: planes that say where along rays the field is asked; None asks it evenly.
            glimpses: pictures to judge beside the pixels.
            team: the processes that share it.
        """
        settings = ray_settings(config)
        ripen(self.field, config, epoch - self.field_start)
        batch = draw_batch(
            photos,
            candidates,
            allowed,
            config.training.rays,
            settings.points(guide),
            config.rendering.perturb,
            config.field.density_noise,
            generator,
        )
        for group, rate in rates.items():
            self.optimizers[group].param_groups[0]["lr"] = rate
        moved = [*self.field.parameters()] if "field" in rates else []
        moved += [self.rig.get_parameter(group) for group in GROUPS[1:] if group in rates]
        optimizers = [self.optimizers[group] for group in rates]
        points, device = settings.points(guide), photos.device
        piece = rays_at_once(self.field, len(batch.photo), points, device)
        extra = [
            pull(glimpse, self.rig, self.field, settings, moved, piece, mapper, guide)[1]
            for glimpse in glimpses[team.rank :: team.world]
        ]
        return training_step(
            self.rig, self.field, batch, settings, moved, optimizers, mapper, guide, extra, team
        )


def rates_at(
    config: Config, field_age: Moment, camera_age: Moment, slow: float
) -> dict[str, float]:
    """The rate of every group that the config lets learn.

    Args:
        field_age, camera_age: how long the schedules have run.
        slow: factor on the cameras' rates; 0 keeps them where they are.
    """
    part = config.cameras
    learns = {
        "rotation": part.learn_rotation,
        "position": part.learn_position,
        "focal": part.learn_focal,
        "zoom": part.learn_focal and part.focal_of == "each-photo",
        "distortion": part.learn_distortion,
    }
    rates = {"field": learning_rate(config, "field", *field_age)}
    for group, may in learns.items():
        if may and slow > 0:
            rates[group] = slow * learning_rate(config, group, *camera_age)
    return rates

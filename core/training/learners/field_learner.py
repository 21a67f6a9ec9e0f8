"""Learning a neural field, and the cameras with it, from random pixels."""

import functools
from collections.abc import Mapping
from typing import Any, Self

import torch
from torch import Tensor, nn

from core.config import Config
from core.config.declare import Effect
from core.config.paths import strongest
from core.distributed.process_group import ProcessGroup
from core.fields.gradual import Gradual
from core.fields.precision import PRECISIONS
from core.rendering.contraction import Ball
from core.rendering.occupancy import Occupancy
from core.rendering.scene import FieldScene, Scene
from core.rendering.volume import RaySettings, rays_at_once
from core.states import part_of
from core.training import build
from core.training.batch import WHOLE, Batch, draw_batch
from core.training.captured import Captured
from core.training.learner import Learner, Progress, StepContext
from core.training.learners.beside_maps import ball_in, settings_in
from core.training.losses.patches import Glimpse, pull
from core.training.optimizers import (
    GROUPS,
    learning_rate,
    load,
    make_optimizer,
    packed,
    unpack,
)
from core.training.step import Gradients, Sharing, StepResult, moved_by, training_step

LOOKED_AT = ("network", "both")  # words of explore.show with which a network is looked at


class FieldLearner(Learner):
    """A neural field, the cameras' optimizers of its steps, and when its schedule began.

    Beside depth maps it learns while it is looked at, in the contracted world around what these
    say is near; where rays of it are asked, they say as well.
    """

    shows = "field"
    field: Gradual

    def __init__(self, context: StepContext) -> None:
        """A fresh field for these cameras, its schedule beginning now."""
        super().__init__()
        self.rig = context.rig
        self._beside_maps = context.by_depth_maps
        self._heed(context)
        self.graphs = Captured.on(self.rig.position.device)
        self.optimizers: dict[str, torch.optim.Adam] = {}
        self.renew_field(context)
        self.renew_cameras()

    @classmethod
    def wanted(cls, context: StepContext) -> bool:
        """Once there are cameras to begin from."""
        wanted = context.config.field.kind != "planes" and context.stage != "bootstrap"
        return wanted and (_looked_at(context) or not context.by_depth_maps)

    @classmethod
    def begin(cls, context: StepContext) -> Self:
        """A fresh field."""
        return cls(context)

    def renew_field(self, context: StepContext) -> None:
        """Another field and its optimizer; the cameras' are left alone."""
        fresh = build.build_field(context.config, context.generator)
        self.field = fresh.to(self.rig.position.device)
        self.began = context.progress
        self._ball: Ball | None = None
        self.optimizers["field"] = make_optimizer(list(self.field.parameters()))

    def renew_cameras(self, groups: tuple[str, ...] = GROUPS[1:]) -> None:
        """New optimizers for some of the cameras' numbers."""
        for group in groups:
            self.optimizers[group] = make_optimizer([self.rig.get_parameter(group)])

    def _heed(self, context: StepContext) -> None:
        """Rest beside depth maps while nobody looks."""
        self._rests = self._beside_maps and not _looked_at(context)

    @property
    def finished(self) -> bool:  # type: ignore[override]
        """Whether nobody looks at it, so that it rests."""
        return self._rests

    @property
    def complete(self) -> bool:  # type: ignore[override]
        """Whether it rests."""
        return self._rests

    # -- one step ----------------------------------------------------------------------------

    def ready(self, context: StepContext) -> bool:
        """Beside depth maps: while it is looked at, and once these stand."""
        beside = self._beside_maps
        return not beside or (not self._rests and isinstance(context.proposal, Occupancy))

    def _settings(self, context: StepContext) -> RaySettings:
        if self._ball is None and isinstance(context.proposal, Occupancy):
            self._ball = context.proposal.ball
        return settings_in(self._ball, build.ray_settings(context.config), context.proposal)

    def step(self, context: StepContext) -> StepResult:
        """Draw pixels, render, compare, move."""
        act = functools.partial(self._step, context)
        return context.processes.attempt(context.generator, act)

    def _step(self, context: StepContext, processes: ProcessGroup) -> StepResult:
        """Nothing moves before the last sum over processes."""
        config, training, rates = context.config, context.config.training, self.rates(context)
        settings = self._settings(context)
        points = settings.points(context.proposal)
        one = training.pixels_from == "one-photo" or training.rays == WHOLE
        candidates = context.visited if one else context.trained
        glimpses = self._glimpses(context, candidates, points)
        build.ripen(self.field, config, context.progress.since(self.began).epoch)
        batch = draw_batch(
            context.colours, candidates, context.allowed, training.rays, points,
            config.rendering.perturb, config.field.density_noise, context.generator,
        )  # fmt: skip
        for group, rate in rates.items():
            self.optimizers[group].param_groups[0]["lr"] = rate
        optimizers = [self.optimizers[group] for group in rates]
        moved, mine = moved_by(optimizers), glimpses[processes.rank :: processes.world]
        extra = [self._pull(context, glimpse, moved, points) for glimpse in mine]
        graphs = None if processes.world > 1 or glimpses or self.field.progress < 1 else self.graphs
        batch = self._at(graphs, batch, context, settings, rates) if graphs else batch
        sharing = Sharing(context.parallel_map, processes, context.room, graphs)
        return training_step(
            self.rig, self.field, batch, settings, optimizers, context.proposal, extra, sharing
        )

    def _at(
        self, graphs: Captured, batch: Batch, context: StepContext, settings: RaySettings,
        rates: dict[str, float],
    ) -> Batch:  # fmt: skip
        """The same batch, where those of recorded steps are; and the rates, where theirs are."""
        given, rig = batch.tensors(), self.rig
        shape = [*given[0].shape, *given[-1].shape, len(given)]
        key = settings, context.room, self.field.view_weight, rig.distorts, *rates, *shape
        optimizers = [self.optimizers[group] for group in rates]
        moments = [
            moment for of in optimizers for own in of.state.values() for moment in own.values()
        ]
        parts = [self.field, rig, context.proposal, *rig.parameters(), *optimizers, *moments]
        *there, moving = graphs.at(key, parts, [*given, torch.tensor(list(rates.values()))])
        for optimizer, rate in zip(optimizers, moving.unbind(), strict=True):
            optimizer.param_groups[0]["lr"] = rate
        return batch.holding(there)

    def _glimpses(self, context: StepContext, candidates: Tensor, points: int) -> list[Glimpse]:
        """Pictures to judge in this step; mostly none."""
        if not context.judges.waiting or context.turn % context.config.losses.every:
            return []
        return context.judges.glimpses(
            context.config, self.rig, context.colours, candidates, context.trained,
            context.allowed, points, context.generator,
        )  # fmt: skip

    def _pull(
        self, context: StepContext, glimpse: Glimpse, moved: list[nn.Parameter], points: int
    ) -> Gradients:
        """What a picture's loss adds to the gradients."""
        rays, device = len(glimpse.batch.photo), context.colours.device
        piece = context.room.eased(rays_at_once(self.field, rays, points, device))
        settings = self._settings(context)
        return pull(
            glimpse, self.rig, self.field, settings, moved, piece, context.parallel_map,
            context.proposal,
        )[1]  # fmt: skip

    # -- what others see ---------------------------------------------------------------------

    def scene(self, context: StepContext) -> Scene:
        """The field, asked where others propose that the scene is."""
        focal, settings = self.rig.normalized_focal().detach(), self._settings(context)
        return FieldScene(self.field, focal, settings, context.proposal)

    def rates(self, context: StepContext) -> dict[str, float]:
        """Those that the options let learn, called as the options are."""
        share = context.camera_share * (not context.hold)
        ages = (
            context.progress.since(self.began),
            context.progress.since(context.stage_began),
        )
        return rates_at(context.config, *ages, share)

    # -- what a person changes ---------------------------------------------------------------

    def reconfigure(self, old: StepContext, new: StepContext, converted: tuple[str, ...]) -> None:
        """Take over other options; what is stored in another way learns anew."""
        self.renew_cameras(converted)
        self._heed(new)
        rebuilt = strongest(old.config, new.config) is Effect.REBUILD_FIELD
        if rebuilt and self.wanted(new):
            self.renew_field(new)

    def restarted(self, context: StepContext) -> Self:
        """A fresh field, and the cameras' schedules from the beginning."""
        self.renew_field(context)
        self.renew_cameras()
        return self

    # -- to be continued -----------------------------------------------------------------------

    @classmethod
    def saved_in(cls, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> bool:
        """Whether a run had a field."""
        return "field_start" in facts

    def facts(self) -> dict[str, Any]:
        """When it began, and what its hidden layers compute in."""
        return {
            "field_start": self.began.epoch,
            "field_start_step": self.began.step,
            "precision": self.field.precision,
            "beside_maps": self._beside_maps,
            "ball": self._ball,
        }

    def state(self) -> dict[str, Tensor]:
        """The field and the moments of all optimizers."""
        tensors = {f"field.{name}": p.detach() for name, p in self.field.named_parameters()}
        return tensors | packed(self.optimizers)

    def restore(
        self, context: StepContext, facts: Mapping[str, Any], tensors: dict[str, Tensor]
    ) -> None:
        """Be where facts and state were taken; this is new, of the same options."""
        self.began = Progress(facts["field_start"], facts["field_start_step"])
        self._ball, self._beside_maps = ball_in(facts), facts.get("beside_maps", False)
        self._heed(context)
        fill(self.field, context.config, facts, part_of(tensors, "field."))
        unpack(self.optimizers, tensors)


def _looked_at(context: StepContext) -> bool:
    return context.config.explore.show in LOOKED_AT


def fill(
    field: Gradual, config: Config, facts: Mapping[str, Any], tensors: dict[str, Tensor]
) -> None:
    """Make a fresh field what it was when it was saved."""
    load(field, tensors)
    if facts["precision"] not in PRECISIONS:
        raise ValueError(f"precision is {facts['precision']!r}")
    field.precision = facts["precision"]
    build.ripen(field, config, facts["epoch"] - facts["field_start"])


def rates_at(
    config: Config, field_age: Progress, camera_age: Progress, share: float
) -> dict[str, float]:
    """The rate of every group that the config lets learn.

    Args:
        field_age, camera_age: how long the schedules have run.
        share: factor on the cameras' rates; 0 keeps them where they are.
    """
    cameras = config.cameras
    learns = {
        "rotation": cameras.learn_rotation,
        "position": cameras.learn_position,
        "focal": cameras.learn_focal,
        "zoom": cameras.learn_focal and cameras.focal_of == "each-photo",
        "distortion": cameras.learn_distortion,
    }
    rates = {"field": learning_rate(config, "field", *field_age)}
    for group, may in learns.items():
        if may and share > 0:
            rates[group] = share * learning_rate(config, group, *camera_age)
    return rates

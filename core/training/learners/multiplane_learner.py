"""Learning planes and cameras together, level by level, from all photos in each step.

A step is in `multiplane_step`, beside this; here are the levels, and what the trainer asks for.
"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor

from core.geometry.cameras import CameraRig
from core.geometry.neighbours import place_beside
from core.geometry.principal import centre_principal_point
from core.geometry.windows import Windows, of_some
from core.multiplane.field import FIRST_ALPHA, Extent, MultiplaneImage, even_places
from core.multiplane.placement import placed, seen_tiles, survey
from core.multiplane.pyramid import SmallPhotos
from core.multiplane.schedule import Level, rate_at
from core.multiplane.tiles import folded, unfolded
from core.states import part_of
from core.training import build
from core.training.ahead import Leg, part_gone
from core.training.camera_optimizer import Learns
from core.training.idle_rates import idle_lens, idle_rates
from core.training.learner import StepContext
from core.training.learners.adjustment import Adjustment
from core.training.learners.correcting import CorrectedStep, Correcting
from core.training.learners.multiplane_ahead import legs_of
from core.training.learners.multiplane_step import FIRST_DEPTH_FLOOR
from core.training.learners.texel_adam import names_of_tiles, rested
from core.training.optimizers import packed, unpack
from core.training.room import UNBOUNDED, Room, Size

WIDELY = Extent((2.4, 2.4), (2.4, 2.4))  # the first planes: cameras are not known yet
FARTHEST = 0.01  # disparity of the last plane once planes are placed by what they hold
DENSITY = 0.9  # texels for each pixel's side where planes are placed,
FINEST_DENSITY = 0.67  # and of photos at full size: their last detail is noise to planes


class MultiplaneLearner(CorrectedStep):
    """Planes, the cameras they move, and the level they are at. Belongs to one thread."""

    shows, leads = "planes", True

    def __init__(
        self,
        rig: CameraRig,
        colours: Tensor,
        trained: Tensor,
        learns: Learns,
        levels: tuple[Level, ...],
        near_depth: float,
        allowed: Tensor | Windows | None = None,
        alpha: float = FIRST_ALPHA,
        room: Room = UNBOUNDED,
    ) -> None:
        """Begin with grey planes at the first level.

        Args:
            rig: cameras of all N photos, moved in place.
            colours: (N, H, W, 3) uint8, of all photos.
            trained: (K,) indices of the photos to explain.
            learns: which camera numbers may move.
            levels: what to go through.
            near_depth: world z of the nearest plane.
            allowed: pixels to learn from at full size, as in `StepContext`.
            alpha: of the first planes; more of it puts the scene further in front.
            room: what planes and the rays of a step may take.
        """
        super().__init__()
        self.rig, self.trained, self.levels = rig, trained, levels
        self.colours, self.allowed, self.room = colours, allowed, room
        self.adjustment, self.correction = Adjustment(), Correcting()
        self.level, self.level_step = 0, 0
        self.small = self._at(levels[0])
        size, wide = self._sheets(levels[0].planes, 1.0, WIDELY, round)
        field = MultiplaneImage(
            even_places(levels[0].planes), *size, wide, FIRST_DEPTH_FLOOR, near_depth, alpha
        )
        self.take(field.to(colours.device))
        self.let_move(learns)

    @classmethod
    def wanted(cls, context: StepContext) -> bool:
        """Once there are cameras to begin from; alone where planes are the field asked for."""
        config = context.config
        planes = config.training.bootstrap or config.field.kind == "planes"
        return planes and context.stage != "bootstrap" and not context.by_depth_maps

    @classmethod
    def begin(cls, context: StepContext) -> Self:
        """Grey planes, which need no coarse levels where the cameras are known."""
        levels = context.recipe.known if context.cameras_known else context.recipe.levels
        planes = cls.of(context, levels, context.trained)
        planes.correction = Correcting.of(context.rig, context.trained, context.allowed)
        return planes

    @classmethod
    def of(cls, context: StepContext, levels: tuple[Level, ...], trained: Tensor) -> Self:
        """Grey planes for some photos (K,), which go through these levels.

        Planes have the principal point in the image's centre.
        """
        centre_principal_point(context.rig)
        return cls(
            context.rig, context.colours, trained, context.learns, levels,
            build.near_depth(context.config), context.allowed, room=context.room,
        )  # fmt: skip

    @property
    def sharpened(self) -> bool:
        """Whether the last level is over, and cameras are as exact as they will be."""
        return self.level == len(self.levels) and self.adjustment.over

    @property
    def finished(self) -> bool:  # type: ignore[override]
        """Whether that is so, and views are corrected where that is worth it."""
        return self.sharpened and self.correction.over

    @property
    def complete(self) -> bool:  # type: ignore[override]
        """Whether another step would change nothing: planes that are corrected stand still."""
        return self.finished and self.correction.found is not None

    @property
    def proposal(self) -> MultiplaneImage:
        """What tells others where along rays something is."""
        return self.field

    @property
    def compared_at(self) -> int:
        """Longer side of the photos at its level."""
        return max(self.small.width, self.small.height)

    @property
    def gone(self) -> float | None:
        """What part of all levels and of the correction is gone; None once these are over."""
        steps = self.level_step if self.level < len(self.levels) else self.correction.made
        return part_gone(self.legs(self.levels) + self.correction.legs, self.level, steps)

    def legs(self, levels: Sequence[Level], times: float = 1.0) -> list[Leg]:
        """The work of levels, in samples that are met; texels are moved beside these."""
        return legs_of(levels, len(self.trained), self.colours.shape[1:3].numel(), times)

    @property
    def work(self) -> Hashable:
        """Equal for steps that take about as long as one another."""
        return self.shows, len(self.levels) - self.level, self.adjustment.running, self.sharpened

    @property
    def mean_disparity(self) -> float:
        """1 / world z in the middle of what is seen."""
        return survey(self.field, self.rig, self.trained).mean_disparity

    def choose(self, photos: Tensor, fresh: Tensor | None = None) -> None:
        """Explain these photos (K,) from now on; `fresh` ones begin beside their neighbours."""
        if fresh is not None and len(unknown := fresh[~torch.isin(fresh, self.trained)]):
            place_beside(self.rig, self.trained, unknown)
            self.adjustment.end()
        self.trained = photos
        self.correction.again()
        self.small = self._at(self.present)

    def _at(self, level: Level) -> SmallPhotos:
        """The photos to explain, at the size of a level."""
        self.explained = self.trained.to(self.colours.device)
        allowed = of_some(self.allowed, self.trained)
        return SmallPhotos.of(self.colours[self.trained], level.pixels, allowed)

    # -- growing -----------------------------------------------------------------------------

    def advance(self) -> None:
        """A step of the level is over; perhaps grow, or with the next step if memory runs out."""
        self.level_step += 1
        if self.level < len(self.levels) and self.level_step >= self.present.steps:
            if self.level + 1 < len(self.levels):
                self._grow(self.levels[self.level + 1])
            else:
                self.take(rested(self.field))  # its moments are of no use any more
            self.level, self.level_step = self.level + 1, 0

    def extend(self, levels: tuple[Level, ...], trained: Tensor) -> None:
        """Once finished, go on with more levels and perhaps more photos: `trained` (K,), all."""
        assert self.finished, "levels follow one another"
        self.levels, self.trained = self.levels + levels, trained
        self._grow(levels[0])

    def _grow(self, level: Level) -> None:
        """More pixels, planes and texels; where they sharpen, placed by what is there."""
        self.small = self._at(level)
        if level.plane_rate[0] == 0:  # only cameras are fitted: the planes stay as they are
            return
        places, density, extent = even_places(level.planes), 1.0, WIDELY
        if level.placed:
            found = survey(self.field, self.rig, self.trained)
            depth_floor = float(self.field.depth_floor)
            lowest = max(0.0, (FARTHEST - depth_floor) / (1 - depth_floor))
            places = placed(self.field.places, found.weights, level.planes, lowest)
            whole = (self.small.width, self.small.height) == self.colours.shape[2:0:-1]
            extent, density = found.extent, FINEST_DENSITY if whole else DENSITY
        size, extent = self._sheets(level.full_planes, density, extent)
        tiled = level.shared > 1 and level is self.levels[-1]
        size = level.in_tiles(*size) if tiled else size
        alpha_size = level.alpha_size(*size)
        finer = self.field.finer(places, *size, extent, level.shared, alpha_size)
        if tiled:
            finer.empty(seen_tiles(finer, self.rig, self.explained))
        self.take(finer)

    def _sheets(
        self,
        planes: float,
        density: float,
        extent: Extent,
        whole: Callable[[float], int] = math.ceil,
    ) -> tuple[Size, Extent]:
        """Texels of planes that have so many for each pixel's side, and their reach: what fits."""
        picture = self.small.width * density, self.small.height * density
        size, extent, said = self.room.sheets(planes, picture, extent, whole)
        self._messages += [said] if said else []
        return size, extent

    # -- what others see ---------------------------------------------------------------------

    def rates(self, context: StepContext) -> dict[str, float]:
        """Those of texels, poses, the depth floor, focal lengths and the distortion."""
        level, learns = self.present, self.cameras.learns
        spans = {"texels": level.plane_rate}
        if not context.hold:
            spans |= {"pose": level.pose_rate} if learns.rotation or learns.position else {}
            spans |= {"floor": level.shape_rate} if learns.rotation and learns.position else {}
            spans |= {"focal": level.focal_rate} if learns.focal else {}
            spans |= {"distortion": level.focal_rate} if learns.distortion else {}
        progress = self.progress(level)
        return {f"planes.{group}": rate_at(span, progress) for group, span in spans.items()}

    # -- what a person changes ---------------------------------------------------------------

    def reconfigure(self, old: StepContext, new: StepContext, converted: tuple[str, ...]) -> None:
        """Take over other options; planes stay, and cameras learn as they are stored now."""
        super().reconfigure(old, new, converted)
        self.room = new.room
        if converted or old.learns != new.learns:
            self.let_learn(new.learns)
            self.adjustment.again()
        learning = any(level.focal_rate[0] > 0 for level in self.levels[self.level :])
        self._messages += idle_rates(old.config, new.config)
        self._messages += [] if learning else idle_lens(old.config, new.config)

    # -- to be continued -----------------------------------------------------------------------

    @classmethod
    def saved_in(cls, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> bool:
        """Whether a run had planes, and its cameras."""
        return "planes.at" in tensors and "bootstrap" not in facts

    def facts(self) -> dict[str, Any]:
        """How many levels there are, the last ones of the recipe."""
        return {"levels": len(self.levels)}

    def state(self) -> dict[str, Tensor]:
        """Everything the next step depends on, but for photos, levels and what may be learned."""
        state = {f"planes.{name}": tensor for name, tensor in self.own_state().items()}
        return state | self.adjustment.state() | self.correction.state()

    def restore(
        self, context: StepContext, facts: Mapping[str, Any], tensors: dict[str, Tensor]
    ) -> None:
        """Be where facts and state were taken, with the same photos."""
        self.levels = context.recipe.levels[-facts.get("levels", 0) :]  # older runs had all
        self.take_state(part_of(tensors, "planes."))
        self.adjustment.restore(part_of(tensors, "adjustment."), self, context)
        self.correction = Correcting.of(self.rig, self.trained, context.allowed)
        self.correction.restore(part_of(tensors, "correction."), self, context)

    def own_state(self) -> dict[str, Tensor]:
        """As `state`, under names without a prefix."""
        state = {f"field.{n}": t for n, t in self.field.state_dict().items()}
        state |= {f"rig.{n}": p.detach() for n, p in self.rig.named_parameters()}
        state |= packed(self.all_adams())
        state |= {"mixing": self.cameras.mixing, "followed": self.followed}
        state |= {"at": torch.tensor([self.level, self.level_step]), "trained": self.trained}
        return folded(state, names_of_tiles(self.field.held()))

    def take_state(self, state: dict[str, Tensor]) -> None:
        """Be where `own_state` was taken, with the same photos and levels."""
        self.level, self.level_step = state["at"].tolist()
        if not (0 <= self.level <= len(self.levels) and self.level_step >= 0):
            raise ValueError(f"level {self.level} of {len(self.levels)}")
        self.choose(state["trained"])
        device = self.colours.device
        self.take(MultiplaneImage.of(part_of(state, "field."), self.field.near_depth).to(device))
        self.rig.take(part_of(state, "rig."))
        self.followed.copy_(state.get("followed", self.rig.distortion.detach()))
        self.cameras.mixing.copy_(state["mixing"])
        unpack(self.all_adams(), unfolded(state, names_of_tiles(self.field.held())))

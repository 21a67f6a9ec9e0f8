"""Learning planes and cameras together, level by level, from all photos in each step.

The gradient of compositing is written by hand (`core.multiplane.compositing.explain`), that of the
cameras comes from autograd. The planes' blocks are independent of one another in everything but
compositing, and rays are independent in compositing, so workers share a step without changing it.
"""

import functools
import math
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, Self

import torch
from torch import Tensor

from core.config import Config
from core.distributed.process_group import Alone
from core.geometry.cameras import CameraRig
from core.geometry.relief import bend
from core.multiplane.compositing import meeting_points, sample, sample_backward, slopes
from core.multiplane.explaining import chunks, explained, smooth
from core.multiplane.field import FIRST_ALPHA, Extent, PlanesField, even_places
from core.multiplane.lens import EVERY, felt, follow
from core.multiplane.placement import placed, survey
from core.multiplane.pyramid import SmallPhotos
from core.multiplane.schedule import Level, rate_at
from core.rendering.scene import Scene
from core.training import build
from core.training.camera_optimizer import CameraOptimizer, Learns
from core.training.learner import Learner, StepContext
from core.training.optimizers import packed, part_of, unpack
from core.training.room import WIDE, Room, Size
from core.training.step import StepResult

WIDELY = Extent((2.4, 2.4), (2.4, 2.4))  # the first planes: cameras are not known yet
FIRST_FLOOR = 0.02  # depth floor at the start
FLOORS = (-0.5, 0.9)  # between which it is learned; below 0 while the scene still takes shape
FARTHEST = 0.01  # disparity of the last plane once planes are placed by what they hold
DENSITY = 0.9  # texels for each pixel's side where planes are placed,
FINEST_DENSITY = 0.67  # and of photos at full size: their last detail is noise to planes
TURNS = 4  # steps in which smoothness visits all planes, where rays are drawn at random


class MultiplaneLearner(Learner):
    """Planes, the cameras they move, and the level they are at. Belongs to one thread."""

    shows, leads = "planes", True

    def __init__(
        self,
        rig: CameraRig,
        photos: Tensor,
        trained: Tensor,
        learns: Learns,
        levels: tuple[Level, ...],
        unit: float,
        allowed: Tensor | None = None,
        alpha: float = FIRST_ALPHA,
        room: Room = WIDE,
    ) -> None:
        """Begin with grey planes at the first level.

        Args:
            rig: cameras of all N photos, moved in place.
            photos: (N, H, W, 3) uint8.
            trained: (K,) indices of the photos to explain.
            learns: which camera numbers may move.
            levels: what to go through.
            unit: world z of the nearest plane.
            allowed: (Q,) indices of the pixels to learn from at full size; None is all.
            alpha: of the first planes; more of it puts the scene further in front.
            room: what planes and the rays of a step may take.
        """
        self.rig, self.trained, self.levels = rig, trained, levels
        self.photos, self.allowed, self.room = photos, allowed, room
        self._said: list[str] = []
        self.level, self.level_step = 0, 0
        self.small = SmallPhotos.of(photos[trained], levels[0].pixels, allowed)
        size, wide = self._sheets(levels[0].planes, 1.0, WIDELY, round)
        field = PlanesField(even_places(levels[0].planes), *size, wide, FIRST_FLOOR, unit, alpha)
        self.take(field.to(photos.device))
        self.let_learn(learns)
        floor = self.field.depth_floor
        self.followed = rig.distortion.detach().clone()  # the k1 that planes belong to
        self._floor = torch.nn.Parameter(torch.zeros_like(floor))
        self._shape = torch.optim.Adam([self._floor], lr=0.0, betas=(0.9, 0.99), eps=1e-15)

    @classmethod
    def wanted(cls, context: StepContext) -> bool:
        """Once there are cameras to begin from; alone where planes are the field asked for."""
        config = context.config
        planes = config.training.bootstrap or config.field.kind == "planes"
        return planes and context.stage != "bootstrap"

    @classmethod
    def begin(cls, context: StepContext) -> Self:
        """Grey planes, which need no coarse levels where the cameras are known."""
        levels = context.recipe.known if context.cameras_known else context.recipe.levels
        return cls.of(context, levels, context.trained)

    @classmethod
    def of(cls, context: StepContext, levels: tuple[Level, ...], trained: Tensor) -> Self:
        """Grey planes for some photos (K,), which go through these levels."""
        return cls(
            context.rig, context.pixels, trained, context.learns, levels,
            build.plane_unit(context.config), context.allowed, room=context.room,
        )  # fmt: skip

    @property
    def finished(self) -> bool:  # type: ignore[override]
        """Whether the last level is over."""
        return self.level == len(self.levels)

    @property
    def proposal(self) -> PlanesField:
        """What tells others where along rays something is."""
        return self.field

    @property
    def compared_at(self) -> int:
        """Longer side of the photos at its level."""
        return max(self.small.width, self.small.height)

    @property
    def work(self) -> Hashable:
        """Equal for steps that take about as long as one another."""
        return self.shows, len(self.levels) - self.level

    @property
    def present(self) -> Level:
        """The level under way; the last one once all are over."""
        return self.levels[min(self.level, len(self.levels) - 1)]

    @property
    def mean_disparity(self) -> float:
        """1 / world z in the middle of what is seen."""
        return survey(self.field, self.rig, self.trained).mean_disparity

    def choose(self, photos: Tensor, fresh: Tensor | None = None) -> None:
        """Explain these photos (K,) from now on; `fresh` ones begin beside their neighbours."""
        if fresh is not None:
            place_beside(self.rig, self.trained, fresh[~torch.isin(fresh, self.trained)])
        self.trained = photos
        self.small = SmallPhotos.of(self.photos[photos], self.present.pixels, self.allowed)

    def let_learn(self, learns: Learns) -> None:
        """Choose which camera numbers move from now on; also after the rig was converted."""
        reach = (self.field.unit, self.field.unit / FIRST_FLOOR)
        self.cameras = CameraOptimizer(self.rig, learns, reach)

    # -- one step ----------------------------------------------------------------------------

    def step(self, context: StepContext) -> StepResult:
        """Explain pixels of all photos, and move planes and cameras; then perhaps grow."""
        act = functools.partial(self._step, context)
        return context.processes.attempt(context.generator, act)

    def _step(self, context: StepContext, processes: Alone) -> StepResult:
        """Nothing moves before the last sum over processes."""
        level, frame, mapper = self.present, self.rig.frame(), context.parallel_map
        most = self.room.rays(len(self.field.places))
        photo, place = self.small.draw(min(level.rays or most, most), context.generator)
        total, own = len(photo), processes.part(len(photo))
        photo, place, drawn = photo[own], place[own], photo
        wanted = self.small.colours[photo, place].T.contiguous().float().div_(255)
        rays = self.small.rays(self.rig, frame, self.trained.to(photo.device), photo, place)
        met_at = slopes(rays, frame)
        a, b = (slope.detach() for slope in met_at)
        with torch.no_grad():
            met = list(mapper(lambda part: self._meet(part, a, b), self._parts()))
            logits = torch.cat([seen for _, seen in met])
            parts = list(mapper(lambda i: explained(logits, wanted, i, total), chunks(len(a))))
            errors = processes.whole(torch.cat([part for part, _ in parts]), total)
            weights = torch.stack([part for _, part in parts]).sum(0)
            processes.sum([errors, weights])
            loss = float(errors.mean())  # a GPU is waited for here
            finite = math.isfinite(loss)
            if finite:
                jobs = zip(self._parts(), met, strict=True)
                pulls = list(mapper(lambda job: self._pull(logits, b, *job), jobs))
        if finite:
            *to_slopes, to_floor, to_lens = (sum(parts) for parts in zip(*pulls, strict=True))
            to_rig = () if context.hold else self.cameras.pull(met_at, to_slopes, to_lens)
            blocks = self.field.blocks if level.plane_rate[0] > 0 else ()
            processes.sum([to_floor, *to_rig, *(block.grad for block in blocks)])
            jobs = zip(self.field.blocks, self.adams, strict=True)
            list(mapper(lambda job: self._move_planes(level, *job), jobs))
            if not context.hold:
                self._move_cameras(level, to_floor, weights)
        self._advance(level)
        return StepResult(loss, self.trained[drawn.cpu()], errors, finite)

    def _parts(self) -> Iterator[tuple[Tensor, slice]]:
        return zip(self.field.blocks, self.field.slices(), strict=True)

    def _meet(self, part: tuple[Tensor, slice], a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        block, planes = part
        field = self.field
        points = meeting_points(a, b, field.disparities[planes], field.reach[planes])
        return points, sample(block, points)

    def _pull(
        self, gradient: Tensor, b: Tensor, part: tuple[Tensor, slice], met: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | float]:
        """A block's gradient; returns what rays' a (R, 2), b (R, 2), depth floor and k1 feel."""
        block, planes = part
        field, points = self.field, met[0]
        block.grad, to_points = sample_backward(gradient[planes], block, points)
        pull = to_points[:, 0] / field.reach[planes].unsqueeze(1)  # (D, R, 2)
        along = pull * field.disparities[planes][:, None, None]
        floor = (pull * b).sum((1, 2)) * (1 - field.places[planes])
        lens: Tensor | float = 0.0
        if self.cameras.learns.distortion:
            reached = points[:, 0] * field.reach[planes].unsqueeze(1)
            lens = felt(pull, reached, self.rig.frame(), self.followed)
        return pull.sum(0), along.sum(0), floor.sum() / field.unit, lens

    @torch.no_grad()
    def _move_planes(self, level: Level, block: Tensor, adam: torch.optim.Adam) -> None:
        rate = rate_at(level.plane_rate, self.progress(level))
        if rate > 0:
            every = TURNS if level.rays else 1
            weight = level.smoothness / sum(other.numel() for other in self.field.blocks)
            smooth(block, block.grad, weight * every, slice(self.level_step % every, None, every))
            adam.param_groups[0]["lr"] = rate
            adam.step()
        block.grad = None

    def progress(self, level: Level) -> float:
        """The part of a level, in [0, 1], that is over; 1 once all are."""
        return 1.0 if self.finished else self.level_step / level.steps

    def _move_cameras(self, level: Level, to_floor: Tensor, weights: Tensor) -> None:
        progress, learns, rig = self.progress(level), self.cameras.learns, self.rig
        self.cameras.step(rate_at(level.pose_rate, progress), rate_at(level.focal_rate, progress))
        rate = rate_at(level.shape_rate, progress)
        if rate > 0 and learns.rotation and learns.position:
            mean = float((weights * self.field.places).sum() / weights.sum())
            self._bend(to_floor, mean, rate)
        moved = learns.distortion and not torch.equal(self.followed, rig.distortion)
        if moved and self.level_step % EVERY == 0:
            follow(self.field, rig.frame(), self.followed, rig.distortion)
            self.followed.copy_(rig.distortion.detach())

    @torch.no_grad()
    def _bend(self, gradient: Tensor, mean: float, rate: float) -> None:
        """Move the depth floor, and the cameras with it so that pictures stay in register.

        Args: `mean` is the mean place of what is seen.
        """
        field, before = self.field, float(self.field.depth_floor)
        self._floor.grad = gradient
        self._shape.param_groups[0]["lr"] = rate
        self._shape.step()
        after = min(max(before + float(self._floor), FLOORS[0]), FLOORS[1])
        self._floor.zero_()
        field.depth_floor.fill_(after)
        disparity = [(floor + mean * (1 - floor)) / field.unit for floor in (before, after)]
        bend(self.rig, (1 - before) / (1 - after), *disparity)

    # -- growing -----------------------------------------------------------------------------

    def _advance(self, level: Level) -> None:
        self.level_step += 1
        if self.level_step >= level.steps and not self.finished:
            self.level, self.level_step = self.level + 1, 0
            if not self.finished:
                self._grow(self.levels[self.level])

    def extend(self, levels: tuple[Level, ...], trained: Tensor) -> None:
        """Once finished, go on with more levels and perhaps more photos."""
        assert self.finished, "levels follow one another"
        self.levels, self.trained = self.levels + levels, trained
        self._grow(levels[0])

    def _grow(self, level: Level) -> None:
        """More pixels, planes and texels; from random rays on, placed by what is there."""
        self.small = SmallPhotos.of(self.photos[self.trained], level.pixels, self.allowed)
        if level.plane_rate[0] == 0:  # only cameras are fitted: the planes stay as they are
            return
        places, density, extent = even_places(level.planes), 1.0, WIDELY
        if level.rays:
            found = survey(self.field, self.rig, self.trained)
            floor = float(self.field.depth_floor)
            lowest = max(0.0, (FARTHEST - floor) / (1 - floor))
            places = placed(self.field.places, found.weights, level.planes, lowest)
            whole = (self.small.width, self.small.height) == self.photos.shape[2:0:-1]
            extent, density = found.extent, FINEST_DENSITY if whole else DENSITY
        size, extent = self._sheets(level.planes, density, extent)
        self.take(self.field.finer(places, *size, extent))

    def _sheets(
        self,
        planes: int,
        density: float,
        extent: Extent,
        whole: Callable[[float], int] = math.ceil,
    ) -> tuple[Size, Extent]:
        """Texels of planes that have so many for each pixel's side, and their reach: what fits."""
        picture = self.small.width * density, self.small.height * density
        size, extent, said = self.room.sheets(planes, picture, extent, whole)
        self._said += [said] if said else []
        return size, extent

    def drain_messages(self) -> list[str]:
        """Sentences to the person that were not taken yet."""
        said, self._said = self._said, []
        return said

    def take(self, field: PlanesField) -> None:
        """Go on with this field, whose optimizers begin anew."""
        self.field = field
        self.adams = [
            torch.optim.Adam([block], lr=0.0, betas=(0.9, 0.99), eps=1e-15, fused=True)
            for block in self.field.blocks
        ]

    # -- what others see ---------------------------------------------------------------------

    def scene(self, context: StepContext) -> Scene:
        """The planes."""
        return Scene(self.field, self.rig.frame().detach(), build.ray_settings(context.config))

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
        self.room = new.room
        if converted or old.learns != new.learns:
            self.let_learn(new.learns)
        beside = old.config.field.kind != "planes" and new.config.cameras.rate_beside_planes > 0
        learning = any(level.focal_rate[0] > 0 for level in self.levels[self.level :])
        if _lens_begins(old.config, new.config) and not (beside or learning):
            self._said.append(
                "Planes have ended the levels in which lenses are learned: raise "
                "cameras.rate_beside_planes for a network to learn them, or refine planes."
            )

    def restarted(self, context: StepContext) -> Self:
        """Grey planes again."""
        return self.begin(context)

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
        return {f"planes.{name}": tensor for name, tensor in self.own_state().items()}

    def restore(
        self, context: StepContext, facts: Mapping[str, Any], tensors: dict[str, Tensor]
    ) -> None:
        """Be where facts and state were taken, with the same photos."""
        self.levels = context.recipe.levels[-facts.get("levels", 0) :]  # older runs had all
        self.take_state(part_of(tensors, "planes."))

    def own_state(self) -> dict[str, Tensor]:
        """As `state`, under names without a prefix."""
        state = {f"field.{n}": t for n, t in self.field.state_dict().items()}
        state |= {f"rig.{n}": p.detach() for n, p in self.rig.named_parameters()}
        for name, adam in self._all_adams().items():
            state |= {f"adam.{name}.{key}": value for key, value in packed(adam).items()}
        state |= {"mixing": self.cameras.mixing, "followed": self.followed}
        return state | {"at": torch.tensor([self.level, self.level_step]), "trained": self.trained}

    def take_state(self, state: dict[str, Tensor]) -> None:
        """Be where `own_state` was taken, with the same photos and levels."""
        self.level, self.level_step = state["at"].tolist()
        self.choose(state["trained"])
        device = self.photos.device
        self.take(PlanesField.of(part_of(state, "field."), self.field.unit).to(device))
        self.rig.take(part_of(state, "rig."))
        self.followed.copy_(state.get("followed", self.rig.distortion.detach()))
        self.cameras.mixing = state["mixing"].to(device)
        for name, adam in self._all_adams().items():
            unpack(adam, part_of(state, f"adam.{name}."))

    def _all_adams(self) -> dict[str, torch.optim.Adam]:
        blocks = {f"block{index}": adam for index, adam in enumerate(self.adams)}
        return blocks | self.cameras.adams | {"shape": self._shape}


def _lens_begins(old: Config, new: Config) -> bool:
    """Whether a change asks for more numbers of the lenses."""
    begins = new.cameras.learn_distortion and not old.cameras.learn_distortion
    return begins or (new.cameras.focal_of, old.cameras.focal_of) == ("each-photo", "all-photos")


@torch.no_grad()
def place_beside(rig: CameraRig, known: Tensor, photos: Tensor) -> None:
    """Give each of some photos (K,) the camera of its neighbour.

    The neighbour is the nearest, in the order of the files, of those `known` (L,).
    """
    for photo in photos.tolist():
        nearest = known[(known - photo).abs().argmin()]
        rig.rotation[photo] = rig.rotation[nearest]
        rig.position[photo] = rig.position[nearest]
        if rig.zooms:
            rig.zoom[photo] = rig.zoom[nearest]

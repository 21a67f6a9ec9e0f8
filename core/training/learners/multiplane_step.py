"""One step of planes: all that moves in it, from pixels to new texels and cameras.

The journey. Pixels are drawn from photos at the level's size and rays are cast through them. Each
block of planes is met where its planes stand (`meeting_points`) and sampled; the samples of all are
composited and compared with the photos, and turned into the loss's gradient for every sample
(`composite_and_compare`, whose equation stands there). Each block carries that back to its texels,
and to where the rays met it; from there autograd carries it to the cameras. Then texels, cameras
and the depth floor move, if the loss and all gradients are finite.

The blocks are independent of one another in everything but compositing, and rays are independent
in compositing, so workers share a step without changing it. On a GPU the two halves of a step, up
to where it is judged and what it moves, are recorded and played, see `core.training.captured`.
"""

import abc
import functools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.distributed.process_group import ProcessGroup
from core.geometry.relief import bend
from core.multiplane.compositing import slopes
from core.multiplane.explaining import compared, pulled, smooth
from core.multiplane.field import MultiplaneImage
from core.multiplane.lens import EVERY, follow
from core.multiplane.pyramid import SmallPhotos
from core.multiplane.schedule import Level
from core.multiplane.tiles import texels_of
from core.parallel import sent
from core.training.camera_optimizer import CameraOptimizer, Learns, Rate, adam_of, stepped
from core.training.captured import Captured
from core.training.learner import Learner, StepContext
from core.training.learners.texel_adam import TexelAdam
from core.training.room import Room
from core.training.step import StepResult, judged, measured

FIRST_DEPTH_FLOOR = 0.02  # depth floor at the start
DEPTH_FLOORS = (-0.5, 0.9)  # between which it is learned; below 0 while the scene still takes shape
TURNS = 4  # steps in which smoothness visits all planes, where they are many and sharp


@dataclass(frozen=True, eq=False)
class Felt:
    """What a step is to move by, summed over processes.

    Attributes:
        measured: what it is judged by, as of `core.training.step.measured`.
        gradients: of texels and cameras; None where none depends on them.
        to_depth_floor: its gradient ().
        weights: (D,) of each plane, summed over rays.
    """

    measured: Tensor
    gradients: dict[nn.Parameter, Tensor | None]
    to_depth_floor: Tensor
    weights: Tensor


class MultiplaneStep(Learner):
    """What moves in a step, and how: planes, cameras, and the depth floor with both."""

    field: MultiplaneImage
    levels: tuple[Level, ...]
    level: int  # which one is under way
    level_step: int  # steps that were made of it
    colours: Tensor  # (N, H, W, 3) uint8, of all photos
    small: SmallPhotos  # those explained, at the level's size
    trained: Tensor  # (K,) which photos these are, on the CPU
    explained: Tensor  # the same where the photos are
    room: Room

    @abc.abstractmethod
    def advance(self) -> None:
        """A step of the level is over."""

    @property
    @abc.abstractmethod
    def sharpened(self) -> bool:
        """Whether the last level is over, and cameras are as exact as they will be."""

    @abc.abstractmethod
    def beside(self, context: StepContext, result: StepResult) -> None:
        """What is done after a step besides it; `result` is what came of it."""

    @abc.abstractmethod
    def afterwards(self, context: StepContext) -> StepResult | None:
        """What is done in place of a step once they are sharpened; None where that is nothing."""

    def let_move(self, learns: Learns) -> None:
        """Give the cameras, the depth floor and the lens what moves them; nothing moved yet."""
        self.let_learn(learns)
        self.followed = self.rig.distortion.detach().clone()  # the k1 that planes belong to
        self._depth_floor = torch.nn.Parameter(torch.zeros_like(self.field.depth_floor))
        self._shape = adam_of(self._depth_floor)
        self.graphs = Captured.on(self.colours.device)

    def let_learn(self, learns: Learns) -> None:
        """Choose which camera numbers move from now on; also after the rig was converted."""
        reach = (self.field.near_depth, self.field.near_depth / FIRST_DEPTH_FLOOR)
        self.cameras = CameraOptimizer(self.rig, learns, reach)

    def take(self, field: MultiplaneImage) -> None:
        """Go on with this field, whose optimizers begin anew."""
        self.field, held = field, field.held()
        self.adams = [
            TexelAdam(block, texels_of(held[name], block) if name in held else None)
            for name, block in field.named_parameters()
        ]

    @property
    def present(self) -> Level:
        """The level under way; the last one once all are over."""
        return self.levels[min(self.level, len(self.levels) - 1)]

    def step(self, context: StepContext) -> StepResult:
        """Explain pixels of all photos, and move planes and cameras; then perhaps grow."""
        if self.sharpened and (result := self.afterwards(context)):
            return result
        step = functools.partial(self._step, context)
        self.beside(context, result := context.processes.attempt(context.generator, step))
        return result

    def _step(self, context: StepContext, processes: ProcessGroup) -> StepResult:
        """Nothing moves before the last sum over processes."""
        level, most = self.present, self.room.rays(len(self.field.places))
        drawing = context.room.eased(level.drawn(min(most, self.small.most)))
        drawn = torch.stack(self.small.draw(drawing, context.generator))
        own, total = drawn[:, processes.shard(drawn.shape[1])], drawn.shape[1]
        rates: Sequence[Rate] = level.rates(self.progress(level))
        graphs = self.graphs if processes.world == 1 else None
        if graphs:
            key, given = (level, context.hold, self.rig.distorts), (own, torch.tensor(rates))
            own, moving = graphs.at((*key, total), self._taking_part(), given)
            rates = moving.unbind()
        own = sent(own, self.explained.device)
        feel = functools.partial(self._felt, context, processes, own, total)
        felt = graphs.play("felt", feel) if graphs else feel()
        loss, finite, errors = judged(felt.measured, total)  # a GPU is waited for here
        if finite:
            move = functools.partial(self._move, context, level, rates, felt)
            turn = self.level_step % TURNS if level.placed else 0
            graphs.play(("moved", turn), move) if graphs else move()
            self._follow(level, context.hold)
        self.advance()
        return StepResult(loss, self.trained[drawn[0]], errors, finite)

    def _felt(
        self, context: StepContext, processes: ProcessGroup, drawn: Tensor, total: int
    ) -> Felt:
        """What planes and cameras are to move by: of photos and pixels (2, R), out of `total`."""
        photo, pixel = drawn
        focal, parallel_map = self.rig.normalized_focal(), context.parallel_map
        colours = self.small.colours[photo, pixel].T.contiguous().float().div_(255)
        rays = self.small.rays(self.rig, focal, self.explained, photo, pixel)
        met_at = slopes(rays, focal)
        a, b = (slope.detach() for slope in met_at)
        with torch.no_grad():
            seen = compared(self.field, a, b, colours, total, parallel_map)
            errors, weights = processes.unshard(seen.errors, total), seen.weights
            processes.all_reduce([errors, weights])
            bent = (focal.detach(), self.followed) if self.cameras.learns.distortion else None
            pull = functools.partial(pulled, self.field, seen.gradient, b, not context.hold, bent)
            pulls = list(parallel_map(pull, seen.met))
        *to_slopes, to_depth_floor, to_lens = (sum(parts) for parts in zip(*pulls, strict=True))
        if not context.hold:
            self.cameras.pull(met_at, to_slopes, to_lens)
        blocks = list(self.field.parameters()) if self.present.plane_rate[0] > 0 else []
        gradients = {number: number.grad for number in (*blocks, *self.rig.parameters())}
        for number in (*self.field.parameters(), *self.rig.parameters()):
            number.grad = None
        every = [to_depth_floor, *(there for there in gradients.values() if there is not None)]
        processes.all_reduce(every)
        return Felt(measured(errors, every, parallel_map), gradients, to_depth_floor, weights)

    def _taking_part(self) -> list[object]:
        """What a step reads and writes besides the numbers that it is given."""
        states = (adam.state for adam in self.all_adams().values())
        moments = [moment for state in states for own in state.values() for moment in own.values()]
        parts = self.field, self.small, self.explained, self.cameras, self._shape
        return [*parts, *self.rig.parameters(), *moments]

    @torch.no_grad()
    def _move(self, context: StepContext, level: Level, rates: Sequence[Rate], felt: Felt) -> None:
        """Move planes, cameras and depth floor; those whose rates are 0 at this level stay."""
        texels, pose, focal, shape = (
            rate if begins > 0 else None for rate, begins in zip(rates, level.rates(0), strict=True)
        )
        for number, gradient in felt.gradients.items():
            number.grad = gradient
        moves = zip(self.field.parameters(), self.adams, strict=True)
        if texels is not None:
            act = functools.partial(self._move_planes, level, texels)
            list(context.parallel_map(act, moves))
        if not context.hold:
            self.cameras.step(pose, focal)
            learns = self.cameras.learns
            if shape is not None and learns.rotation and learns.position:
                mean = (felt.weights * self.field.places).sum() / felt.weights.sum()
                self._bend(felt.to_depth_floor, mean.double(), shape)

    @torch.no_grad()
    def _move_planes(
        self, level: Level, rate: float | Tensor, job: tuple[Tensor, TexelAdam]
    ) -> None:
        (block, adam), every = job, TURNS if level.placed else 1
        assert block.grad is not None
        weight = level.smoothness / sum(other.numel() for other in self.field.parameters())
        smooth(block, block.grad, weight * every, slice(self.level_step % every, None, every))
        adam.param_groups[0]["lr"] = rate
        adam.step()
        block.grad = None

    def progress(self, level: Level) -> float:
        """The part of a level, in [0, 1], that is over; 1 once all are."""
        return 1.0 if self.finished else self.level_step / level.steps

    def _follow(self, level: Level, hold: bool) -> None:
        """Have planes follow the lens, now and then; a graph cannot tell whether that is needed."""
        learning, rig = self.cameras.learns.distortion and not hold, self.rig
        if not learning or self.level_step % EVERY or torch.equal(self.followed, rig.distortion):
            return
        follow(self.field, rig.normalized_focal(), self.followed, rig.distortion)
        self.followed.copy_(rig.distortion.detach())

    @torch.no_grad()
    def _bend(self, gradient: Tensor, mean: Tensor, rate: float | Tensor) -> None:
        """Move the depth floor, and the cameras with it so that pictures stay in register.

        Args: `mean` () is the mean place of what is seen.
        """
        field, before = self.field, self.field.depth_floor.double()
        self._depth_floor.grad = gradient
        moved = stepped(self._shape, self._depth_floor, rate)
        after = (before + moved.double()).clamp(*DEPTH_FLOORS)
        field.depth_floor.copy_(after)
        disparity = [(far + mean * (1 - far)) / field.near_depth for far in (before, after)]
        bend(self.rig, (1 - before) / (1 - after), *disparity)

    def all_adams(self) -> dict[str, torch.optim.Optimizer]:
        """Every optimizer, by a name for its moments."""
        names = (name for name, _ in self.field.named_parameters())  # such as blocks.0
        blocks = {
            name.replace("s.", ""): adam for name, adam in zip(names, self.adams, strict=True)
        }
        return {**blocks, **self.cameras.adams, "shape": self._shape}

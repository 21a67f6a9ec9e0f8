"""One step of planes: all that moves in it, from pixels to new texels and cameras.

The journey. Pixels are drawn from photos at the level's size and rays are cast through them. Each
block of planes is met where its planes stand (`meeting_points`) and sampled; the samples of all are
composited and compared with the photos, and turned into the loss's gradient for every sample
(`composite_and_compare`, whose equation stands there). Each block carries that back to its texels,
and to where the rays met it; from there autograd carries it to the cameras. Then texels, cameras
and the depth floor move, if the loss and all gradients are finite.

The blocks are independent of one another in everything but compositing, and rays are independent
in compositing, so workers share a step without changing it.
"""

import abc
import functools

import torch
from torch import Tensor

from core.distributed.process_group import ProcessGroup
from core.geometry.relief import bend
from core.multiplane.compositing import Met, meeting_points, sample_met_backward, slopes
from core.multiplane.explaining import chunks, explained, sampled, smooth
from core.multiplane.field import Block, MultiplaneImage
from core.multiplane.lens import EVERY, felt, follow
from core.multiplane.pyramid import SmallPhotos
from core.multiplane.schedule import Level, rate_at
from core.multiplane.tiles import texels_of
from core.parallel import ParallelMap
from core.training.camera_optimizer import CameraOptimizer, Learns, stepped
from core.training.learner import Learner, StepContext
from core.training.learners.texel_adam import TexelAdam
from core.training.room import Room
from core.training.step import StepResult, judged

FIRST_DEPTH_FLOOR = 0.02  # depth floor at the start
DEPTH_FLOORS = (-0.5, 0.9)  # between which it is learned; below 0 while the scene still takes shape
TURNS = 4  # steps in which smoothness visits all planes, where they are many and sharp


class MultiplaneStep(Learner):
    """What moves in a step, and how: planes, cameras, and the depth floor with both."""

    field: MultiplaneImage
    levels: tuple[Level, ...]
    level: int  # which one is under way
    level_step: int  # steps that were made of it
    small: SmallPhotos  # those explained, at the level's size
    trained: Tensor  # (K,) which photos these are, on the CPU
    explained: Tensor  # the same where the photos are
    room: Room

    @abc.abstractmethod
    def advance(self) -> None:
        """A step of the level is over."""

    @abc.abstractmethod
    def beside(self, context: StepContext) -> None:
        """What is done after a step besides it."""

    def let_move(self, learns: Learns) -> None:
        """Give the cameras, the depth floor and the lens what moves them; nothing moved yet."""
        self.let_learn(learns)
        self.followed = self.rig.distortion.detach().clone()  # the k1 that planes belong to
        self._depth_floor = torch.nn.Parameter(torch.zeros_like(self.field.depth_floor))
        self._shape = torch.optim.Adam([self._depth_floor], lr=0.0, betas=(0.9, 0.99), eps=1e-15)

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
        act = functools.partial(self._step, context)
        result = context.processes.attempt(context.generator, act)
        self.beside(context)
        return result

    def _step(self, context: StepContext, processes: ProcessGroup) -> StepResult:
        """Nothing moves before the last sum over processes."""
        level, focal, parallel_map = self.present, self.rig.normalized_focal(), context.parallel_map
        most = self.room.rays(len(self.field.places))
        drawing = context.room.eased(level.drawn(min(most, self.small.most)))
        photo, pixel = self.small.draw(drawing, context.generator)
        total, own = len(photo), processes.shard(len(photo))
        photo, pixel, drawn = photo[own], pixel[own], photo
        colours = self.small.colours[photo, pixel].T.contiguous().float().div_(255)
        rays = self.small.rays(self.rig, focal, self.explained, photo, pixel)
        met_at = slopes(rays, focal)
        a, b = (slope.detach() for slope in met_at)
        with torch.no_grad():
            met, logits, errors, weights = self._compared(a, b, colours, total, parallel_map)
            errors = processes.unshard(errors, total)
            processes.all_reduce([errors, weights])
            pull = functools.partial(self._pull, logits, b, not context.hold)
            pulls = list(parallel_map(pull, met))
        *to_slopes, to_depth_floor, to_lens = (sum(parts) for parts in zip(*pulls, strict=True))
        to_rig = () if context.hold else self.cameras.pull(met_at, to_slopes, to_lens)
        blocks = self.field.parameters() if level.plane_rate[0] > 0 else ()
        gradients = [to_depth_floor, *to_rig, *(block.grad for block in blocks)]
        processes.all_reduce(gradients)
        loss, finite = judged(errors.mean(), gradients, parallel_map)  # a GPU is waited for here
        if finite:
            moves = zip(self.field.parameters(), self.adams, strict=True)
            list(parallel_map(functools.partial(self._move_planes, level), moves))
            if not context.hold:
                self._move_cameras(level, to_depth_floor, weights)
        else:
            for parameter in (*self.field.parameters(), *self.rig.parameters()):
                parameter.grad = None
        self.advance()
        return StepResult(loss, self.explained[drawn], errors, finite)

    def _compared(
        self, a: Tensor, b: Tensor, colours: Tensor, total: int, parallel_map: ParallelMap
    ) -> tuple[list[Met], Tensor, Tensor, Tensor]:
        """Where rays meet blocks and what is there, (D, 4, R) gradients, errors (R,), weights (D,).

        The error is NaN of a ray that meets planes at no numbers.
        """
        points = list(parallel_map(lambda part: self._meet(part, a, b), self.field.parts()))
        on_cpu = a.device.type == "cpu"  # a GPU's cache is no reason for small pieces
        pieces = chunks(len(a), len(self.field.places)) if on_cpu else [slice(0, len(a))]
        logits, met = sampled(self.field, points, pieces, parallel_map)
        parts = list(parallel_map(lambda i: explained(logits, colours, i, total), pieces))
        errors = torch.cat([part for part, _ in parts]).add_(0 * (a + b).sum(1))
        return met, logits, errors, torch.stack([part for _, part in parts]).sum(0)

    def _meet(self, part: Block, a: Tensor, b: Tensor) -> Tensor:
        field, planes = self.field, part.planes
        points = meeting_points(a, b, field.disparities[planes], field.reach[planes])
        return points.nan_to_num_()  # memory is written by them

    def _pull(
        self, gradient: Tensor, b: Tensor, moves: bool, met: Met
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | float]:
        """A block's gradient; returns what rays' a (R, 2), b (R, 2), depth floor and k1 feel."""
        field, points, planes = self.field, met.points, met.part.planes
        to_points = sample_met_backward(gradient[planes], met, moves)
        if to_points is None:
            return b.new_zeros(()), b.new_zeros(()), b.new_zeros(()), 0.0
        pull = to_points[:, 0] / field.reach[planes].unsqueeze(1)  # (D, R, 2)
        along = pull * field.disparities[planes][:, None, None]
        depth_floor = (pull * b).sum((1, 2)) * (1 - field.places[planes])
        lens: Tensor | float = 0.0
        if self.cameras.learns.distortion:
            reached = points[:, 0] * field.reach[planes].unsqueeze(1)
            lens = felt(pull, reached, self.rig.normalized_focal(), self.followed)
        return pull.sum(0), along.sum(0), depth_floor.sum() / field.near_depth, lens

    @torch.no_grad()
    def _move_planes(self, level: Level, job: tuple[Tensor, TexelAdam]) -> None:
        (block, adam), rate = job, rate_at(level.plane_rate, self.progress(level))
        if rate > 0 and block.grad is not None:
            every = TURNS if level.placed else 1
            weight = level.smoothness / sum(other.numel() for other in self.field.parameters())
            smooth(block, block.grad, weight * every, slice(self.level_step % every, None, every))
            adam.param_groups[0]["lr"] = rate
            adam.step()
        block.grad = None

    def progress(self, level: Level) -> float:
        """The part of a level, in [0, 1], that is over; 1 once all are."""
        return 1.0 if self.finished else self.level_step / level.steps

    def _move_cameras(self, level: Level, to_depth_floor: Tensor, weights: Tensor) -> None:
        progress, learns, rig = self.progress(level), self.cameras.learns, self.rig
        self.cameras.step(rate_at(level.pose_rate, progress), rate_at(level.focal_rate, progress))
        rate = rate_at(level.shape_rate, progress)
        if rate > 0 and learns.rotation and learns.position:
            mean = (weights * self.field.places).sum() / weights.sum()
            self._bend(to_depth_floor, mean.double(), rate)
        moved = learns.distortion and not torch.equal(self.followed, rig.distortion)
        if moved and self.level_step % EVERY == 0:
            follow(self.field, rig.normalized_focal(), self.followed, rig.distortion)
            self.followed.copy_(rig.distortion.detach())

    @torch.no_grad()
    def _bend(self, gradient: Tensor, mean: Tensor, rate: float) -> None:
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

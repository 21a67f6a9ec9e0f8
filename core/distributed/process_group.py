"""One step shared by several processes: a GPU each, or machines side by side.

Every process holds the same trainer and draws the same whole batch. Each explains its own part of
the rays, errors and gradients are summed over all processes, and then all make the same move.
DistributedDataParallel does the same inside `backward()` of one module; here gradients come from
`torch.autograd.grad` of pieces on worker threads, and those of planes are written by hand, so the
sums are asked for by name.

Rays are split, not planes. At 504 x 378 pixels the last level reduces the gradient of 32 planes of
365 x 274 texels, 51 MB for 17,408 rays, where passing on the colour and light of each process's
planes would take 0.3 MB. But then every process would hold planes that nobody else has, and they
would be lost with it. While cameras are found planes are small: 0.1 to 4 MB a step. A network
reduces its own size, 0.1 MB by default.
"""

import os
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Self, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from core.errors import InputError
from core.parallel import ParallelMap

Result = TypeVar("Result")
Act = Callable[["ProcessGroup"], Result]

PATIENCE = timedelta(seconds=20)  # torchrun kills the others 30 s after one has died
SMALL = 2**20  # numbers up to which tensors are summed as one
AT_ONCE = 2**26  # bytes of a message


class Lost(Exception):
    """Another process has gone, or does not answer."""


class ProcessGroup:
    """A group of one: all of each step is done here. `DistributedGroup` asks others."""

    rank, world, lost = 0, 1, ""

    @property
    def cores(self) -> int:
        """Cores of this machine that are this process's."""
        return os.cpu_count() or 1

    def placed(self, device: torch.device) -> torch.device:
        """Where this process keeps its tensors, for a kind of device."""
        return device

    def shard(self, total: int) -> slice:
        """Which of `total` rays this process explains."""
        return slice(0, total)

    def unshard(self, own: Tensor, total: int) -> Tensor:
        """(total,) numbers of all rays, to be summed over processes, from this one's part."""
        return own

    def all_reduce(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum over all processes."""

    def attempt(self, generator: torch.Generator, act: Act[Result]) -> Result:
        """Do what moves nothing before its last sum; `act` is given who shares it."""
        return act(self)

    def beside(self, parallel_map: ParallelMap) -> tuple[ParallelMap, ParallelMap]:
        """How runs beside one another are done, and how the steps of each of them."""
        return parallel_map, map


SINGLE_PROCESS = ProcessGroup()


class DistributedGroup(ProcessGroup):
    """One of several processes. Sums are made in the same order everywhere: one thread asks."""

    def __init__(self, rank: int, world: int, local: tuple[int, int], card: int | None) -> None:
        """Take part in the process group that was begun.

        Args:
            rank, world: number of this process among all, 0 being the leader.
            local: number among those of this machine, and how many they are.
            card: which of the GPUs it sees is its own; None where not each process has one.
        """
        self.rank, self.world = rank, world
        self._local, self._card = local, card
        backend = "gloo" if card is None else "cpu:gloo,cuda:nccl"
        self._sums = dist.new_group(backend=backend, timeout=PATIENCE)

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    @property
    def cores(self) -> int:
        """Cores of this machine that are this process's."""
        return max(1, (os.cpu_count() or 1) // self._local[1])

    def placed(self, device: torch.device) -> torch.device:
        """Where this process keeps its tensors.

        Raises:
            InputError: a GPU is wanted and some process has none.
        """
        if device.type == "cpu":
            return device
        if self._card is None:
            raise InputError(
                "Not every process has a GPU of its own; lower --nproc_per_node, or take "
                "--training.device cpu."
            )
        return torch.device(device.type, self._card)

    def shard(self, total: int) -> slice:
        """Which of `total` rays this process explains."""
        return slice(self.rank * total // self.world, (self.rank + 1) * total // self.world)

    def unshard(self, own: Tensor, total: int) -> Tensor:
        """(total,) this process's numbers at their places, 0 elsewhere."""
        row = own.new_zeros(total)
        row[self.shard(total)] = own
        return row

    def all_reduce(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum, the same bits everywhere.

        Raises:
            Lost: another process did not take part. Tensors may then hold anything.
        """
        small = [t for t in tensors if t.numel() <= SMALL or not t.is_contiguous()]
        large = [t for t in tensors if t.numel() > SMALL and t.is_contiguous()]
        row = torch.cat([t.reshape(-1) for t in small])
        self._all(lambda t: dist.all_reduce(t, group=self._sums, async_op=True), [row, *large])
        for tensor, part in zip(small, row.split([t.numel() for t in small]), strict=True):
            tensor.copy_(part.view_as(tensor))

    def attempt(self, generator: torch.Generator, act: Act[Result]) -> Result:
        """Do it with the others; where one is lost, the leader does it again, all of it.

        So what was learned ends with a whole step. `lost` says why from then on.

        Raises:
            Lost: in processes that do not lead.
        """
        if self.lost:
            return act(SINGLE_PROCESS)
        before = generator.get_state()
        try:
            return act(self)
        except Lost as lost:
            if self.rank > 0:
                raise
            self.lost = str(lost)
            generator.set_state(before)
            return act(SINGLE_PROCESS)

    def beside(self, parallel_map: ParallelMap) -> tuple[ParallelMap, ParallelMap]:
        """Runs one after another, so that all processes ask for the same sums."""
        return map, parallel_map

    # -- messages of the leader ------------------------------------------------------------------

    def broadcast(self, tensor: Tensor, patience: timedelta = PATIENCE) -> Tensor:
        """The leader's bytes instead of those of this tensor (...), which lies on the CPU.

        Raises:
            Lost: another process did not take part.
        """
        parts = tensor.reshape(-1).view(torch.uint8).split(AT_ONCE)
        self._all(lambda part: dist.broadcast(part, 0, async_op=True), parts, patience)
        return tensor

    def agreed(self, number: int) -> bool:
        """Whether all processes hold the same number.

        Raises:
            Lost: another process did not take part.
        """
        ends = torch.tensor([number, -number])
        self._all(lambda t: dist.all_reduce(t, dist.ReduceOp.MIN, async_op=True), [ends])
        return bool(ends.sum() == 0)

    def leave(self) -> None:
        """End the process group, once everyone has heard of it."""
        dist.destroy_process_group()

    def _all(
        self,
        begin: Callable[[Tensor], dist.Work],
        tensors: Sequence[Tensor],
        patience: timedelta = PATIENCE,
    ) -> None:
        try:
            for work in [begin(tensor) for tensor in tensors]:
                work.wait(patience)
        except RuntimeError as error:
            peer = re.search(r"by peer \[(.+?)\]", str(error))
            address = f" at {peer[1]}" if peer else ""
            raise Lost(f"Another process of this run{address} has gone or hangs") from error

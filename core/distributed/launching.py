"""Whether this process is one of several that torchrun has started."""

import os
from collections.abc import Mapping
from datetime import timedelta

import torch
import torch.distributed as dist

from core.distributed.process_group import SINGLE_PROCESS, DistributedGroup, ProcessGroup

LONGEST_WAIT = timedelta(hours=12)  # for the leader's next word: it may be decoding a video


def started(environment: Mapping[str, str]) -> int:
    """How many processes were started together, by torchrun's environment."""
    return int(environment.get("WORLD_SIZE", "1"))


def joined(environment: Mapping[str, str]) -> ProcessGroup:
    """Meet the other processes; returns when all are there, at once where there are none."""
    world = started(environment)
    if world == 1:
        return SINGLE_PROCESS
    # Else a sum on GPUs returns before it is done, and a lost process ends this one unsaved.
    os.environ.setdefault("TORCH_NCCL_BLOCKING_WAIT", "1")
    dist.init_process_group("gloo", timeout=LONGEST_WAIT)
    local = int(environment["LOCAL_RANK"]), int(environment["LOCAL_WORLD_SIZE"])
    card = own_card(local[0], torch.cuda.device_count())
    taken: list[str | None] = [None] * world
    named = None if card is None else str(torch.cuda.get_device_properties(card).uuid)
    dist.all_gather_object(taken, named)
    if None in taken or len(set(taken)) < world:  # NCCL refuses two processes on one card
        card = None
    else:  # else the probe and whatever names no card take room of the first one
        torch.cuda.set_device(card)
    return DistributedGroup(int(environment["RANK"]), world, local, card)


def own_card(local_rank: int, visible: int) -> int | None:
    """Which of the visible cards is a process's own; None where none can be.

    torchrun shows all of a machine's to each of its processes, SLURM may show each its own alone.
    """
    if local_rank < visible:
        return local_rank
    return 0 if visible == 1 else None

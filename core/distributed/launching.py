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
    gpus = torch.tensor([torch.cuda.device_count() > local[0]]).int()
    dist.all_reduce(gpus, dist.ReduceOp.MIN)
    if gpus:  # else the probe and whatever names no card take room of the first one
        torch.cuda.set_device(local[0])
    return DistributedGroup(int(environment["RANK"]), world, local, bool(gpus))

"""How work is done that does not depend on other work: in turn, by workers, or beside a GPU's."""

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

Result = TypeVar("Result")


class ParallelMap(Protocol):
    """`map`, or that of a pool of workers; results come in the order of the things."""

    def __call__(self, act: Callable[[Any], Result], things: Iterable[Any], /) -> Iterable[Result]:
        """What `act` makes of each thing."""
        ...


def in_callers_mode(workers: ParallelMap) -> ParallelMap:
    """Workers that record gradients where the one who asks them does, and only there.

    torch keeps that mode for each thread, so a worker would always record.
    """

    def mapped(act: Callable[[Any], Result], things: Iterable[Any]) -> Iterable[Result]:
        return workers(torch.set_grad_enabled(torch.is_grad_enabled())(act), things)

    return mapped


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor (...) on a device; a GPU fetches it from the CPU while that goes on."""
    fetched = device.type == "cuda" and tensor.device.type == "cpu"
    return (tensor.pin_memory() if fetched else tensor).to(device, non_blocking=True)


def fetched(tensor: Tensor) -> Tensor:
    """A tensor (...) on the CPU; what its own stream of a GPU has to do first is waited for."""
    if tensor.device.type != "cuda":
        return tensor.cpu()
    there = torch.empty_like(tensor, device="cpu", pin_memory=True)
    there.copy_(tensor, non_blocking=True)
    torch.cuda.current_stream(tensor.device).synchronize()
    return there


@contextlib.contextmanager
def urgent(device: torch.device) -> Iterator[None]:
    """Have a GPU do what is asked for within before what others ask for, once it has done so far.

    It begins after what training asked for by now, as that may be a copy of what is looked at.
    """
    if device.type != "cuda":
        yield
        return
    stream = _urgent_stream(device)
    stream.wait_stream(torch.cuda.default_stream(device))
    with torch.cuda.stream(stream):
        yield


@functools.cache
def _urgent_stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device, priority=-1)

"""How pieces of work that do not depend on one another are done: in turn, or by workers."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

import torch

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

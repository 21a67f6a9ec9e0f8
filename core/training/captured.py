"""Steps as CUDA graphs: kernels are recorded once, and then launched all together.

A step is some hundred small kernels, and asking for each of them takes longer than most of them
work. What is recorded reads and writes the same memory whenever it is played: numbers that differ
from step to step (pixels, chance, rates) are copied to places that stay, and whatever else takes
part is compared, thing by thing, with what took part when it was recorded. Where one differs, all
is forgotten and recorded anew.

A part of a step is made a few times as ever before it is recorded: libraries and optimizers
allocate what they need the first time. Recording computes nothing, so where it fails nothing is
lost; the step is then made as ever, and so are all others of this process.
"""

import contextlib
import functools
import gc
import operator
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, ClassVar, Protocol, Self, TypeVar, cast

import torch
from torch import Tensor

from core.parallel import sent

WARM = 2  # times that a part of a step is made before it is recorded
Result = TypeVar("Result")


class Recorder(Protocol):
    """What records kernels of one device, which may lean on what was recorded before."""

    def aside(self) -> contextlib.AbstractContextManager[object]:
        """Where a part of a step is made before it is recorded."""
        ...

    def record(self, act: Callable[[], Result]) -> tuple[Result, Callable[[], None]]:
        """What `act` returns, tensors without numbers yet, and what has it done again."""
        ...


class CudaGraphs:
    """Records CUDA graphs, which share their memory: they are played in the order of a step.

    The pool of that memory ends with the last of them, and cannot begin again; the stream has
    memory of libraries, so there is one for all.
    """

    def __init__(self) -> None:
        self._stream, self._pool = _stream(), torch.cuda.graph_pool_handle()

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """On a stream of its own, between what was asked for before and what is asked for after."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            yield
        torch.cuda.current_stream().wait_stream(self._stream)

    def record(self, act: Callable[[], Result]) -> tuple[Result, Callable[[], None]]:
        """As of `Recorder`.

        `torch.cuda.graph` would collect garbage before, for longer than many steps take, and let
        nothing happen in other threads, where pictures are rendered meanwhile.
        """
        graph, collects = torch.cuda.CUDAGraph(), gc.isenabled()
        torch.cuda.synchronize()
        gc.disable()  # a tensor or graph that is freed meanwhile would be recorded
        try:
            with self.aside():
                graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
                try:
                    result = act()
                finally:
                    graph.capture_end()
        finally:
            if collects:
                gc.enable()
        return result, graph.replay


@functools.cache
def _stream() -> torch.cuda.Stream:
    return torch.cuda.Stream()


def recorder_of(device: torch.device) -> Recorder | None:
    """What records steps there; None where they are made as ever."""
    return CudaGraphs() if device.type == "cuda" else None


class Captured:
    """What was recorded of one learner's steps. Belongs to one thread.

    Attributes:
        refused: whether recording has failed in this process, so that it is not tried again.
    """

    refused: ClassVar[bool] = False
    _messages: ClassVar[list[str]] = []  # of all: some learners are heard by nobody

    def __init__(self, device: torch.device) -> None:
        """Nothing is recorded yet."""
        self._device = device
        self._begin(None, [], [])

    @classmethod
    def on(cls, device: torch.device) -> Self | None:
        """For a device where steps are recorded; None where they are made one by one."""
        return None if recorder_of(device) is None else cls(device)

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return type(self)(self._device)

    def at(self, key: Hashable, held: list[object], given: Sequence[Tensor]) -> list[Tensor]:
        """Where the numbers of the next step are, on the device; to be called before its parts.

        Args:
            key: whatever decides which kernels are launched, and with which constants.
            held: all else that takes part: tensors, and what holds some that are never replaced.
            given: the numbers.
        """
        same = key == self._key and len(held) == len(self._held)
        if not (same and all(map(operator.is_, held, self._held))):
            self._begin(key, held, given)
        for new, there in zip(given, self._given, strict=True):
            there.copy_(sent(new, self._device))
        return self._given

    def play(self, part: Hashable, act: Callable[[], Result]) -> Result:
        """What `act` returns, a part of the step; its tensors hold until the next one."""
        if part in self._recorded:
            result, again = self._recorded[part]
            again()
            return cast(Result, result)
        assert self._recorder is not None
        if self.refused or self._made.get(part, 0) < WARM:
            self._made[part] = self._made.get(part, 0) + 1
            with self._recorder.aside():
                return act()
        try:
            result, again = self._recorder.record(act)
        except Exception as error:  # whatever it is, steps can be made without
            self._refuse(error)
            return act()
        self._recorded[part] = result, again
        again()
        return cast(Result, result)

    @classmethod
    def drain_messages(cls) -> list[str]:
        """Sentences to the person that were not taken yet."""
        said, cls._messages = cls._messages, []
        return said

    @classmethod
    def _refuse(cls, error: Exception) -> None:
        cls.refused = True
        why = (str(error).strip() or type(error).__name__).splitlines()[0]
        cls._messages.append(
            f"Steps could not be recorded as CUDA graphs ({why}), so each asks for its kernels one "
            "by one, which is slower; nothing else changes."
        )

    def _begin(self, key: Hashable, held: list[object], given: Sequence[Tensor]) -> None:
        """Forget what was recorded; whatever is `held` is not freed while it may be played."""
        self._recorded: dict[Hashable, tuple[Any, Callable[[], None]]] = {}
        self._made: dict[Hashable, int] = {}
        self._key, self._held = key, held
        self._given = [torch.empty_like(one, device=self._device) for one in given]
        self._recorder = recorder_of(self._device)

"""A device that is no CPU, played by the CPU: "pretend:0".

It holds no number that Python could read without asking. Tensors of two devices do not mix, chance
of the CPU draws nothing on it, and whatever a GPU would be waited for is counted in `WAITS`, by the
line of the library that asks. It is registered for good, so it wants a process of its own.

Its kernels can be recorded and played again, as CUDA graphs are: over the same memory, from which
each kernel reads and to which it writes. Where something is waited for meanwhile, recording fails.
"""

import contextlib
import functools
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch.utils._python_dispatch import return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

_setup_privateuseone_for_python_backend("pretend")
DEVICE, CPU = torch.device("pretend:0"), torch.device("cpu")
WAITS: Counter[str] = Counter()  # of a kind at a line
WAITING = {"_local_scalar_dense", "equal", "nonzero", "masked_select", "_unique2", "bincount"}
INDEXING = {"index", "index_put_", "index_put", "_index_put_impl_"}
Kernel = tuple[Callable[[], Any], Any]  # what makes tensors of the CPU, and those that it made
RECORDINGS: list[list[Kernel]] = []  # the one under way
BEFORE: list[tuple[torch.Tensor, torch.Tensor]] = []  # what it wrote over, and what was there


class Graphs:
    """Records kernels of this device, in place of `core.training.captured.CudaGraphs`."""

    recorded: ClassVar[list[list[Kernel]]] = []  # all of them

    def aside(self) -> contextlib.AbstractContextManager[object]:
        """Nothing is beside anything here."""
        return contextlib.nullcontext()

    def record(self, act: Callable[[], Any]) -> tuple[Any, Callable[[], None]]:
        """What `act` returns, as nonsense as tensors are that no graph was played for."""
        RECORDINGS.append([])
        try:
            result = act()
        finally:
            (recording,) = RECORDINGS
            RECORDINGS.clear()
            for place, numbers in reversed(BEFORE):  # a GPU has computed nothing yet
                if place.numel() == numbers.numel():  # else it was made for this result
                    place.copy_(numbers.view_as(place))
            BEFORE.clear()
        self.recorded.append(recording)
        return result, functools.partial(played, recording)


def played(recording: list[Kernel]) -> None:
    """Do it again; results go where they went."""
    for act, made in recording:
        now, then = (
            [t for t in tree_leaves(of) if isinstance(t, torch.Tensor)] for of in (act(), made)
        )
        for fresh, place in zip(now, then, strict=True):
            if fresh.data_ptr() == place.data_ptr() or fresh.numel() != place.numel():
                continue  # it was written in place, is a view, or got its size from who fills it
            place.copy_(fresh.view_as(place))  # which may have been squeezed since


def wait(kind: str) -> None:
    """Count one, for the line of core that asks."""
    assert not RECORDINGS, f"{kind} while kernels are recorded"
    frame = sys._getframe(1)
    while frame.f_back and "/core/" not in frame.f_code.co_filename.replace("tests/core", ""):
        frame = frame.f_back
    WAITS[f"{kind} {frame.f_code.co_filename}:{frame.f_lineno}"] += 1


class Pretend(torch.Tensor):
    """A tensor there, which keeps its numbers in one of the CPU."""

    raw: torch.Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    def __new__(cls, raw: torch.Tensor) -> "Pretend":
        """Hold these numbers."""
        like = {"strides": raw.stride(), "storage_offset": raw.storage_offset()}
        with torch.inference_mode(raw.is_inference()):
            own = torch.Tensor._make_wrapper_subclass(
                cls, raw.shape, device=DEVICE, dtype=raw.dtype, **like
            )
        vars(own).update(raw=raw)
        return own

    def __deepcopy__(self, memo: dict[int, Any]) -> "Pretend":
        own = Pretend(self.raw.detach().clone()).requires_grad_(self.requires_grad)
        own._is_param = isinstance(self, torch.nn.Parameter)
        return memo.setdefault(id(self), own)

    def tolist(self) -> Any:
        """Its numbers, which are waited for."""
        wait("to host")
        return self.raw.tolist()

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Compute on the CPU what a GPU would compute, and refuse what it would refuse."""
        if func._can_decompose():  # inference tensors come here before that
            return func.decompose(*args, **(kwargs or {}))
        kwargs, name = kwargs or {}, func._schema.name.removeprefix("aten::")
        leaves, to = tree_leaves((args, kwargs)), torch.device(kwargs.get("device") or DEVICE)
        away = [t for t in leaves if isinstance(t, torch.Tensor) and not isinstance(t, Pretend)]
        if (name == "copy_" and away) or (name == "_to_copy" and to == CPU):
            if name == "_to_copy" or args[2:] != (True,):  # what is pinned arrives by itself
                wait("copy")
            result = func(*map(_inner, args), **kwargs)
            return args[0] if name == "copy_" else result
        assert not any(isinstance(g, torch.Generator) for g in leaves), f"{name}: CPU's generator"
        places = [t for t in args[1] if t is not None] if name in INDEXING else []
        if name in WAITING or any(type(t) is not Pretend or t.dtype == torch.bool for t in places):
            wait(name)
        loose = torch.Tag.pointwise in func.tags or name in INDEXING  # take numbers of the CPU
        apart = [t for t in away if (t.dim() or not loose) and all(t is not p for p in places)]
        assert not apart and (not places or type(args[0]) is Pretend), f"two devices in {func}"
        here = {k: CPU if k == "device" and v else _inner(v) for k, v in kwargs.items()}
        act = functools.partial(func, *tree_map(_inner, args), **here)
        return return_and_correct_aliasing(func, args, kwargs, tree_map(_outer, _done(act)))


def launched(recording: list[Kernel]) -> int:
    """How many kernels a GPU is asked for; views are none."""
    functions = [act.func for act, _ in recording if isinstance(act, functools.partial)]
    returned = [of._schema.returns for of in functions if isinstance(of, torch._ops.OpOverload)]
    infos = [one[0].alias_info if one else None for one in returned]
    return sum(info is None or info.is_write for info in infos)


def _done(act: Callable[[], Any]) -> Any:
    """What it makes, or what it will make whenever that is played."""
    if not RECORDINGS:
        return act()
    if isinstance(act, functools.partial):
        if torch.Tag.inplace_view in act.func.tags:  # nothing to do again
            return act()
        schema = act.func._schema.arguments
        given = dict(zip((one.name for one in schema), act.args, strict=False)) | act.keywords
        info = {one.name: one.alias_info for one in schema}
        written = [t for name, t in given.items() if info[name] and info[name].is_write]
        BEFORE.extend((t, t.clone()) for t in tree_leaves(written))
    made = act()
    RECORDINGS[0].append((act, made))
    return made


def _inner(x: Any) -> Any:
    return x.raw if isinstance(x, Pretend) else x


def _outer(x: Any) -> Any:
    return Pretend(x) if isinstance(x, torch.Tensor) else x


def _made(make: Callable[..., torch.Tensor]) -> Callable[..., Pretend]:
    return lambda *args, dtype=None, **_: Pretend(_done(lambda: make(*args, dtype=dtype)))


def _copy_from(source: Any, target: Any, unwaited: bool = False, *_: Any) -> Any:
    if not unwaited or isinstance(source, Pretend):
        wait("copy")
    _inner(target).copy_(_inner(source))
    return target


KERNELS = torch.library.Library("aten", "IMPL")  # for as long as the process
KERNELS.impl("empty.memory_format", _made(torch.empty), "PrivateUse1")
KERNELS.impl("empty_strided", _made(torch.empty_strided), "PrivateUse1")
KERNELS.impl("arange.start_step", _made(torch.arange), "PrivateUse1")
KERNELS.impl("_efficientzerotensor", _made(torch.zeros), "PrivateUse1")
KERNELS.impl("_copy_from", _copy_from, "PrivateUse1")

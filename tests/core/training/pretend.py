"""A device that is no CPU, played by the CPU: "pretend:0".

It holds no number that Python could read without asking. Tensors of two devices do not mix, chance
of the CPU draws nothing on it, and whatever a GPU would be waited for is counted in `WAITS`, by the
line of the library that asks. It is registered for good, so it wants a process of its own.
"""

import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

_setup_privateuseone_for_python_backend("pretend")
DEVICE, CPU = torch.device("pretend:0"), torch.device("cpu")
WAITS: Counter[str] = Counter()  # of a kind at a line
WAITING = {"_local_scalar_dense", "equal", "nonzero", "masked_select", "_unique2", "bincount"}
INDEXING = {"index", "index_put_", "index_put", "_index_put_impl_"}


def wait(kind: str) -> None:
    """Count one, for the line of core that asks."""
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
        made = tree_map(_outer, func(*tree_map(_inner, args), **here))
        return return_and_correct_aliasing(func, args, kwargs, made)


def _inner(x: Any) -> Any:
    return x.raw if isinstance(x, Pretend) else x


def _outer(x: Any) -> Any:
    return Pretend(x) if isinstance(x, torch.Tensor) else x


def _made(make: Callable[..., torch.Tensor]) -> Callable[..., Pretend]:
    return lambda *args, dtype=None, **_: Pretend(make(*args, dtype=dtype))


def _copy_from(source: Any, target: Any, *_: Any) -> Any:
    wait("copy")
    _inner(target).copy_(_inner(source))
    return target


KERNELS = torch.library.Library("aten", "IMPL")  # for as long as the process
KERNELS.impl("empty.memory_format", _made(torch.empty), "PrivateUse1")
KERNELS.impl("empty_strided", _made(torch.empty_strided), "PrivateUse1")
KERNELS.impl("arange.start_step", _made(torch.arange), "PrivateUse1")
KERNELS.impl("_efficientzerotensor", _made(torch.zeros), "PrivateUse1")
KERNELS.impl("_copy_from", _copy_from, "PrivateUse1")

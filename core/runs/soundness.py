"""Whether what a checkpoint holds can be what a run once saved; it may come from anywhere.

A file's digest tells damage, not intention. So facts are read by their types and bounds, tensors
are finite and their indices name photos, and what is found wrong further in, where a learner takes
it over, is told in a sentence too.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from torch import Tensor

from core.bootstrap.findings import Findings, Way
from core.errors import InputError

Count = Annotated[int, Field(ge=0, le=2**53)]
Began = Annotated[int, Field(ge=-(2**53), le=2**53)]  # below 0 in a run that goes on from another
Side = Annotated[int, Field(ge=1, le=2**16)]
INDICES = re.compile(  # of photos
    r"order|(.*\.)?(trained|others)|(depthmaps|adjustment|correction)\.(photos|chosen)"
)
MAY_BE_UNKNOWN = re.compile(  # NaN stands for nothing known there
    r"photo_error|extra\.(trail\..*|unseen)|(depthmaps|adjustment|correction)\..*\.ratios"
)
DOUBLE = "extra.", "depthmaps.", "adjustment.", "correction."  # solved equations, and curves
UNDOABLE = r"^[0-9]{1,12}-[0-9]{1,18}-before-[\w-]{1,40}\.safetensors$"
HALVES = {  # moments of texels, and texels of states that are no longer the newest
    torch.bfloat16: re.compile(r"(.*\.)?adam\.(block|colour)\d+\.0\.exp_avg(_sq)?"),
    torch.float16: re.compile(r"(.*\.)?field\.(blocks|colours)\.\d+"),
}


class Undoable(BaseModel):
    """A state that Undo goes back to: its file, what that brings back, and whose cameras left."""

    model_config = ConfigDict(extra="forbid", strict=True)

    file: Annotated[str, Field(pattern=UNDOABLE)]
    words: Annotated[str, Field(max_length=500)]
    taken: Annotated[str, Field(max_length=40)]


class Facts(BaseModel):
    """What every checkpoint says of itself; learners say more."""

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)

    config: dict[str, Any]
    names: Annotated[list[str], Field(min_length=2, max_length=100_000)]
    size: tuple[Side, Side]
    stored: list[tuple[Side, Side, Annotated[int, Field(ge=1, le=8)]]] = []
    sizes: list[tuple[Side, Side]] = []  # of each photo, where they differ in shape
    step: Count
    epoch: Count
    stage: Annotated[str, Field(pattern="^(bootstrap|explore|refine)$")]
    stage_start: Began
    stage_start_step: Began
    field_start: Began = 0
    field_start_step: Began = 0
    ball: tuple[float, float, float, Annotated[float, Field(gt=0)]] | None = None
    beside_maps: bool = False
    seconds: Annotated[float, Field(ge=0)]
    shown: str
    findings: Findings
    unseen: dict[str, float]
    found_by: Way = "pixels"
    found_after: float | None = None
    undo: Annotated[list[Undoable], Field(max_length=10_000)] = []

    @model_validator(mode="after")
    def _nothing_begins_later(self) -> "Facts":
        epoch = max(self.stage_start, self.field_start)
        step = max(self.stage_start_step, self.field_start_step)
        if epoch > self.epoch or step > self.step:
            raise ValueError("something began after it was saved")
        return self


def require_sound(path: Path, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """See that facts and tensors are possible ones, as far as they say so by themselves.

    Raises:
        InputError: they are not.
    """
    try:
        known = Facts.model_validate_json(json.dumps(facts))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "its facts"
        raise refusal(path, f"{where}: {first['msg']}") from None
    if len(set(known.names)) < len(known.names):
        raise refusal(path, "names: some are there twice")
    if len(known.stored) not in (0, len(known.names)):
        raise refusal(path, "stored: it is not of all photos")
    if known.sizes and len(known.sizes) != len(known.names):
        raise refusal(path, f"sizes: {len(known.sizes)} for {len(known.names)} photos")
    for name, tensor in tensors.items():
        if reason := _unsound(name, tensor, len(known.names)):
            raise refusal(path, f"{name}: {reason}")


def require_finite(tensors: Mapping[str, Tensor], path: Path) -> None:
    """See that a state is worth saving.

    Raises:
        InputError: it would poison all that goes on from it.
    """
    for name, tensor in tensors.items():
        if _poisoned(name, tensor):
            raise InputError(
                f"{path.name} was not saved because {name} is not finite; press Undo, or open the "
                "run again, which goes on from the state before."
            )


@contextmanager
def fitting(path: Path) -> Iterator[None]:
    """Whatever goes wrong while something takes over a checkpoint's content is its fault.

    Raises:
        InputError: something went wrong.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # of many kinds: keys, shapes, indices, words that are none
        raise refusal(path, f"{type(error).__name__}: {error}") from error


def refusal(path: Path, reason: str) -> InputError:
    """What is said of a checkpoint that cannot be one."""
    reason = " ".join(reason.split())
    reason = reason if len(reason) <= 160 else f"{reason[:160]}…"
    return InputError(f"The checkpoint {path} is damaged ({reason}); delete it.")


def _poisoned(name: str, tensor: Tensor) -> bool:
    known = MAY_BE_UNKNOWN.fullmatch(name) or not tensor.is_floating_point()
    return not known and not bool(torch.isfinite(tensor).all())


def _unsound(name: str, tensor: Tensor, photos: int) -> str:
    """Why it cannot be, or nothing."""
    if _poisoned(name, tensor):
        return "it is not finite"
    strange = tensor.dtype is torch.float64 and not name.startswith(DOUBLE)
    if tensor.dtype in HALVES:
        strange = not HALVES[tensor.dtype].fullmatch(name)
    if strange:
        return f"it is of {tensor.dtype}"
    if INDICES.fullmatch(name):
        inside = tensor.dtype is torch.int64 and tensor.ndim == 1
        if not (inside and bool(((tensor >= 0) & (tensor < photos)).all())):
            return f"it does not name photos of {photos}"
    if name in ("photo_error", "given") and tensor.shape != (photos,):
        return f"it is not of {photos} photos"
    return ""

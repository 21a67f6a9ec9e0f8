"""States that are no longer the newest, without what only going on bit for bit needs.

Nearly all of a state are texels and their moments. Where a run goes on from an older one, because
the newest is damaged, or is looked at in it, texels to three digits are as good, and Adam finds its
moments again within some steps. Cameras, networks and everything else stay as they were.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from core.files import whole_file
from core.runs.ages import by_age
from core.runs.container import NO_CHECKPOINT, digest_in, digest_of, header_of, write_content
from core.training.learners.texel_adam import three_digits

OF_PLANES = r"(planes|bootstrap\.rival\d+)\."
TEXELS = re.compile(OF_PLANES + r"field\.(blocks|colours)\.\d+")
MOMENTS = re.compile(OF_PLANES + r"adam\.(block|colour)\d+\..*")


def widened(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a file in the numbers that a run computes with."""
    return {n: t.float() if t.dtype is torch.float16 else t for n, t in tensors.items()}


def compact(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors as they are written: texels to three digits, where they have no more."""
    return {n: _halved(n, t) if _has_three_digits(n, t) else t for n, t in tensors.items()}


def _has_three_digits(name: str, tensor: Tensor) -> bool:
    return bool(TEXELS.fullmatch(name)) and torch.equal(three_digits(tensor), tensor)


def lighten_older(states: Path) -> None:
    """Make the states in a folder light but the newest, and the newest that Undo goes back to."""
    older = by_age(states)[1:]
    undone = next((path for path in older if "-before-" in path.name), None)
    for path in older:
        if path != undone and _heavy(path):
            _lighten(path)


def _heavy(path: Path) -> bool:
    """Whether a file holds moments of texels; not where it is none of ours, or was swept."""
    try:
        with path.open("rb") as file:
            return any(MOMENTS.fullmatch(name) for name in header_of(file)[1])
    except NO_CHECKPOINT:
        return False


def _lighten(path: Path) -> None:
    """Tensor by tensor: a state may be as large as everything else in memory together."""
    try:
        with path.open("rb") as file:
            facts, shapes = header_of(file)
        if facts.pop("digest") != digest_in(path):  # damaged: whoever opens it is told
            return
        with safe_open(path, framework="pt") as held:
            names = [name for name in shapes if not MOMENTS.fullmatch(name)]
            light = {name: _halved(name, held.get_tensor(name)).clone() for name in names}
    except NO_CHECKPOINT:
        return
    facts["digest"] = digest_of(facts, light)
    with whole_file(path, ".part") as temporary:
        write_content(temporary, facts, light)


def _halved(name: str, tensor: Tensor) -> Tensor:
    return three_digits(tensor).half() if TEXELS.fullmatch(name) else tensor

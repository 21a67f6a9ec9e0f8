"""The scene as it was: light states of a run, for looking back and for beginning anew from there.

They hold what can be looked at and no optimizer, large tensors in 16 bits, so that a run may keep
many. What is too much goes where moments lie closest.
"""

import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.runs import checkpoint
from core.runs.checkpoint import Checkpoint
from core.runs.container import content_of
from core.runs.soundness import require_sound
from core.training.trainer import Trainer

NAME = re.compile(r"moment-(\d+)")
LARGE = 65_536  # numbers of a tensor that takes room
UNSEEN = re.compile(  # changes no picture
    r"adam\.|planes\.adam\.|extra\.|order$|chance$|correction\.(depths|left|photos|sums|asked)"
)


def folder(run: Path) -> Path:
    """Where a run keeps its moments."""
    return run / "moments"


def moments_of(run: Path) -> dict[int, Path]:
    """The files of the moments that are kept, by their steps, rising."""
    inside = folder(run)
    if inside.is_symlink():
        return {}
    found = ((NAME.fullmatch(path.stem), path) for path in inside.glob("*.safetensors"))
    known = {int(name[1]): path for name, path in found if name and not path.is_symlink()}
    return dict(sorted(known.items()))


def taken(trainer: Trainer, run: Path) -> Checkpoint:
    """A copy of what can be looked at now, yet to be written with `write`."""
    path = folder(run) / f"moment-{trainer.step:09d}.safetensors"
    return checkpoint.taken(trainer, path, {}, _light)


def write(made: Checkpoint, most: float) -> None:
    """Write a moment, and remove others until all take no more than so many bytes.

    Raises:
        OSError: it cannot be written.
        InputError: it is not finite.
    """
    run = made.path.parent.parent
    for step, path in moments_of(run).items():
        if step > made.facts["step"]:  # of what was before the run began anew
            path.unlink(missing_ok=True)
    checkpoint.write(made)
    thin(run, most)


def thin(run: Path, most: float) -> None:
    """Remove moments that are closest to their neighbours; the newest is never removed."""
    kept = moments_of(run)
    sizes = {step: path.stat().st_size for step, path in kept.items()}
    while len(kept) > 1 and sum(sizes.values()) > most:
        steps = list(kept)
        gap = np.diff(np.log1p(steps))
        around = gap + np.concatenate([[np.inf], gap[:-1]]) if len(steps) > 2 else gap
        gone = steps[int(around.argmin())]
        kept.pop(gone).unlink(missing_ok=True)
        sizes.pop(gone)


def size_of(run: Path) -> int:
    """Bytes of all moments."""
    total = 0
    for path in moments_of(run).values():
        with suppress(FileNotFoundError):  # thinned meanwhile
            total += path.stat().st_size
    return total


def read(path: Path) -> Checkpoint:
    """A moment, its tensors in full precision.

    Raises:
        InputError: it is damaged, or none.
    """
    facts, tensors = content_of(path)
    facts.pop("digest", None)
    whole = {name: t.float() if t.dtype is torch.float16 else t for name, t in tensors.items()}
    require_sound(path, facts, whole)
    return Checkpoint(path, facts, whole)


def begun_from(moment: Path, run: Path) -> Path:
    """A state in a run's folder that holds a moment of another, to start from.

    Raises:
        OSError: it cannot be written.
        InputError: the moment is damaged.
    """
    path = run / "start.safetensors"
    checkpoint.write(replace(read(moment), path=path))
    return path


def _light(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: t.half() if t.dtype is torch.float32 and t.numel() > LARGE else t
        for name, t in tensors.items()
        if not UNSEEN.match(name)
    }

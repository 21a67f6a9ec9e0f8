"""What a checkpoint file says of itself before any of its tensors is read."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.config import Config
from core.config.paths import changed, flattened
from core.errors import InputError
from core.memory import machine_memory
from core.runs.container import NO_CHECKPOINT, header_of, regular
from core.runs.soundness import Facts
from core.training import devices
from core.training.room import Room, in_gb, texels_in

COPIES = 2  # of a file while it is read: its bytes and its tensors
TEXEL = 4  # bytes of a number of planes that lie in tiles in the file, and are held whole


@dataclass(frozen=True, eq=False)
class Header:
    """The beginning of a checkpoint: a few kilobytes of what may be gigabytes.

    Attributes:
        config: the settings in force when it was saved.
        facts: what every checkpoint says of itself.
        photos: (N, H, W, 3), the shape of the photos it was learned from.
        shapes: of its tensors, by name.
        size: bytes of the file.
    """

    path: Path
    config: Config
    facts: Facts
    photos: tuple[int, int, int, int]
    shapes: Mapping[str, tuple[int, ...]]
    size: int

    def require_memory(self) -> None:
        """See that the rest of the file can be read on this machine.

        Raises:
            InputError: reading it takes more than all memory there is.
        """
        taken = COPIES * self.size + TEXEL * texels_in(self.shapes)
        there = machine_memory()
        if taken > there:
            raise InputError(
                f"Reading {self.path} takes {in_gb(taken)} of memory and this machine or container "
                f"has {in_gb(there)}; open it where there is more."
            )

    def require_room(self, changes: Mapping[str, Any]) -> None:
        """See that its planes and photos fit, with these options changed.

        Raises:
            InputError: they need more than `training.memory` allows.
        """
        config = changed(self.config, changes)
        device = devices.choose_device(config.training.device)
        Room.of(config, device, self.photos).require(self.shapes, self.path)


Welcome = Callable[[Header], None]  # raises `InputError` for one that is not to be read


def any_size(said: Header) -> None:
    """A `Welcome` to all."""


def welcomed(path: Path, welcome: Welcome) -> None:
    """See by the beginning of a file that the rest is to be read, and can be.

    Raises:
        InputError: it is not welcome, or larger than memory.
    """
    if (said := header(path)) is not None:
        said.require_memory()
        welcome(said)


def header(path: Path) -> Header | None:
    """Read the beginning of a file; None where it is none of ours, as reading the rest will say."""
    try:
        with regular(path).open("rb") as file:
            facts, shapes = header_of(file)
            size = os.fstat(file.fileno()).st_size
        known = Facts.model_validate_json(json.dumps(facts))
        width, height = known.size
        photos = (len(known.names), height, width, 3)
        return Header(path, config_in(facts, path), known, photos, shapes, size)
    except (InputError, *NO_CHECKPOINT):
        return None


def config_in(facts: Mapping[str, Any], path: Path) -> Config:
    """The settings among the facts of a checkpoint."""
    return changed(Config(), flattened(facts["config"], str(path)))

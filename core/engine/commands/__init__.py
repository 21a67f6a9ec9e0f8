"""What a person can ask of the engine. Commands are imperative, frozen, applied between steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Of another way; "rival" are those that `cameras.rival` names, "mirrored" is the mirror image of
# those that are shown.
CAMERAS = ("pixels", "features", "given", "rival", "mirrored")
LOOK_FIRST = "Look through the frames, leave out what is blurred, then press Play."


@dataclass(frozen=True)
class Play:
    """Train until paused, or until the first of the limits given is reached; 0 is no limit."""

    epochs: int = 0
    steps: int = 0
    seconds: float = 0.0  # from the first step on


@dataclass(frozen=True)
class Pause:
    """Stop training after the step under way. Everything stays where it is."""

    why: str = ""  # a sentence to the person, where nobody has pressed a button


@dataclass(frozen=True)
class Step:
    """Train this many steps and pause."""

    count: int = 1


@dataclass(frozen=True)
class Refine:
    """Restart the field and keep the cameras (NeRF--'s refinement, section 4.3)."""


@dataclass(frozen=True)
class Configure:
    """Change options by path; the strongest effect among them decides what restarts."""

    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Restart:
    """Start again from the photos with the present options."""


@dataclass(frozen=True)
class Undo:
    """Go back to the state before the last change that restarted the scene or everything."""


@dataclass(frozen=True)
class Adopt:
    """Take other cameras; the scene begins anew for them."""

    way: str  # one of `CAMERAS`, or "reseeded" for what `Reseed` has found


@dataclass(frozen=True)
class Reseed:
    """Look for the cameras of photos anew, beside the others; they are taken if they fit better."""

    photos: tuple[str, ...]  # names


@dataclass(frozen=True)
class Save:
    """Write a checkpoint now."""


@dataclass(frozen=True)
class Sweep:
    """Remove the states that are kept on the disk, but the newest and the newest for Undo."""


OfRun = Play | Pause | Step | Refine | Configure | Restart | Undo | Adopt | Reseed | Save | Sweep


@dataclass(frozen=True)
class Open:
    """Leave the run, saved, and go on with another where that was left, or begin it."""

    run: Path
    changes: Mapping[str, Any] = field(default_factory=dict)  # options by path


Command = OfRun | Open

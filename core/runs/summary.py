"""What a run's folder says of it, without a tensor being read."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.config import Config
from core.config.paths import differences
from core.runs import checkpoint, judged
from core.runs.ages import by_age, serial_in
from core.runs.header import header
from core.runs.sweeping import kept

# Where things are, and what is looked at, says nothing of an experiment.
ELSEWHERE = re.compile(r"data\.photos|training\.start_from|explore\..*")
STATE = re.compile(r"\d+-(\d+)(?:-(.+))?")


@dataclass(frozen=True)
class State:
    """A state of a run on the disk, from which it or another may go on."""

    path: Path
    step: int
    word: str  # why it is kept; empty where it is one of the newest

    @classmethod
    def of(cls, path: Path) -> "State":
        """What its name says."""
        found = STATE.fullmatch(path.stem)
        return cls(path, int(found[1]), found[2] or "") if found else cls(path, 0, path.stem)


@dataclass(frozen=True)
class Summary:
    """What is known of a run.

    Attributes:
        options: those that differ from the usual ones, by path.
        psnr: dB at pixels that nothing was learned from; None where that is not known.
        changed: seconds since 1970 at which it was saved last.
        size: bytes of its states.
        states: oldest first.
        picture: of a view, the newest; None before the first.
    """

    name: str
    step: int
    seconds: float
    stage: str
    photos: int
    options: dict[str, Any]
    psnr: float | None
    found_by: str
    verdict: str
    changed: float
    size: int
    states: tuple[State, ...]
    picture: Path | None


def summary_of(run: Path) -> Summary | None:
    """What a run says of itself; None where its states cannot be read."""
    states = by_age(checkpoint.folder(run))
    said = next((one for path in states if (one := header(path)) is not None), None)
    if said is None:
        return None
    facts, config = said.facts, said.config
    usual = differences(Config(), config)
    error, said_of = facts.unseen.get(facts.shown), judged.kept(run, facts.found_by)
    try:
        changed = said.path.stat().st_mtime
    except OSError:  # swept meanwhile
        changed = 0.0
    return Summary(
        name=run.name,
        step=facts.step,
        seconds=facts.seconds,
        stage=facts.stage,
        photos=len(facts.names),
        options={path: value for path, value in usual.items() if not ELSEWHERE.fullmatch(path)},
        psnr=-10 * math.log10(error) if error else None,
        found_by=said_of["found_by"],
        verdict=said_of["verdict"],
        changed=changed,
        size=kept(run).size,
        states=states_of(run),
        picture=_picture(run),
    )


def states_of(run: Path) -> tuple[State, ...]:
    """The states of a run by the serials in their names, oldest first."""
    files = checkpoint.folder(run).glob("*.safetensors")
    own = [path for path in files if not path.is_symlink()]
    return tuple(State.of(path) for path in sorted(own, key=lambda path: serial_in(path.stem)))


def _picture(run: Path) -> Path | None:
    """The newest view that was compared with a photo."""
    folder = run / "validation"
    if folder.is_symlink():
        return None
    views = [p for p in folder.glob("*.png") if p.stem.isdigit() and not p.is_symlink()]
    return max(views, key=lambda path: int(path.stem), default=None)

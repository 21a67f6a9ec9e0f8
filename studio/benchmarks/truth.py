"""How often cameras are right, and whether the verdict knows it: all photo sets of a folder.

A set is a folder with `images/`, mostly with `transforms.json`, the cameras that are known of it.
Without them its photos are such that no cameras can be right. `about.json` may name `scenes`, by
photo, of a set in which several are mixed: cameras of one of them alone are as right as can be.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.evaluation.cameras import CameraErrors, compare_cameras
from core.formats.reference import read_reference
from core.geometry.cameras import Camera
from core.runs import checkpoint
from core.runs.judged import trusted_since

ROTATION, ATE = 1.0, 0.05  # degrees and part of the spread within which cameras are right
MOST_MISSING = 0.1  # part of the reference's photos that may go without a camera
GRACE = 240.0  # seconds over those of training, after which a run counts as hung


@dataclass(frozen=True)
class Truth:
    """One set, found one way: what came out, and what was said of it."""

    name: str
    search: str
    photos: int
    placed: int
    rotation: float | None  # degrees, best aligned
    ate: float | None
    focal: float | None
    right: bool
    found_by: str | None
    verdict: str | None
    reasons: tuple[str, ...]
    trusted_after: float | None  # seconds, where they are trusted in the end
    seconds: float  # wall clock of the whole process
    memory_gb: float  # at its highest
    failure: str | None  # the sentence with which it ended, where it failed

    def __str__(self) -> str:
        measured = "-" if self.ate is None else f"{self.rotation:.2f} degrees, ATE {self.ate:.4f}"
        return (
            f"{self.name} ({self.search}): {'right' if self.right else 'not right'}, {measured}, "
            f"{self.placed} of {self.photos} placed, {self.found_by}; {self.verdict}"
            f"{'' if self.trusted_after is None else f' after {self.trusted_after:.0f} s'} "
            f"[{', '.join(self.reasons)}]; {self.seconds:.0f} s, {self.memory_gb:.2f} GB"
            f"{f'; {self.failure}' if self.failure else ''}"
        )

    @property
    def silent(self) -> bool:
        """Whether wrong cameras were called trusted."""
        return self.verdict == "trusted" and not self.right

    @property
    def shy(self) -> bool:
        """Whether right cameras were not called trusted."""
        return self.right and self.verdict != "trusted"


def sets_in(folder: Path) -> list[Path]:
    """The sets of a folder, or the folder itself if it is one.

    Raises:
        InputError: there is none.
    """
    found = [folder] if (folder / "images").is_dir() else sorted(folder.glob("*/images"))
    if not found:
        raise InputError(f"{folder} holds no set: a folder with images/ and transforms.json.")
    return [root.parent if root.name == "images" else root for root in found]


def measure_truth(
    sets: Iterable[Path], searches: Sequence[str], seconds: float, say: Callable[[Truth], None]
) -> list[Truth]:
    """Train on each set in a process of its own, one after another, and compare.

    Args:
        sets: folders as `sets_in` gives them.
        searches: values of `cameras.search`.
        seconds: of training for each.
        say: told each result.
    """
    found = []
    for root in sets:
        for search in searches:
            with tempfile.TemporaryDirectory() as folder:
                found.append(measured(root, search, seconds, Path(folder)))
            say(found[-1])
    return found


def summary(found: Sequence[Truth], search: str) -> dict[str, Any]:
    """The counts that matter, of one way of searching."""
    own = [one for one in found if one.search == search]
    return {
        "search": search,
        "sets": len(own),
        "right": sum(one.right for one in own),
        "wrong_called_trusted": [one.name for one in own if one.silent],
        "right_not_trusted": [one.name for one in own if one.shy],
        "memory_gb": max((one.memory_gb for one in own), default=0.0),
    }


def as_json(found: Sequence[Truth]) -> str:
    """All results and their summaries."""
    searches = list(dict.fromkeys(one.search for one in found))
    whole = {
        "sets": [asdict(one) for one in found],
        "summary": [summary(found, search) for search in searches],
    }
    return json.dumps(whole, indent=1) + "\n"


def measured(root: Path, search: str, seconds: float, folder: Path) -> Truth:
    """Train on one set for so many seconds, in an empty folder, and compare."""
    run = folder / "run"
    launch = Path(__file__).parents[2] / "launch.py"
    command = [
        sys.executable, str(launch), "train", "--photos", str(root / "images"), "--run", str(run),
        "--seconds", f"{seconds:g}", "--cameras.search", search,
    ]  # fmt: skip
    began, day = time.monotonic(), datetime.now(UTC)
    facts, failure, memory = ended(command, folder, seconds + GRACE)
    took, since = time.monotonic() - began, trusted_since(run)
    placed: dict[str, Camera] = {}
    if facts:
        placed = checkpoint.learned_in(run).by_name
    errors = _errors(root, placed)
    return Truth(
        name=root.name,
        search=search,
        photos=sum(path.is_file() for path in (root / "images").iterdir()),
        placed=len(placed),
        rotation=errors.rotation_best if errors else None,
        ate=errors.ate if errors else None,
        focal=errors.focal if errors else None,
        right=right(root, placed),
        found_by=facts.get("found_by"),
        verdict=facts.get("verdict"),
        reasons=tuple(reason["key"] for reason in facts.get("verdict_reasons", ())),
        trusted_after=None if since is None else round((since - day).total_seconds(), 1),
        seconds=round(took, 1),
        memory_gb=round(memory, 2),
        failure=failure,
    )


def ended(
    command: Sequence[str], folder: Path, patience: float
) -> tuple[dict[str, Any], str | None, float]:
    """The JSON line a command ended with, or its last sentence; and its memory in GB."""
    out, said = folder / "out", folder / "said"
    with out.open("wb") as output, said.open("wb") as errors:
        process = subprocess.Popen(command, stdout=output, stderr=errors)
        end = time.monotonic() + patience
        while True:
            done, status, usage = os.wait4(process.pid, os.WNOHANG)
            if done:
                break
            if time.monotonic() > end:
                process.kill()
                end = float("inf")
            time.sleep(0.2)
        process.returncode = os.waitstatus_to_exitcode(status)
    memory = usage.ru_maxrss / 2**20
    lines = out.read_text(errors="replace").splitlines()
    if process.returncode == 0 and lines:
        return json.loads(lines[-1]), None, memory
    last = [line for line in said.read_text(errors="replace").splitlines() if line.strip()]
    return {}, last[-1] if last else f"ended with {process.returncode}", memory


def right(root: Path, learned: Mapping[str, Camera]) -> bool:
    """Whether cameras, by the names of their photos, are those that are known of a set."""
    errors = _errors(root, learned)
    if errors is not None:
        known = len(read_reference(root / "transforms.json"))
        complete = errors.frames >= (1 - MOST_MISSING) * known
        return complete and errors.rotation_best <= ROTATION and errors.ate <= ATE
    about = root / "about.json"
    scenes = json.loads(about.read_text()).get("scenes", {}) if about.is_file() else {}
    return len({scenes.get(Path(name).stem) for name in learned} - {None}) == 1


def _errors(root: Path, learned: Mapping[str, Camera]) -> CameraErrors | None:
    reference = root / "transforms.json"
    if not reference.is_file():
        return None
    try:
        return compare_cameras(learned, read_reference(reference))
    except InputError:  # too few in common
        return None

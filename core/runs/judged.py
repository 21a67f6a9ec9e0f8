"""What is thought of a run's cameras, in small files beside its checkpoints: now, and when what."""

import contextlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.files import append_line, write_atomically
from core.search.judging.witnesses import FOUND_BY, Opinion

FILE = "verdict.json"
HISTORY = "verdicts.jsonl"  # a line whenever other cameras or another word stand
KINDS = {"verdict": str, "verdict_reasons": list, "cameras": list}  # and of which kind each is


def keep(
    run: Path, opinion: Opinion, before: Opinion, names: Sequence[str], seconds: float = 0.0
) -> None:
    """Write down an opinion of cameras, where it says something else than the one before.

    Where there are none yet, what photos alone tell is of no camera: what is written stays.

    A disk that takes nothing is told of by whoever saves the run.

    Args: `names` of all photos; `seconds` of training so far.
    """
    if _said(opinion) == _said(before) or opinion.way is before.way is None:
        return
    record = {"way": opinion.way, **judgement(opinion, names)}
    with contextlib.suppress(OSError):
        write_atomically(run / FILE, f"{json.dumps(record, indent=1)}\n".encode())
        if (opinion.way, opinion.word) != (before.way, before.word):
            line = {
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "seconds": round(seconds, 2),
                "way": opinion.way,
                "verdict": opinion.word,
                "reasons": [reason.key for reason in opinion.reasons],
            }
            append_line(run / HISTORY, json.dumps(line))


def trusted_since(run: Path) -> datetime | None:
    """When the cameras of a run on disk were trusted for good; None where they are not."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        lines = (run / HISTORY).read_text(encoding="utf-8").splitlines()
        since = None
        for line in map(json.loads, lines):
            trusted = line["verdict"] == "trusted"
            since = (since or datetime.fromisoformat(line["time"])) if trusted else None
        return since
    return None


def _said(opinion: Opinion) -> tuple[object, ...]:
    return opinion.way, opinion.word, opinion.reasons, dict(opinion.cameras)


def judgement(opinion: Opinion, names: Sequence[str]) -> dict[str, Any]:
    """What is thought of all cameras and of each, and why, as plain JSON."""
    reasons = [
        {
            "key": reason.key,
            "sentence": reason.sentence,
            "figures": dict(reason.figures),
            "photos": [names[number] for number in reason.photos],
            "remedy": reason.remedy,
        }
        for reason in opinion.reasons
    ]
    cameras = [
        {"photo": names[number], "verdict": word} for number, word in opinion.cameras.items()
    ]
    return {"verdict": opinion.word, "verdict_reasons": reasons, "cameras": cameras}


def judgement_of(way: str, opinion: Opinion, names: Sequence[str]) -> dict[str, Any]:
    """How cameras were found and what is thought of them, as files and figures state it."""
    found_by = {str(known): words for known, words in FOUND_BY.items()}.get(way, way)
    own = opinion if opinion.way == way else Opinion()
    return {"found_by": found_by, **judgement(own, names)}


def kept(run: Path, way: str) -> dict[str, Any]:
    """The same of a run on disk, whose newest cameras were found that way.

    What was thought of others, or cannot be read, says nothing of these.
    """
    unsaid = judgement_of(way, Opinion(), ())
    try:
        read = json.loads((run / FILE).read_text(encoding="utf-8"))
        known = {name: read[name] for name in KINDS}
        same = read["way"] == way and all(isinstance(known[n], kind) for n, kind in KINDS.items())
    except (OSError, ValueError, KeyError, TypeError):
        return unsaid
    return unsaid | known if same else unsaid

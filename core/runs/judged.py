"""What was last thought of a run's cameras, in a small file beside its checkpoints."""

import contextlib
import json
from pathlib import Path

from core.files import write_atomically
from core.search.witnesses import FOUND_BY, Opinion

FILE = "verdict.json"


def keep(run: Path, opinion: Opinion, before: Opinion) -> None:
    """Write down an opinion of cameras, where it says something else than the one before.

    A disk that takes nothing is told of by whoever saves the run.
    """
    if _said(opinion) == _said(before):
        return
    told = {
        "way": opinion.way,
        "verdict": opinion.word,
        "verdict_reasons": [reason.sentence for reason in opinion.reasons],
    }
    with contextlib.suppress(OSError):
        write_atomically(run / FILE, f"{json.dumps(told, indent=1)}\n".encode())


def _said(opinion: Opinion) -> tuple[object, ...]:
    return opinion.way, opinion.word, opinion.reasons


def told_of(way: str, opinion: Opinion) -> dict[str, str]:
    """How cameras were found and what is thought of them, as files and figures state it."""
    found_by = {str(known): words for known, words in FOUND_BY.items()}.get(way, way)
    return {"found_by": found_by, "verdict": opinion.word if opinion.way == way else "unknown yet"}


def kept(run: Path, way: str) -> dict[str, str]:
    """The same of a run on disk, whose newest cameras were found that way.

    What was thought of others, or cannot be read, says nothing of these.
    """
    told = told_of(way, Opinion())
    try:
        read = json.loads((run / FILE).read_text(encoding="utf-8"))
        same = read["way"] == way and isinstance(read["verdict"], str)
    except (OSError, ValueError, KeyError, TypeError):
        return told
    return told | {"verdict": read["verdict"]} if same else told

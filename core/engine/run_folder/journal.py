"""What was asked of a run, and when: one line of JSON each in the run's folder."""

import json
from pathlib import Path

from core.engine.commands import Command
from core.errors import InputError
from core.files import append_line


def append(run: Path, step: int, command: Command) -> None:
    """Note a command that was carried out at a step, on a line of its own.

    Raises:
        InputError: it cannot be written; the command was carried out nevertheless.
    """
    entry = {"step": step, "command": type(command).__name__, **vars(command)}
    path = run / "journal.jsonl"
    try:
        run.mkdir(parents=True, exist_ok=True)
        append_line(path, json.dumps(entry, default=str))
    except OSError as error:
        raise InputError(
            f"{path} does not have what was asked last ({error.strerror}); make room, the run "
            "goes on without."
        ) from None

"""What was asked of a run, and when: one line of JSON each in the run's folder."""

import json
from pathlib import Path

from core.engine.commands import Command
from core.errors import InputError


def append(run: Path, step: int, command: Command) -> None:
    """Note a command that was carried out at a step.

    Raises:
        InputError: it cannot be written; the command was carried out nevertheless.
    """
    entry = {"step": step, "command": type(command).__name__, **vars(command)}
    path = run / "journal.jsonl"
    try:
        run.mkdir(parents=True, exist_ok=True)
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry, default=str) + "\n")
    except OSError as error:
        raise InputError(
            f"{path} does not have what was asked last ({error.strerror}); make room, the run "
            "goes on without."
        ) from None

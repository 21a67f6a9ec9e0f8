"""What was asked of a run, and when: one line of JSON each in the run's folder."""

import json
import os
from pathlib import Path

from core.engine.commands import Command
from core.errors import InputError


def append(run: Path, step: int, command: Command) -> None:
    """Note a command that was carried out at a step, on a line of its own.

    A line that a process left unfinished which was killed is ended first.

    Raises:
        InputError: it cannot be written; the command was carried out nevertheless.
    """
    entry = {"step": step, "command": type(command).__name__, **vars(command)}
    path = run / "journal.jsonl"
    try:
        run.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            torn = bool(file.tell()) and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n"
            file.write(b"\n" * torn + json.dumps(entry, default=str).encode() + b"\n")
    except OSError as error:
        raise InputError(
            f"{path} does not have what was asked last ({error.strerror}); make room, the run "
            "goes on without."
        ) from None

"""What was asked of a run, and when: one line of JSON each in the run's folder."""

import json
from pathlib import Path

from core.engine.commands import Command


def append(run: Path, step: int, command: Command) -> None:
    """Note a command that was carried out at a step."""
    entry = {"step": step, "command": type(command).__name__, **vars(command)}
    run.mkdir(parents=True, exist_ok=True)
    with open(run / "journal.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(entry, default=str) + "\n")

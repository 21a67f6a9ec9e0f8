"""Write the learned cameras of a run for other tools."""

import argparse
import json
from pathlib import Path

from core.exporting.cameras import EXPORTS
from core.training import checkpoint

SUMMARY = "Write the learned cameras of a run for other tools."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's arguments."""
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="the run's folder")
    parser.add_argument("--format", required=True, choices=EXPORTS, help="the form")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write")


def main(arguments: argparse.Namespace) -> int:
    """Write the file; print one JSON line."""
    learned = checkpoint.learned_in(arguments.run)
    EXPORTS[arguments.format](learned, arguments.out)
    print(json.dumps({"file": str(arguments.out), "cameras": len(learned.trained)}))
    return 0

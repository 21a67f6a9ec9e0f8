"""Measure how fast the studio answers here, on the bundled scene."""

import argparse
import dataclasses
import json
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from core.engine import Engine
from studio.cli.arguments import BUNDLED

SUMMARY = "Measure how fast the studio answers on this machine."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's arguments."""
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each part [20]")
    parser.add_argument("--quick", action="store_true", help="parts of 6 seconds")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures as JSON too")


def main(arguments: argparse.Namespace) -> int:
    """Measure, print a table, and one JSON line last."""
    from studio.benchmark import measure  # noqa: PLC0415  gradio and viser take seconds to import

    seconds = 6.0 if arguments.quick else arguments.seconds
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder) / "bench", {"data.photos": str(BUNDLED)})
        figures = measure(engine, seconds, lambda text: print(text, file=sys.stderr))
    facts = {name: round(value, 3) for name, value in dataclasses.asdict(figures).items()}
    table = Table("figure", "value")
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), f"{value:g}")
    Console(stderr=True).print(table)
    if arguments.out:
        arguments.out.write_text(json.dumps(facts, indent=1) + "\n")
    print(json.dumps(facts))
    return 0

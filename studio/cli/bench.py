"""Measure on the bundled scene how soon cameras and views are right, and the studio answers."""

import argparse
import dataclasses
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from core.engine import Engine
from studio.bundled import BUNDLED

SUMMARY = "Measure speed and accuracy on this machine, with the bundled scene."
QUICK, USUAL = 0.2, 1.0  # part of the usual time


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's arguments."""
    parser.add_argument("--quick", action="store_true", help="less exact, within two minutes")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures as JSON too")


def main(arguments: argparse.Namespace) -> int:
    """Measure, print a table, and one JSON line last."""
    facts = _figures(QUICK if arguments.quick else USUAL)
    table = Table("figure", "value")
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), "-" if value is None else f"{value:g}")
    Console(stderr=True).print(table)
    if arguments.out:
        arguments.out.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(facts))
    return 0


def _figures(part: float) -> dict[str, Any]:
    from studio import benchmark, learning_benchmark, steps_benchmark  # noqa: PLC0415  seconds

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        learning = learning_benchmark.measure_learning(
            BUNDLED.parent, 120 * part, run / "learning", say
        )
        options = {"data.photos": str(BUNDLED), "explore.quality": 252}
        live = benchmark.measure_live(Engine(run / "live", options), 40 * part, say)
    say("steps of the published size")
    steps = steps_benchmark.measure_steps(rounds=1 if part < USUAL else 3)
    facts = dataclasses.asdict(learning) | dataclasses.asdict(live)
    for name, speed in (("relu", steps.relu), ("siren", steps.siren)):
        facts |= {
            f"published_{name}_steps_per_second": 1000 / speed.ours_ms,
            f"published_{name}_ratio_to_plain_step": speed.ratio,
        }
    facts["million_plane_samples_per_second"] = learning_benchmark.plane_samples_per_second() / 1e6
    return {name: None if value is None else round(value, 4) for name, value in facts.items()}

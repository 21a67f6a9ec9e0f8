"""Say whether cameras made by anybody are right."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from core.formats.reference import read_reference
from core.search.judging.verdict import Verdict
from studio.cli.progress import watched
from studio.jobs.auditing import Audited, audited, placed

SUMMARY = "Say whether cameras, whoever made them, are right."
COLOURS = {"trusted": "green", "doubtful": "yellow", "wrong": "red", "unknown yet": "dim"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's arguments."""
    parser.add_argument(
        "--photos", type=Path, required=True, metavar="PATH", help="the folder of the photos"
    )
    parser.add_argument(
        "--cameras",
        type=Path,
        required=True,
        metavar="PATH",
        help="their cameras: a transforms.json, a COLMAP model, a poses_bounds.npy or an .npz",
    )


def main(arguments: argparse.Namespace) -> int:
    """Audit; print a table for people, and one JSON line last."""
    photos = placed(arguments.photos, read_reference(arguments.cameras))
    for notice in photos.notices:
        print(notice, file=sys.stderr)
    with watched("checks") as watch:
        found = audited(photos, os.cpu_count() or 1, watch)
    _show(found, photos.missing, Console(stderr=True))
    print(line(found, photos.missing))
    return 0


def line(found: Audited, missing: Sequence[str]) -> str:
    """All that was found, as one line of JSON."""
    own: Verdict = found.verdict
    reasons = [
        {
            "key": reason.key,
            "sentence": reason.sentence,
            "figures": {name: round(value, 4) for name, value in reason.figures.items()},
            "photos": [found.names[index] for index in reason.photos],
            "remedy": reason.remedy,
        }
        for reason in own.reasons
    ]
    cameras = [
        {
            "photo": name,
            "verdict": word,
            "support": round(figures.support, 4),
            "through": round(figures.through, 4),
        }
        for name, word, figures in zip(found.names, own.cameras, found.photos, strict=True)
    ]
    return json.dumps(
        {
            "verdict": own.word,
            "verdict_reasons": reasons,
            "cameras": cameras,
            "not_placed": list(missing),
        }
    )


def _show(found: Audited, missing: Sequence[str], console: Console) -> None:
    table = Table("photo", "verdict", "confirmed by two others", "seen through")
    for name, word, figures in zip(found.names, found.verdict.cameras, found.photos, strict=True):
        shares = (f"{figures.support:.0%}", f"{figures.through:.0%}")
        table.add_row(name, f"[{COLOURS[word]}]{word}[/]", *shares)
    console.print(table)
    if missing:
        count = len(missing) + len(found.names)
        console.print(f"{len(missing)} of {count} not placed: {', '.join(missing)}", markup=False)
    console.print(f"[bold {COLOURS[found.verdict.word]}]{found.verdict.word}[/]")
    for reason in found.verdict.reasons:
        console.print(f"- {reason.sentence}", markup=False)

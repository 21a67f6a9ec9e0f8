"""Measure on this machine: speed and accuracy on the bundled scene, or the truth on a folder."""

import argparse
import dataclasses
import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from core.engine import Engine
from core.errors import InputError
from core.files import finished_file
from core.observing import observers
from core.photos import local_path
from core.training.devices import choose_device, name_of
from studio.bundled import BUNDLED

SUMMARY = "Measure speed and accuracy on this machine, with the bundled scene or sets of yours."
QUICK, USUAL = 0.2, 1.0  # part of the usual time


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's arguments."""
    parser.add_argument("--quick", action="store_true", help="less exact, within two minutes")
    parser.add_argument(
        "--device",
        choices=["auto", "cpu", "cuda"],
        default="auto",
        help="where to learn and to make steps; not with --truth [auto]",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures as JSON too")
    parser.add_argument(
        "--truth",
        type=Path,
        metavar="FOLDER",
        help="instead: train on every set of a folder (images/ and transforms.json each), and tell "
        "where cameras are right, and whether the verdict knows",
    )
    parser.add_argument(
        "--search",
        default="auto",
        metavar="WAYS",
        help="with --truth: values of cameras.search to try, with commas between [auto]",
    )
    parser.add_argument(
        "--protocol",
        choices=("barf", "nerfmm"),
        help="instead: train as papers do (split, size, focal length known or not), and print "
        "their figures beside",
    )
    parser.add_argument(
        "--photos", type=Path, metavar="FOLDER", help="with --protocol: the photos of the scene"
    )
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="PATH",
        help="with --protocol: their cameras [the poses_bounds.npy beside the folder]",
    )
    parser.add_argument(
        "--seconds", type=float, default=0.0, help="of training: on each set [90], or [120]"
    )


def main(arguments: argparse.Namespace) -> int:
    """Measure, print a table, and one JSON line last."""
    if not 0 <= arguments.seconds < math.inf:
        raise InputError(f"--seconds cannot be {arguments.seconds:g}; give a number above 0.")
    if arguments.protocol is not None:
        return _protocol(arguments)
    if arguments.truth is not None:
        return _truth(arguments)
    facts = _figures(QUICK if arguments.quick else USUAL, arguments.device)
    table = Table("figure", "value")
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), _cell(value))
    Console(stderr=True).print(table)
    if arguments.out:
        with finished_file(arguments.out) as temporary:
            temporary.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(facts))
    return 0


def _cell(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else "-" if value is None else str(value)


def _truth(arguments: argparse.Namespace) -> int:
    from studio.benchmarks import truth  # noqa: PLC0415  slow to import

    ways = tuple(arguments.search.split(","))
    if unknown := set(ways) - {"auto", "pixels", "features"}:
        raise InputError(f"--search cannot be {min(unknown)!r}: it is auto, pixels or features.")
    sets, console = truth.sets_in(arguments.truth), Console(stderr=True)
    found = truth.measure_truth(
        sets, ways, arguments.seconds or 90.0, lambda one: console.print(str(one), markup=False)
    )
    table = Table("search", "sets", "right", "wrong called trusted", "right not trusted", "GB")
    for way in ways:
        row = truth.summary(found, way)
        table.add_row(*(_shown(value) for value in row.values()))
    console.print(table)
    if arguments.out:
        with finished_file(arguments.out) as temporary:
            temporary.write_text(truth.as_json(found), encoding="utf-8")
    print(json.dumps([truth.summary(found, way) for way in ways]))
    return 0


def _protocol(arguments: argparse.Namespace) -> int:
    from studio.benchmarks import protocol  # noqa: PLC0415  slow to import

    if arguments.photos is None:
        raise InputError("--protocol needs --photos FOLDER, the photos of one scene.")
    name, photos = arguments.protocol, local_path(arguments.photos)
    found = protocol.measured(name, photos, arguments.reference, arguments.seconds or 120.0)
    ours, others = found.facts(), protocol.published(name, photos)
    table = Table("", *protocol.COLUMNS)
    for who, figures in {"here": ours, **others}.items():
        values = (figures.get(column) for column in protocol.COLUMNS)
        table.add_row(who, *("-" if value is None else f"{value:g}" for value in values))
    console = Console(stderr=True)
    console.print(table)
    for sentence in protocol.remarks(name, found):
        console.print(sentence, markup=False)
    facts = {"protocol": name, **ours, "published": others}
    if arguments.out:
        with finished_file(arguments.out) as temporary:
            temporary.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(facts))
    return 0


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else f"{value}"


def _figures(part: float, asked: str) -> dict[str, Any]:
    from studio.benchmarks import learning, live, steps  # noqa: PLC0415  seconds

    device = choose_device(asked, "--device is")

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        learned = learning.measure_learning(
            BUNDLED.parent, 120 * part, run / "learning", say, asked
        )
        options = {
            "data.photos": str(BUNDLED), "explore.quality": 252, "training.device": asked,
            "explore.scene": "none",  # else a quick visitor would draw for itself, a slow one not
        }  # fmt: skip
        felt = live.measure_live(Engine(run / "live", options, observers=observers), 40 * part, say)
        say("steps of planes alone")
        planes = learning.plane_steps_per_second(BUNDLED.parent, run / "planes", asked)
    say("steps of the published size")
    published = steps.measure_steps(rounds=1 if part < USUAL else 3, device=device)
    facts = dataclasses.asdict(learned) | dataclasses.asdict(felt)
    for name, speed in (("relu", published.relu), ("siren", published.siren)):
        facts |= {
            f"published_{name}_steps_per_second": 1000 / speed.ours_ms,
            f"published_{name}_ratio_to_plain_step": speed.ratio,
        }
    facts["device"] = name_of(device)
    facts["plane_steps_per_second"] = planes
    facts["million_plane_samples_per_second"] = learning.plane_samples_per_second() / 1e6
    return {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in facts.items()
    }

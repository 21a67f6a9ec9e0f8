"""Make a run of a checkpoint that improved-nerfmm or nerfmm wrote."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from core.config import Config
from core.config.paths import changed, read_yaml, to_yaml
from core.engine.monitoring.history import Recorder
from core.engine.run_folder.claim import Claim
from core.engine.run_folder.opening import read_photos
from core.errors import InputError
from core.files import write_atomically
from core.formats.legacy import Published, read_published
from core.runs import checkpoint
from core.runs.starting.importing import imported, long_side, recipe
from studio.cli.arguments import add_run_arguments, changes

SUMMARY = "Make a run of a checkpoint that improved-nerfmm or nerfmm wrote."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's arguments."""
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        required=True,
        metavar="PATH",
        help="a .pt of improved-nerfmm, the folder of its run, or nerfmm's folder of latest_*.pth",
    )
    add_run_arguments(parser, "the photos it was trained on")


def main(arguments: argparse.Namespace) -> int:
    """Write the run's first checkpoint; print one JSON line."""
    if arguments.run is None or arguments.photos is None:
        raise InputError("import needs --photos PATH and --run DIR.")
    run = arguments.run.absolute()
    with Claim(run):
        return _import(arguments, run)


def _import(arguments: argparse.Namespace, run: Path) -> int:
    if checkpoint.newest(run) != (None, []):
        raise InputError(f"{run} holds a run already; name another with --run.")
    original, arguments.config = arguments.config, None
    asked = changes(arguments)
    found = read_published(arguments.source, asked.get("cameras.focal", "square"))
    config = changed(Config(), _options(found, original) | asked)
    trainer = imported(found, config, read_photos(config, run))
    try:
        recorder = Recorder(len(trainer.photos.names))
        written = checkpoint.save(trainer, run, recorder.tensors())
        write_atomically(run / "config.yaml", to_yaml(config).encode())
    except OSError as error:
        raise InputError(f"{run} cannot be written ({error.strerror}); choose another.") from None
    finally:
        trainer.close()
    if found.program == "nerfmm":
        print(
            "nerfmm's view directions are frozen at the one straight ahead (docs/presets.md).",
            file=sys.stderr,
        )
    facts = {
        "run": str(run),
        "checkpoint": str(written),
        "from": str(found.path),
        "cameras": len(found.position),
        "field": config.field.kind,
        "steps": trainer.step,
    }
    print(json.dumps(facts))
    return 0


def _options(found: Published, named: Path | None) -> dict[str, Any]:
    """The options of the run: its own config.yaml, named or beside it, over the usual recipe."""
    beside = [folder / "config.yaml" for folder in found.path.parents[:2]]
    usual = recipe(found)
    for file in [named] if named else beside if found.program == "improved-nerfmm" else []:
        if named or file.is_file():
            stated = read_yaml(file, long_side(found))
            stated.pop("data.photos", None)
            return usual | stated | found.options
    if found.options["field.kind"] == "siren":
        raise InputError(
            f"{found.path} does not say its siren_sigma_mul; name the config.yaml of its run with "
            "--config."
        )
    return usual

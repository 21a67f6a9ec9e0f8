"""Arguments that several commands share, and options by path from their declarations."""

import argparse
import contextlib
import itertools
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from core.config import Config
from core.config.paths import changed, known, options, read_yaml
from core.errors import InputError
from core.photos import local_path
from studio.cli.parent import OFF


def add_run_arguments(parser: argparse.ArgumentParser, photos_help: str) -> None:
    """--photos, --run, --config and every option as --section.key."""
    parser.add_argument("--photos", type=Path, metavar="PATH", help=photos_help)
    parser.add_argument(
        "--run", type=Path, metavar="DIR", help="the run's folder; continued if it exists"
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="YAML with some of the options below"
    )
    parser.add_argument(
        OFF, action="store_true", help="no parent starts it again where a library crashes"
    )
    groups: dict[str, argparse._ArgumentGroup] = {}
    for path, option in options().items():
        group = groups.setdefault(option.section, parser.add_argument_group(option.section))
        choices = f" ({' | '.join(option.choices)})" if option.choices else ""
        usual = ",".join(map(str, option.default)) if option.type is tuple else option.default
        default = "" if usual == "" else f" [{usual}]"
        group.add_argument(
            f"--{path}",
            metavar="VALUE",
            default=argparse.SUPPRESS,
            help=f"{option.help}{choices}{default} {option.effect.sentence}".replace("%", "%%"),
        )


def refuse_unknown(rest: list[str]) -> None:
    """Say which argument is not one, and which option is nearest."""
    for word in rest:
        if word.startswith("--") and "." in word:
            known(word.removeprefix("--").partition("=")[0])
    if rest:
        raise InputError(f"{rest[0]} is not an argument of this command; --help lists them.")


def changes(arguments: argparse.Namespace) -> dict[str, Any]:
    """Options by path: those of --config, and over them those of the command line."""
    typed = {path: value for path, value in vars(arguments).items() if path in options()}
    long_side = typed.get("data.long_side")
    asked = read_yaml(arguments.config, long_side) if arguments.config else {}
    asked |= typed
    if arguments.photos is not None:
        asked["data.photos"] = str(arguments.photos)
    if asked.get("data.photos"):
        asked["data.photos"] = str(local_path(asked["data.photos"]))
    if start := asked.get("training.start_from"):  # need not be there to continue a run
        asked["training.start_from"] = str(Path(start).expanduser().absolute())
    return asked


def run_folder(named: Path | None, asked: Mapping[str, Any]) -> Path:
    """The run's folder: the one that was named, or a new one.

    Raises:
        InputError: for a new one, the options are impossible, or no folder can be made here.
    """
    if named is not None:
        return named.absolute()
    changed(Config(), asked)  # nothing is made for what cannot begin
    return new_run(str(asked["data.photos"]))


def new_run(photos: str) -> Path:
    """A fresh folder below runs/, made and empty: when, and of what.

    It is made at once, so that of two that begin in the same second each has its own.

    Raises:
        InputError: no folder can be made here.
    """
    what = re.sub(r"[^\w-]+", "-", Path(photos).stem if photos else "run").strip("-") or "run"
    if what == "images":
        what = re.sub(r"[^\w-]+", "-", Path(photos).parent.name).strip("-") or what
    base = Path("runs").absolute() / f"{datetime.now():%Y-%m-%d-%H%M%S}-{what}"
    for number in itertools.count(1):
        run = base if number == 1 else base.with_name(f"{base.name}-{number}")
        try:
            run.mkdir(parents=True)
            return run
        except FileExistsError:
            continue
        except OSError as error:
            raise InputError(
                f"{run} cannot be made ({error.strerror}); name another folder with --run."
            ) from error
    raise AssertionError("there is always a next number")


def give_back(run: Path) -> None:
    """Remove a run's folder that stayed empty; one with something in it stays."""
    with contextlib.suppress(OSError):
        run.rmdir()

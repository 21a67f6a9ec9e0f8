"""Choosing the command, and saying what went wrong in one sentence."""

import argparse
import errno
import os
import sys
from typing import NoReturn

from core.distributed.launching import started
from core.errors import Cancelled, InputError, is_out_of_memory, shortened
from studio.cli import audit, bench, download, evaluate, export, published, render, studio, train
from studio.cli.arguments import refuse_unknown

COMMANDS = {
    "studio": studio,
    "train": train,
    "evaluate": evaluate,
    "render": render,
    "export": export,
    "import": published,
    "audit": audit,
    "download": download,
    "bench": bench,
}
# What systems and drives say of a file that was named, wherever that is noticed.
OF_THE_FILE = (
    errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.ELOOP, errno.EIO, errno.EROFS,
    errno.ENOSPC,
)  # fmt: skip
NO_MEMORY = "memory ran out; close other programs, or do this where there is more."


def run(words: list[str]) -> int:
    """Run one command line; returns the exit status: 0 done, 1 failed, 2 wrong input."""
    if not words or (words[0] not in COMMANDS and words[0] not in ("-h", "--help")):
        words = ["studio", *words]
    try:
        arguments, rest = _parser().parse_known_args(words)
        refuse_unknown(rest)
        if arguments.command != "train" and started(os.environ) > 1:
            raise InputError(f"{arguments.command} runs in one process; torchrun is for train.")
        return COMMANDS[arguments.command].main(arguments)
    except InputError as error:
        print(f"nerfmm studio: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.filename is None or error.errno not in OF_THE_FILE:
            raise
        named = shortened(str(error.filename))
        print(f"nerfmm studio: {named}: {error.strerror}; choose another place.", file=sys.stderr)
        return 2
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        print(f"nerfmm studio: {NO_MEMORY}", file=sys.stderr)
        return 2
    except Cancelled:
        print("nerfmm studio: cancelled; nothing was left behind.", file=sys.stderr)
        return 1


class _Parser(argparse.ArgumentParser):
    """One that says what is wrong without listing every argument there is."""

    def error(self, message: str) -> NoReturn:
        """Say it as every other complaint."""
        raise InputError(f"{message}; --help lists the arguments.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="launch.py",
        description="Learn cameras and a NeRF from photos alone. Without a command: studio.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        part = commands.add_parser(
            name, help=command.SUMMARY, description=command.SUMMARY, allow_abbrev=False
        )
        command.add_arguments(part)
    return parser

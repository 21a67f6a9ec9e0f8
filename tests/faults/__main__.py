"""Runs the fault programs and prints what each has measured."""

import argparse
import importlib
import sys
import time

import torch

from tests.conftest import hear_hangups

PROGRAMS = (
    "kills",
    "damage",
    "refusals",
    "checkpoints",
    "forged",
    "configs",
    "pictures",
    "frames",
    "windows",
    "paths",
    "signals",
    "readers",
    "races",
)
LONG = (
    "crashes",
    "workers",
    "senders",
    "visitors",
    "soak",
)  # minutes, or bars that a busy machine misses


def main() -> int:
    """Run those that are named, or all; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help=", ".join(PROGRAMS + LONG))
    parser.add_argument("--quick", action="store_true", help="a tenth of each")
    parser.add_argument("--all", action="store_true", help=f"also {', '.join(LONG)}")
    parser.add_argument("--minutes", type=float, default=3.0, help="of the soak [3]")
    arguments = parser.parse_args()
    missed = 0
    torch.set_num_threads(1)
    hear_hangups()
    for name in arguments.programs or PROGRAMS + LONG * arguments.all:
        began = time.monotonic()
        try:
            program = importlib.import_module(f"tests.faults.{name}")
            longer = (arguments.minutes,) if name == "soak" else ()
            told = program.run(10 if arguments.quick else 1, *longer)
        except AssertionError as error:
            told, missed = f"MISSED: {error}", missed + 1
        print(f"{name:10} {time.monotonic() - began:6.1f} s  {told}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Runs the fault programs and prints what each has measured."""

import argparse
import importlib
import sys
import time

import torch

PROGRAMS = ("kills", "damage", "refusals", "configs", "pictures", "frames", "windows", "crashes")


def main() -> int:
    """Run those that are named, or all; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help=", ".join(PROGRAMS))
    parser.add_argument("--quick", action="store_true", help="a tenth of each")
    arguments = parser.parse_args()
    missed = 0
    torch.set_num_threads(1)
    for name in arguments.programs or PROGRAMS:
        began = time.monotonic()
        try:
            told = importlib.import_module(f"tests.faults.{name}").run(10 if arguments.quick else 1)
        except AssertionError as error:
            told, missed = f"MISSED: {error}", missed + 1
        print(f"{name:10} {time.monotonic() - began:6.1f} s  {told}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

"""`--show` and `--device`: whose scene a command takes, and where it is rendered."""

import argparse

from rich.console import Console

from core.errors import InputError
from core.runs import checkpoint
from core.runs.checkpoint import Checkpoint
from core.training.devices import choose_device, passed_over
from core.training.learned import ASKED, Learned

MISSING = {
    "planes": "has no planes; its network or its depth maps are all there is",
    "network": "has no network: its field is planes, its scene is held by depth maps, or its "
    "cameras are still being found",
}


def add_show(parser: argparse.ArgumentParser) -> None:
    """Declare the argument."""
    parser.add_argument(
        "--show",
        choices=["best", *ASKED],
        help="whose scene: planes, the network, or the one that knows unseen pixels better [as "
        "explore.show of the run says; of both the better]",
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """Declare the argument."""
    parser.add_argument(
        "--device",
        choices=["auto", "cpu", "cuda"],
        default="auto",
        help="where the scene is rendered; auto takes a GPU that works, wherever it was learned "
        "[%(default)s]",
    )


def placed(learned: Learned, device: str) -> Learned:
    """The same on the device that was asked for; says why one that is here is not taken.

    Raises:
        InputError: it is not usable here.
    """
    chosen = choose_device(device, "--device is")
    if said := passed_over(device):
        Console(stderr=True).print(said, markup=False, highlight=False)
    return learned.on(chosen)


def learned_of(found: Checkpoint, show: str | None) -> Learned:
    """What a checkpoint has learned, with the scene that was asked for.

    Raises:
        InputError: there is no such scene.
    """
    learned = checkpoint.learned(found, show)
    if show in ASKED and learned.shown != ASKED[show]:
        raise InputError(f"The run {MISSING[show]}; leave --show {show} out.")
    return learned

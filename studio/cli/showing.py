"""`--show`: whose scene a command takes, where planes and a network were learned side by side."""

import argparse

from core.errors import InputError
from core.runs import checkpoint
from core.runs.checkpoint import Checkpoint
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


def learned_of(found: Checkpoint, show: str | None) -> Learned:
    """What a checkpoint has learned, with the scene that was asked for.

    Raises:
        InputError: there is no such scene.
    """
    learned = checkpoint.learned(found, show)
    if show in ASKED and learned.shown != ASKED[show]:
        raise InputError(f"The run {MISSING[show]}; leave --show {show} out.")
    return learned

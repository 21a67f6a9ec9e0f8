"""A new run from a moment of the one that is open: from a whole state, or from a kept scene."""

from typing import Any

from core.config import Config
from core.config.paths import differences
from core.engine.commands import Open
from core.engine.snapshot import Snapshot
from core.errors import InputError
from core.runs import moments
from core.runs.shelf import Shelf
from core.runs.summary import states_of


def branched(shelf: Shelf, snapshot: Snapshot, step: int) -> Open:
    """Make the folder of a run that begins at the last moment kept at or before a step.

    From a state it goes on as the run did, optimizers and all. A scene that was kept for the slider
    is taken over with its cameras, and learned further.

    Raises:
        InputError: nothing was kept, or the cameras were still being found.
    """
    run = snapshot.run
    states = [state for state in states_of(run) if state.step <= step]
    scenes = [one for one in moments.moments_of(run).items() if one[0] <= step]
    if states and (not scenes or states[-1].step >= scenes[-1][0]):
        return Open(shelf.branch(run.name, max(states, key=lambda state: state.step).path))
    if not scenes:
        raise InputError(f"Nothing was kept of step {step:,} or before; choose a later moment.")
    at, path = scenes[-1]
    facts = moments.read(path).facts
    if facts["stage"] == "bootstrap":
        raise InputError(
            f"At step {at:,} the cameras were still being found; choose a later moment."
        )
    goal, start = shelf.begun(run.name, at, path)
    changes: dict[str, Any] = differences(Config(), snapshot.config)
    keep = ("cameras",) if "depth_maps" in facts else ("cameras", "field")
    return Open(goal, changes | {"training.start_from": str(start), "training.keep": keep})

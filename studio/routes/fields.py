"""Planes and a network side by side, as the page tells of them."""

from typing import Any

import numpy as np

from core.engine.commands.switches import WORDS
from core.engine.monitoring.contest import Unseen
from core.engine.snapshot import Snapshot
from core.training.learned import PAIRS, pair_of


def named(snapshot: Snapshot, shows: str) -> str:
    """A learner's scene by the name of its field: "siren" for a "field" that is one."""
    return snapshot.config.field.kind if shows == "field" else WORDS.get(shows, shows)


def side_by_side(snapshot: Snapshot) -> dict[str, Any]:
    """What is asked for, what stands on each side of the line, and how the two compare."""
    learned, found, waits = snapshot.learned, snapshot.contest, why_not(snapshot)
    pair = PAIRS[1] if "depth-maps" in snapshot.learners else PAIRS[0]
    passes = None
    if found is not None and found.passes is not None:
        passes = dict(zip(("expected", "least", "most"), found.passes, strict=True))
    return {
        "show": snapshot.config.explore.show,
        "show_can": learned is not None and not waits,
        "show_waits": waits,
        "names": {PAIRS[0][0]: named(snapshot, pair[0]), "field": named(snapshot, "field")},
        "sides": [named(snapshot, shows) for shows in pair] if learned and learned.pair else None,
        "contest": None
        if found is None
        else {
            "leader": found.leader,
            "lead": found.lead,
            "taken": found.taken,
            "passes": passes,
        },
        "both_unseen_psnr": {shows: snapshot.unseen_psnr.get(shows) for shows in PAIRS[0]},
    }


def switched(snapshot: Snapshot) -> dict[str, Any]:
    """How many switches a person has made since the run was opened, and what the last one did."""
    made = snapshot.history.switches if snapshot.history else ()
    return {"count": len(made), "said": made[-1] if made else ""}


def why_not(snapshot: Snapshot) -> str:
    """Why nothing can be chosen to be shown, and when it can be; nothing where it can."""
    kind, there = snapshot.config.field.kind, snapshot.learners
    if snapshot.learned is None or pair_of(there) or ("depth-maps" in there and kind != "planes"):
        return ""
    if kind == "planes":
        held = "Depth maps" if "depth-maps" in there else "Planes"
        return f"{held} are all there is: Field is planes. Pick a network there to choose."
    if "planes" not in there:
        return f"There are no planes here: {kind} is all there is to show."
    if snapshot.stage == "bootstrap":
        return f"Planes find the cameras now. The {kind} network begins, and can be shown, then."
    return "Planes are all there is to show."


def unseen(curves: Unseen, points: int) -> dict[str, Any]:
    """The curves at unseen pixels, thinned evenly to at most so many points."""
    count = len(curves.steps)
    chosen = np.unique(np.linspace(0, count - 1, min(count, points)).round().astype(int))
    planes, network = (
        [round(float(value), 3) for value in values[chosen]]
        for values in (curves.planes, curves.network)
    )
    return {
        "steps": [int(step) for step in curves.steps[chosen]],
        "planes": planes,
        "field": network,
        "began": [int(step) for step in curves.began[chosen]],
    }

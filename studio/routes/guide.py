"""One sentence over the scene, always: what is going on, how far it is, what to do next."""

import math

from core.engine.snapshot import Snapshot
from core.training.learned import PAIRS
from core.training.learners.field_learner import LOOKED_AT

FRESH = 8.0  # seconds of training in which it is news that the cameras are found
DRAG = "Drag to look around"
NOUNS = {"explore": "Sharpening", "refine": "Rebuilding"}


def guide(snapshot: Snapshot) -> str:
    """The sentence; nothing while there are no photos, of which the page speaks by itself."""
    if snapshot.photos is None:
        return ""
    if snapshot.step == 0 and not snapshot.playing:
        return f"{len(snapshot.photos.names)} photos are ready. Press Play"
    if snapshot.stage == "bootstrap":
        return _searching(snapshot)
    if _just_found(snapshot):
        found = f"Cameras found in {snapshot.outlook.found_after:.0f} s"
        return (
            f"{found}. {DRAG}" if snapshot.playing else f"{found}. Press Play to sharpen the scene"
        )
    if snapshot.outlook.sharp:
        return f"Sharp. {DRAG}, or make your video"
    return _learning(snapshot)


def _searching(snapshot: Snapshot) -> str:
    left_out = set(snapshot.config.data.disabled)
    held = snapshot.learned.held_out if snapshot.learned else ()
    names = snapshot.photos.names if snapshot.photos else ()
    wanted = sum(name not in left_out for name in names) - sum(held)
    where = f"{snapshot.outlook.settled} of {wanted} settled"
    if not snapshot.playing:
        return f"Paused while finding where you stood: {where}. Press Play to go on"
    if not snapshot.outlook.closer:
        return f"Finding where you stood: {where}"
    if not snapshot.outlook.settled:
        return "Looking closer at where you stood: cameras move a little again"
    return f"Looking closer at where you stood: {where}"


def _just_found(snapshot: Snapshot) -> bool:
    found = snapshot.outlook.found_after
    return found is not None and snapshot.seconds - found < FRESH


def _learning(snapshot: Snapshot) -> str:
    part = snapshot.outlook.part
    far = f"epoch {snapshot.epoch:,}" if part is None else f"{int(100 * part)} %"
    if not snapshot.playing:
        return f"Paused at {far}. {DRAG}; Play goes on"
    if snapshot.opinion.word == "wrong" and snapshot.opinion.doing:
        return "These cameras look wrong; better ones are being looked for"
    if waits := _network_waits(snapshot):
        return f"Depth maps, {far}. {waits}"
    doing = "Learning" if part is None else NOUNS.get(snapshot.stage, "Sharpening")
    return f"{doing}, {far}" + ("" if part is not None else f". {DRAG}")


def _network_waits(snapshot: Snapshot) -> str:
    """When a network that is to be looked at is seen beside depth maps; nothing where it is."""
    learned, outlook, config = snapshot.learned, snapshot.outlook, snapshot.config
    beside = set(PAIRS[1]) <= set(snapshot.learners) and config.explore.show in LOOKED_AT
    seen = learned is None or learned.pair or learned.shown == "field" or outlook.part is None
    if not beside or seen:
        return ""
    when = "" if outlook.seconds_left is None else f", in {_at_most(outlook.seconds_left[1])}"
    return f"The {config.field.kind} network is seen beside them once they stand{when}"


def _at_most(seconds: float) -> str:
    unit, many, word = (10, 10, "s") if seconds < 90 else (60, 1, "min")
    return f"at most {max(1, math.ceil(seconds / unit)) * many} {word}"

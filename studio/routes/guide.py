"""One sentence over the scene, always: what is going on, how far it is, what to do next."""

from core.engine.snapshot import Snapshot

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
    doing = "Learning" if part is None else NOUNS.get(snapshot.stage, "Sharpening")
    return f"{doing}, {far}" + ("" if part is not None else f". {DRAG}")

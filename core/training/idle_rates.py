"""What a change of options cannot do, as planes move the cameras and learn the lens."""

from core.config import Config
from core.config.paths import differences

OF_A_NETWORK = tuple(
    f"cameras.{name}"
    for name in ("rate", "focal_rate", "distortion_rate", "decay", "decay_epochs", "decay_steps")
)


def idle_rates(old: Config, new: Config) -> list[str]:
    """A sentence where a change touches rates of cameras that planes alone move."""
    changed = [path for path in differences(old, new) if path in OF_A_NETWORK]
    if not changed or new.cameras.rate_beside_planes > 0:
        return []
    return [
        f"{' and '.join(changed)} cannot act: planes move these cameras, at the rates of "
        "schedule.pose_rate and schedule.focal_rate; raise cameras.rate_beside_planes for a "
        "network to move them once planes are finished."
    ]


def idle_lens(old: Config, new: Config) -> list[str]:
    """A sentence where a change asks for more numbers of lenses than a network moves.

    For planes that have no level before them in which lenses are learned.
    """
    bends = new.cameras.learn_distortion and not old.cameras.learn_distortion
    zooms = (new.cameras.focal_of, old.cameras.focal_of) == ("each-photo", "all-photos")
    beside = old.field.kind != "planes" and new.cameras.rate_beside_planes > 0
    if beside or not (bends or zooms):
        return []
    return [
        "Planes have ended the levels in which lenses are learned: raise "
        "cameras.rate_beside_planes for a network to learn them, or refine planes."
    ]

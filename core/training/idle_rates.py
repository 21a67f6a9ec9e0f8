"""What a change of options cannot do, as planes move the cameras."""

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


def lens_begins(old: Config, new: Config) -> bool:
    """Whether a change asks for more numbers of the lenses."""
    begins = new.cameras.learn_distortion and not old.cameras.learn_distortion
    return begins or (new.cameras.focal_of, old.cameras.focal_of) == ("each-photo", "all-photos")

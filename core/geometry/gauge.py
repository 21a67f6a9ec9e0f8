"""Which way is up, where the origin is and how long a unit is: a world of one's choice.

Photos tell the world only up to a similarity, so a person may choose it (gauge freedom; Triggs et
al., Bundle Adjustment - A Modern Synthesis, 2000, section 9). What a camera sees does not change.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from core.errors import InputError
from core.geometry.alignment import Similarity, stand_together
from core.geometry.cameras import Camera

LEAST_AGREEMENT = 1e-3  # length of the mean of unit vectors that still is a direction

UPS: dict[str, np.ndarray | None] = {
    "as-learned": None,
    "y": np.diag([1.0, -1.0, -1.0]),
    "z": np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]),
}  # the axis that points up -> how a world in OpenCV axes, where up is -y, is turned to it

ORIGINS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as-learned": lambda positions: np.zeros(3),
    "first": lambda positions: positions[0],
    "mean": lambda positions: positions.mean(axis=0),
}  # (N, 3) camera centres -> (3,) the point that becomes the origin


@dataclass(frozen=True)
class Gauge:
    """A choice of world; as it stands, the one that was learned."""

    scale: float = 0.0  # root mean square distance of the cameras from their mean; 0: as learned
    up: str = "as-learned"  # one of `UPS`, for the mean of the cameras' up directions
    origin: str = "as-learned"  # one of `ORIGINS`


def into_gauge(cameras: Sequence[Camera], gauge: Gauge) -> Similarity:
    """What carries the cameras' world to the chosen one; lengths, and so depths, grow by its scale.

    Raises:
        InputError: a word is not known, or the cameras do not tell a length or a direction.
    """
    _check_known(gauge.up, UPS, "up")
    _check_known(gauge.origin, ORIGINS, "origin")
    positions = np.stack([camera.position for camera in cameras])
    scale, rotation = _scale(positions, gauge.scale), _rotation(cameras, gauge.up)
    origin = ORIGINS[gauge.origin](positions)
    return Similarity(scale, rotation, -scale * rotation @ origin)


def to_y_upwards(up: str) -> np.ndarray:
    """(3, 3) what turns a chosen world so that y is upwards; one as learned has it downwards."""
    axes = UPS[up]
    back = np.eye(3) if axes is None else axes.T
    return np.diag([1.0, -1.0, -1.0]) @ back


def spread(positions: np.ndarray) -> float:
    """Root mean square distance of (N, 3) points from their mean."""
    return float(np.linalg.norm(positions - positions.mean(axis=0)) / np.sqrt(len(positions)))


def _scale(positions: np.ndarray, wanted: float) -> float:
    if wanted == 0:
        return 1.0
    if not 0 < wanted < np.inf:
        raise InputError(f"The scale {wanted:g} is not possible; choose a positive one, or 0.")
    if stand_together(positions):
        raise InputError("The cameras stand in one place, which has no scale; choose 0.")
    return wanted / spread(positions)


def _rotation(cameras: Sequence[Camera], up: str) -> np.ndarray:
    """(3, 3) the least turn that makes the cameras' mean up -y, then to the axes chosen."""
    axes = UPS[up]
    if axes is None:
        return np.eye(3)
    mean = np.mean([-camera.camera_to_world[:3, 1] for camera in cameras], axis=0)
    if np.linalg.norm(mean) < LEAST_AGREEMENT:
        raise InputError("The cameras do not agree on a way up; leave it as learned.")
    level, _ = Rotation.align_vectors([[0.0, -1.0, 0.0]], [mean])
    return axes @ level.as_matrix()


def _check_known(word: str, choices: Iterable[str], what: str) -> None:
    if word not in choices:
        raise InputError(f"There is no {what} {word!r}; choose {', '.join(choices)}.")

"""Figures of cameras as two lines of papers give them, to the letter of their published code.

Both compare the cameras of training photos alone, after a similarity that fits their centres.

- barf: Lin et al., BARF, ICCV 2021, and those that follow it. The last tenth of the photos is kept
  aside, the focal length is known. Reference positions are counted from their mean, in units of
  three quarters of the nearest depth; centres are scaled to the root mean square radius of the
  reference's; a translation is that of world to camera, so that turns count in it, and is stated
  times 100.
- nerfmm: Wang et al., NeRF--, 2021. Every eighth photo from the first is kept aside, the focal
  length is learned. The similarity is Umeyama's; positions are in units in which the farthest
  training camera of the reference is 2 from the first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.geometry.alignment import rotation_angles, umeyama
from core.geometry.cameras import Camera

NEAREST = 0.75  # of the nearest depth: the unit of LLFF's users


@dataclass(frozen=True)
class PoseErrors:
    """Means over training photos.

    Attributes:
        rotation: degrees.
        translation: in the protocol's units; None where they are not known.
    """

    rotation: float
    translation: float | None


@dataclass(frozen=True)
class Protocol:
    """What has to be the same for figures to stand side by side.

    Attributes:
        split: the word of `data.held_out`.
        long_side: pixels of the photos.
        focal_known: whether the focal length is the reference's, and kept.
        errors: of learned poses against the reference's (N, 4, 4) camera to world, the mean
            position of all reference cameras (3,), and the nearest depth where it is known.
        translation: what the translation is, in words.
    """

    split: str
    long_side: int
    focal_known: bool
    errors: Callable[[np.ndarray, np.ndarray, np.ndarray, float | None], PoseErrors]
    translation: str


def as_barf(
    learned: np.ndarray, wanted: np.ndarray, middle: np.ndarray, nearest: float | None
) -> PoseErrors:
    """See `Protocol.errors`."""
    fit = umeyama(learned[:, :3, 3], wanted[:, :3, 3])
    centres, goal = learned[:, :3, 3], wanted[:, :3, 3]
    spread = [np.sqrt(np.square(c - c.mean(0)).sum(1).mean()) for c in (centres, goal)]
    moved = (centres - centres.mean(0)) @ fit.rotation.T * (spread[1] / spread[0]) + goal.mean(0)
    axes, aims = fit.rotation @ learned[:, :3, :3], wanted[:, :3, :3]
    translation = None
    if nearest is not None:
        shifts = [
            np.einsum("nji,nj->ni", turns, stood - middle)
            for turns, stood in ((axes, moved), (aims, goal))
        ]
        apart = np.linalg.norm(shifts[0] - shifts[1], axis=1)
        translation = float(100 * apart.mean() / (NEAREST * nearest))
    return PoseErrors(float(rotation_angles(axes, aims).mean()), translation)


def as_nerfmm(
    learned: np.ndarray, wanted: np.ndarray, middle: np.ndarray, nearest: float | None
) -> PoseErrors:
    """See `Protocol.errors`."""
    fit = umeyama(learned[:, :3, 3], wanted[:, :3, 3])
    goal = wanted[:, :3, 3]
    unit = np.linalg.norm(goal - goal[0], axis=1).max() / 2
    apart = np.linalg.norm(fit.points(learned[:, :3, 3]) - goal, axis=1)
    turned = rotation_angles(fit.rotation @ learned[:, :3, :3], wanted[:, :3, :3])
    return PoseErrors(float(turned.mean()), float(apart.mean() / unit))


PROTOCOLS = {
    "barf": Protocol("last10", 640, True, as_barf, "x 100, in units of .75 of the nearest depth"),
    "nerfmm": Protocol(
        "every8", 1008, False, as_nerfmm, "the farthest training camera is 2 from the first"
    ),
}


def pose_errors(
    protocol: Protocol,
    learned: Mapping[str, Camera],
    reference: Mapping[str, Camera],
    nearest: float | None,
) -> PoseErrors:
    """How far learned cameras are from a reference, as a protocol has it.

    Args:
        learned: of the training photos, by name.
        reference: of all photos.
        nearest: depth in any of them, in the reference's units; None where it is not known.

    Raises:
        InputError: a training photo is missing there.
    """
    names = sorted(learned)
    if missing := [name for name in names if name not in reference]:
        raise InputError(f"The reference has no camera of {missing[0]!r}; give that of all photos.")
    middle = np.mean([camera.position for camera in reference.values()], axis=0)
    return protocol.errors(_poses(learned, names), _poses(reference, names), middle, nearest)


def _poses(cameras: Mapping[str, Camera], names: Sequence[str]) -> np.ndarray:
    return np.stack([cameras[name].camera_to_world for name in names])

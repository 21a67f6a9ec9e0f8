"""Worlds in which a space sees the scene: where cameras have to stand, and how long a unit is.

Both spaces look along the world's z axis from about the origin. What they can hold differs. The
camera space holds depths in [near, far]. Normalised device coordinates (NeRF, arXiv 2003.08934,
appendix C, with the far plane at infinity) hold what lies beyond the plane z = n = 1: their
z' = 1 - 2 n / z is -1 there and 1 at infinity, so a place t = (z' + 1) / 2 = 1 - 1 / z along a ray
is in [0, 1) for z >= 1 and nowhere for less.
"""

from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from core.errors import InputError
from core.geometry.alignment import Similarity, stand_together
from core.geometry.cameras import Camera
from core.geometry.gauge import spread
from core.rendering.spaces import NEAR_PLANE

FARTHEST = 10.0  # z of the farthest content in ndc: learned runs end between 8 and 14
NEAREST = NEAR_PLANE / 0.75  # z of the nearest content: LLFF's margin, as nerfmm has it
WITHIN = 0.95  # of `far`, where the farthest content is put
USUAL_SPREAD = 0.16  # of cameras in ndc, root mean square; learned runs have 0.13 to 0.16
OUTLIERS = 0.5, 99.5  # percentiles of depth between which content is believed


def between(source: str, target: str, near: float, far: float) -> Similarity:
    """What carries a world made for one space to one for the other, and back.

    From the camera space to ndc depth z becomes ``s z + b`` with ``s = min(FARTHEST / far,
    1 / near)`` and ``b = 1 - s near``: `near` comes to lie on ndc's near plane z = 1, at t = 0, and
    `far` at z = 1 + s (far - near), at t = 1 - 1 / z. With `near` far / FARTHEST or more nothing is
    shifted; with `near` 0, where a scale alone would leave content before the plane, all moves one
    unit along the axis. Cameras keep their orientation; x and y are scaled alike, so pictures stay
    as they are. The way back is the inverse, and then depths up to ``s far`` are in view.

    Args: `near` and `far` are those of the camera space, whichever of the two it is.
    """
    if source == target:
        return Similarity(1.0, np.eye(3), np.zeros(3))
    scale = min(FARTHEST / far, NEAR_PLANE / near if near > 0 else np.inf)
    into_ndc = Similarity(scale, np.eye(3), np.array([0, 0, NEAR_PLANE - scale * near]))
    return into_ndc if target == "ndc" else into_ndc.inverse()


def into_view(
    cameras: Sequence[Camera],
    content: np.ndarray,
    space: str,
    near: float,
    far: float,
    all_around: bool = False,
) -> Similarity:
    """What carries cameras of any world to one in which a space sees what they see.

    Their mean pose becomes the identity. The scale puts the nearest content at z = 1 / 0.75 in ndc,
    and the farthest just within `far` in the camera space, unless the nearest then came before
    `near`. Where nothing is known of the content, the cameras are spread as those of learned runs.

    Args:
        cameras: of the photos.
        content: (P, 3) points of the scene, perhaps none.
        space: one of `SPACES`.
        near, far: bounds of the camera space.
        all_around: whether cameras may look to all sides, as what holds the scene is no space.

    Raises:
        InputError: the cameras look to all sides, or the scale is not known.
    """
    turn = Rotation.from_matrix([c.camera_to_world[:3, :3] for c in cameras]).mean().inv()
    forward = turn.apply([camera.camera_to_world[:3, 2] for camera in cameras])
    if space == "ndc" and not all_around and (forward[:, 2] <= 0).any():
        raise InputError(
            "the cameras look to all sides, and ndc holds only what is before all of them; set "
            "rendering.space to camera"
        )
    centres = np.stack([camera.position for camera in cameras])
    centre = centres.mean(axis=0)
    scale = _scale(turn.apply(centres - centre), turn.apply(content - centre), space, near, far)
    return Similarity(scale, turn.as_matrix(), -scale * turn.apply(centre))


def _scale(centres: np.ndarray, content: np.ndarray, space: str, near: float, far: float) -> float:
    """The unit, from cameras (N, 3) and content (P, 3) in axes along the mean view."""
    depths = content[:, 2][content[:, 2] > max(0.0, centres[:, 2].max())]
    if len(depths):
        nearest, farthest = np.percentile(depths, OUTLIERS)
        if space == "ndc":
            return float(NEAREST / nearest)
        return float(max(WITHIN * far / (farthest - centres[:, 2].min()), near / nearest))
    if stand_together(centres):
        raise InputError("the cameras stand in one place and nothing tells how far the scene is")
    return USUAL_SPREAD / spread(centres) * between("ndc", space, near, far).scale

"""Points where views agree that something is, each stretch of surface once."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from core.exporting.jobs import Watch
from core.exporting.views import View, Views, nothing_there
from core.geometry.alignment import Similarity


@dataclass(frozen=True, eq=False)
class Points:
    """P points in the world."""

    positions: np.ndarray  # (P, 3) float64
    colours: np.ndarray  # (P, 3) uint8
    sizes: np.ndarray  # (P,) side, in world units, of the pixel they come from
    facing: np.ndarray  # (P, 4) wxyz rotations of the cameras that they come from


def moved_points(points: Points, world: Similarity) -> Points:
    """The points in another world."""
    turned = Rotation.from_matrix(world.rotation) * Rotation.from_quat(
        points.facing, scalar_first=True
    )
    return Points(
        world.points(points.positions),
        points.colours,
        points.sizes * world.scale,
        turned.as_quat(scalar_first=True),
    )


def agreed_points(seen: Views, watch: Watch, done: int, steps: int) -> Points:
    """The pixels of all views, from the middle outwards, as points.

    A pixel counts where enough views have its surface at the same disparity, and where no view
    before has shown that surface already (the consistency check and the visited pixels of
    Schoenberger et al., Pixelwise View Selection for Unstructured Multi-View Stereo, ECCV 2016).

    Args:
        seen: the views.
        watch: told after each view, and asked whether to stop.
        done: how many of `steps` are done before.
        steps: of the whole work; one for each view is done here.

    Raises:
        InputError: the views agree on nothing.
    """
    shown = [np.zeros(view.disparity.size, bool) for view in seen.views]
    parts: list[Points] = []
    for number, view in enumerate(seen.views):
        with watch.chunk():
            positions, pixels = view.points()
            fresh = _fresh(seen, number, positions, shown)
            shown[number][pixels[fresh]] = True
            parts.append(_part(view, positions[fresh], pixels[fresh]))
        watch.progress(done + number + 1, steps)
    points = _joined(parts)
    if len(points.positions) == 0:
        raise nothing_there()
    return points


def _fresh(seen: Views, number: int, points: np.ndarray, shown: list[np.ndarray]) -> np.ndarray:
    """(P,) which points of a view enough others confirm and none before has shown."""
    left, agreeing = np.arange(len(points)), np.ones(len(points), int)
    for other, view in enumerate(seen.views):
        if other == number:
            continue
        own, found, pixels = view.look_up(points[left])
        agree = (found > 0) & (np.abs(own - found) <= seen.tolerance)
        agreeing[left] += agree
        if other < number:
            left = left[~(agree & shown[other][pixels])]
    return left[agreeing[left] >= seen.witnesses]


def _part(view: View, points: np.ndarray, pixels: np.ndarray) -> Points:
    camera = view.camera
    wxyz = Rotation.from_matrix(camera.camera_to_world[:3, :3]).as_quat(scalar_first=True)
    depth = 1 / view.disparity.ravel()[pixels].astype(np.float64)
    return Points(
        points,
        view.rgb.reshape(-1, 3)[pixels],
        depth / np.sqrt(camera.fx * camera.fy),
        np.broadcast_to(wxyz, (len(points), 4)),
    )


def _joined(parts: list[Points]) -> Points:
    return Points(
        np.concatenate([part.positions for part in parts]),
        np.concatenate([part.colours for part in parts]),
        np.concatenate([part.sizes for part in parts]),
        np.concatenate([part.facing for part in parts]),
    )

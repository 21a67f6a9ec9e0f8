"""Points of learned planes or depth maps in the 3D scene: for weak browsers and weak links.

Measured on 20 photos whose 32 planes have 178 x 125 texels: a refresh is 340 kB on the wire (38,000
points) and takes 0.09 s of a core; as pictures, the planes are 720 kB and take 0.04 s. Both are
sent at most every 2 seconds and only where the planes are new. A drag without either needs a
picture of 20 to 40 kB up to 20 times a second.
"""

from collections.abc import Sequence

import numpy as np
import viser

from core.depthmaps.confirmed import confirmed
from core.depthmaps.warping.scene import WarpedScene
from core.errors import InputError
from core.exporting.jobs import Watch
from core.exporting.points import Points, agreed_points
from core.exporting.views import View, Views
from core.geometry.cameras import Camera
from core.geometry.paths import average_camera
from core.rendering.picture import Picture
from studio.scene.coordinates import SCALE
from studio.scene.painting.baked import Baked

VIEWS = 5  # cameras, far from each other, whose pictures become points
LONG_SIDE = 200  # pixels of these
AGREEMENT, WITNESSES = 0.04, 2  # laxer than an export: a hole looks worse than a loose point
MOST = 40_000  # points, nine bytes each
GROWTH = 1.5  # points of one node are alike in size but for this factor
CLOSE = 1.3  # times a pixel, so that neighbours close up seen from near by
SEED = 0
UPRIGHT = (1.0, 0.0, 0.0, 0.0)  # wxyz; viser's points face everybody


def points_of(baked: Baked, cameras: Sequence[Camera], watch: Watch) -> Points | None:
    """Points where views of planes agree that something is; None where they agree on nothing.

    Args:
        baked: the planes.
        cameras: those that were learned.
        watch: told after each chunk of work.

    Raises:
        Cancelled: the watch said so.
    """
    if not cameras:
        return None
    middle = small(average_camera(list(cameras)))
    views = [
        View.of(_picture(baked, small(camera), watch)) for camera in far_apart(cameras, middle)
    ]
    try:
        seen = Views.of(views, middle, AGREEMENT, WITNESSES)
        return at_most(agreed_points(seen, watch, 0, VIEWS), MOST)
    except InputError:
        return None


def points_of_maps(scene: WarpedScene) -> Points | None:
    """Pixels whose depth other photos confirm; None where there are none."""
    if scene.views is None:
        return None
    found = confirmed(scene.views.maps, scene.without, MOST, SEED)
    if len(found.sizes) == 0:
        return None
    facing = np.broadcast_to(UPRIGHT, (len(found.sizes), 4))
    return Points(found.positions, found.colours, found.sizes, facing)


def far_apart(cameras: Sequence[Camera], middle: Camera) -> list[Camera]:
    """At most `VIEWS` cameras: the one nearest to the middle, then always the farthest from all."""
    positions = np.array([camera.position for camera in cameras])
    chosen = [int(np.linalg.norm(positions - middle.position, axis=1).argmin())]
    while len(chosen) < min(VIEWS, len(cameras)):
        apart = np.linalg.norm(positions[:, None] - positions[chosen], axis=-1).min(1)
        apart[chosen] = -1
        chosen.append(int(apart.argmax()))
    return [cameras[index] for index in chosen]


def _picture(baked: Baked, camera: Camera, watch: Watch) -> Picture:
    pictures = baked.seen_by(camera)
    while True:
        with watch.chunk():
            picture = next(pictures)
        if picture is not None:
            return picture


def small(camera: Camera) -> Camera:
    """The same view with at most `LONG_SIDE` pixels along its longer side."""
    return camera.scaled(min(1.0, LONG_SIDE / max(camera.width, camera.height)))


def at_most(points: Points, most: int) -> Points:
    """The points, or so many of them at random."""
    count = len(points.sizes)
    if count <= most:
        return points
    kept = np.random.default_rng(SEED).choice(count, most, replace=False)
    return Points(
        points.positions[kept], points.colours[kept], points.sizes[kept], points.facing[kept]
    )


class Cloud:
    """The points of a server's scene: a node for each size, as a node's points have one."""

    def __init__(self, server: viser.ViserServer, root: str) -> None:
        """Nothing is shown yet. Args: `root` is the node that all are below."""
        self._server, self._root = server, root
        self._handles: list[viser.PointCloudHandle] = []

    def show(self, points: Points | None) -> None:
        """Show these and no others."""
        groups = [] if points is None else by_size(points)
        while len(self._handles) > len(groups):
            self._handles.pop().remove()
        with self._server.atomic():
            for index, (positions, colours, size) in enumerate(groups):
                if index == len(self._handles):
                    self._handles.append(
                        self._server.scene.add_point_cloud(
                            f"{self._root}/{index:02d}",
                            positions,
                            colours,
                            point_size=size,
                            point_shading="flat",
                        )
                    )
                else:
                    handle = self._handles[index]
                    handle.points, handle.colors, handle.point_size = positions, colours, size


def by_size(points: Points) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Positions (P, 3) in viser's units, colours (P, 3) and the one size of points alike in it."""
    steps = np.floor(np.log(points.sizes / points.sizes.min()) / np.log(GROWTH)).astype(int)
    groups = [steps == step for step in np.unique(steps)]
    return [
        (
            (points.positions[group] * SCALE).astype(np.float32),
            points.colours[group],
            float(CLOSE * points.sizes[group].mean() * SCALE),
        )
        for group in groups
    ]

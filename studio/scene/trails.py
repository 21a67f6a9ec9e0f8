"""Where each camera came from: all trails in a single node."""

import time

import numpy as np
import viser

from core.engine.snapshot import Snapshot
from studio.scene.colours import Colour, linear
from studio.scene.coordinates import SCALE
from studio.scene.frustums import LEARNED
from studio.scene.theme import Theme

NAME = f"{LEARNED}/trails"
SECONDS = 0.5  # at least, between two updates: every one sends all trails
THICKNESS = 1.2  # pixels
OLDEST = 0.25  # how much of its colour the beginning of a trail keeps; the rest is the ground's


class Trails:
    """The trails of a server. Used by one thread."""

    def __init__(self, server: viser.ViserServer) -> None:
        """Nothing is shown yet."""
        self._server = server
        self._handle: viser.LineSegmentsHandle | None = None
        self._sent = -SECONDS
        self._shape: tuple[int, ...] = ()
        self._colours: np.ndarray | None = None

    def update(self, snapshot: Snapshot, colours: list[Colour], theme: Theme) -> None:
        """Show the newest trails, unless they were sent a moment ago."""
        positions = None if snapshot.trails is None else snapshot.trails.positions
        visible = snapshot.config.explore.trails and positions is not None and len(positions) > 1
        if self._handle is not None:
            self._handle.visible = visible
        if not visible or positions is None or time.monotonic() < self._sent + SECONDS:
            return
        points = segments(positions)
        paint = linear(faded(np.array(colours, np.float32), len(positions), theme))
        if self._handle is None:
            self._handle = self._server.scene.add_line_segments(
                NAME, points, paint, thickness=THICKNESS, thickness_units="screen"
            )
        else:
            with self._server.atomic():
                self._handle.points, self._handle.colors = points, paint
        self._sent = time.monotonic()


def segments(positions: np.ndarray) -> np.ndarray:
    """(K, N, 3) positions of the learned world -> ((K-1) N, 2, 3) line segments of viser's."""
    pairs = np.stack([positions[:-1], positions[1:]], axis=2)
    return (pairs * SCALE).reshape(-1, 2, 3).astype(np.float32)


def faded(colours: np.ndarray, count: int, theme: Theme) -> np.ndarray:
    """Colours (N, 3) of trails of `count` positions -> ((count-1) N, 2, 3) uint8 of segments."""
    keep = np.linspace(OLDEST, 1, count, dtype=np.float32)[:, None, None]
    along = keep * colours + (1 - keep) * np.array(theme.ground, np.float32)
    pairs = np.stack([along[:-1], along[1:]], axis=2)
    return np.round(pairs).reshape(-1, 2, 3).astype(np.uint8)

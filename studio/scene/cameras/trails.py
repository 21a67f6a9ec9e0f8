"""Where each camera has just come from: all trails in a single node, gone 3 seconds later."""

import time
from collections import deque

import numpy as np
import viser

from core.engine.snapshot import Snapshot
from studio.scene.cameras.frustums import LEARNED
from studio.scene.colours import Colour, linear
from studio.scene.coordinates import SCALE

NAME = f"{LEARNED}/trails"
LIFE = 3.0  # seconds for which a camera's way is seen: a whole way is a scribble over the scene
SECONDS = 0.25  # at least, between two updates: every one sends all trails
THICKNESS = 1.2  # pixels


class Trails:
    """The trails of a server. Used by one thread."""

    def __init__(self, server: viser.ViserServer) -> None:
        """Nothing is shown yet."""
        self._server = server
        self._handle: viser.LineSegmentsHandle | None = None
        self._looked = -SECONDS
        self._arrived: deque[tuple[float, int]] = deque()  # when, and the newest step then
        self._shown: tuple[int, int] | None = None  # first and last step of what is shown

    def update(self, snapshot: Snapshot, colours: list[Colour]) -> None:
        """Show where cameras went lately, unless that was sent a moment ago."""
        now, trails = time.monotonic(), snapshot.trails
        if trails is None or not len(trails.steps) or not snapshot.config.explore.trails:
            self._hide()
            self._arrived.clear()
            return
        first = self._first_step(now, int(trails.steps[-1]))
        if now < self._looked + SECONDS:
            return
        self._looked = now
        recent = trails.steps >= first
        if recent.sum() < 2:
            self._hide()
        elif self._shown != (shown := (first, int(trails.steps[-1]))):
            points = segments(trails.positions[recent])
            paint = np.repeat(np.array(colours, np.uint8)[:, None], 2, axis=1)
            self._show(points, linear(np.tile(paint, (int(recent.sum()) - 1, 1, 1))))
            self._shown = shown

    def _first_step(self, now: float, newest: int) -> int:
        """The step from which on ways are young; time that goes back begins anew."""
        arrived = self._arrived
        if arrived and newest < arrived[-1][1]:
            arrived.clear()
        if not arrived or newest > arrived[-1][1]:
            arrived.append((now, newest))
        while len(arrived) > 1 and arrived[1][0] <= now - LIFE:
            arrived.popleft()
        return arrived[0][1]

    def _show(self, points: np.ndarray, paint: np.ndarray) -> None:
        if self._handle is None:
            self._handle = self._server.scene.add_line_segments(
                NAME, points, paint, thickness=THICKNESS, thickness_units="screen"
            )
            return
        with self._server.atomic():
            self._handle.points, self._handle.colors = points, paint
            self._handle.visible = True

    def _hide(self) -> None:
        self._shown = None
        if self._handle is not None:
            self._handle.visible = False


def segments(positions: np.ndarray) -> np.ndarray:
    """(K, N, 3) positions of the learned world -> ((K-1) N, 2, 3) line segments of viser's."""
    pairs = np.stack([positions[:-1], positions[1:]], axis=2)
    return (pairs * SCALE).reshape(-1, 2, 3).astype(np.float32)

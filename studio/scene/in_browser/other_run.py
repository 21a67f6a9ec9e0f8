"""The scene of another run in this run's world, as points in a colour of their own.

They are where several of that run's views agree that something is, moved by the similarity that
fits its cameras onto those learned here. A thread of its own reads the run, and moves the points
when the cameras have moved.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import viser

from core.engine.snapshot import Snapshot
from core.errors import InputError
from core.evaluation.cameras import onto_learned
from core.exporting.jobs import Watch
from core.exporting.pictures import whole_picture
from core.exporting.points import Points, agreed_points, moved_points
from core.exporting.views import View, Views
from core.geometry.alignment import Similarity
from core.geometry.cameras import Camera
from core.geometry.paths import average_camera
from core.rendering.picture import Pace
from core.runs import checkpoint
from core.runs.cameras import is_run
from core.training.learned import Learned
from studio.scene.in_browser.cloud import (
    AGREEMENT,
    MOST,
    WITNESSES,
    Cloud,
    at_most,
    far_apart,
    small,
)
from studio.scene.keeper import Keeper
from studio.scene.source import Source
from studio.scene.theme import OTHER_RUN

TINT = 0.6  # part of the colour that is the other run's
APART = 1e-3  # of a scale, or radians, or world units: a fit that differs less is the same


class OtherRun(Keeper):
    """The points of the run that is compared with. Used by its own thread."""

    EVERY = 1.0  # between two looks at the cameras
    FAILED = "The other run cannot be shown: {}."

    def __init__(
        self,
        server: viser.ViserServer,
        root: str,
        source: Source,
        watched: Callable[[], bool],
        failed: Callable[[str | None], None],
    ) -> None:
        """Nothing is shown before `start`. Args: `root` is the node that the points are below."""
        super().__init__("other-run", failed)
        server.scene.add_frame(root, show_axes=False)
        self._cloud, self._source = Cloud(server, root), source
        self._watched = watched
        self._named = ""  # the run that was read
        self._learned: Learned | None = None
        self._points: Points | None = None  # in its own world
        self._fit: Similarity | None = None  # of what is shown; None where nothing is

    def update(self) -> None:
        """Show the run that is named, where it belongs now; nothing where none is."""
        snapshot = self._source.snapshot
        explore = snapshot.config.explore
        named = explore.reference if explore.show_reference else ""
        if not named or not is_run(Path(named)) or snapshot.learned is None:
            self._hide()
            return
        if named != self._named and self._watched():
            self._hide()
            self._read(named)
        self._place(snapshot)

    def _hide(self) -> None:
        if self._fit is not None:
            self._cloud.show(None)
        self._fit, self._named, self._points = None, "", None

    def _read(self, named: str) -> None:
        """Another run's points; none where its views agree on nothing, or it cannot be read."""
        self._named = named
        watch = Watch(cancelled=self._stop.is_set, between_chunks=self._source.governor.pause_view)
        try:
            learned = checkpoint.learned_in(Path(named))
            with self._source.governor.viewing():
                self._points = _tinted(_points_of(learned, watch))
        except InputError:  # said where its cameras are compared
            return
        self._learned = learned

    def _place(self, snapshot: Snapshot) -> None:
        """Move the points to where the cameras of both runs fit each other."""
        if self._points is None or self._learned is None or snapshot.learned is None:
            return
        try:
            fit = onto_learned(snapshot.learned.by_name, self._learned.by_name)
        except InputError:  # the same
            return
        if self._fit is None or _differ(self._fit, fit):
            self._fit = fit
            self._cloud.show(moved_points(self._points, fit))


def _points_of(learned: Learned, watch: Watch) -> Points:
    cameras = learned.trained
    if not cameras:
        raise InputError("There are no cameras yet.")
    middle, pace = small(average_camera(cameras)), Pace()
    views = [_seen(learned, camera, pace, watch) for camera in far_apart(cameras, middle)]
    seen = Views.of(views, middle, AGREEMENT, WITNESSES)
    return at_most(agreed_points(seen, watch, 0, len(views)), MOST)


def _seen(learned: Learned, camera: Camera, pace: Pace, watch: Watch) -> View:
    picture = whole_picture(learned.scene, small(camera.pinhole), pace, watch.after_chunk)
    return View.of(picture)


def _tinted(points: Points) -> Points:
    mixed = (1 - TINT) * points.colours.astype(np.float32) + TINT * np.array(OTHER_RUN, np.float32)
    colours = np.rint(mixed).astype(np.uint8)
    return Points(points.positions, colours, points.sizes, points.facing)


def _differ(one: Similarity, other: Similarity) -> bool:
    parts = ((one.scale, other.scale), (one.rotation, other.rotation))
    moved = np.abs(one.translation - other.translation).max() > APART
    return bool(moved) or any(np.abs(np.subtract(*pair)).max() > APART for pair in parts)

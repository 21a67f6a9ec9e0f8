"""Reference cameras beside the learned ones: outlines, a line to each, and how far they are."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import viser

from core.engine.snapshot import Snapshot
from core.errors import InputError
from core.evaluation.cameras import CameraErrors, beside_learned, compare_cameras
from core.geometry.cameras import Camera
from core.geometry.stored import upright
from core.photos import local_path
from core.runs.cameras import is_run, known_cameras
from studio.scene.cameras.frustums import LEARNED, size_of
from studio.scene.colours import linear
from studio.scene.coordinates import SCALE
from studio.scene.theme import MISS, OTHER_RUN, REFERENCE

NAME = f"{LEARNED}/reference"
SECONDS = 1.0  # at least, between two comparisons while training moves the cameras
THICKNESS = 1.4  # pixels
CORNERS = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])


@dataclass(frozen=True)
class Comparison:
    """How the cameras shown stand to the reference that was named."""

    step: int  # of the cameras
    errors: CameraErrors | None = None
    failure: str | None = None  # why there are none, in one sentence


class Reference:
    """The reference of a server's scene. Used by one thread at a time."""

    def __init__(self, server: viser.ViserServer) -> None:
        """Nothing is named yet."""
        self._server = server
        self._handle: viser.LineSegmentsHandle | None = None
        self._named = ""
        self._cameras: Mapping[str, Camera] = {}
        self._colour = REFERENCE
        self._unread: str | None = None  # why what was named cannot be read
        self._compared: object = None  # what the newest comparison was made of
        self._at = -SECONDS
        self.comparison: Comparison | None = None

    def update(self, snapshot: Snapshot, at_once: bool) -> None:
        """Compare with the cameras of a snapshot, and show both.

        Args: `at_once`: not to wait where a moment ago other cameras were compared.
        """
        explore, learned = snapshot.config.explore, snapshot.learned
        if explore.reference != self._named:
            self._read(explore.reference)
        if not self._named or learned is None:
            self._show(None)
            self._compared = self.comparison = None
            return
        made_of = (learned.cameras, explore.show_reference, explore.frustum_scale)
        if made_of == self._compared or not (at_once or time.monotonic() >= self._at + SECONDS):
            return
        self._compared, self._at = made_of, time.monotonic()
        mine = learned.by_name
        try:
            if self._unread:
                raise InputError(self._unread)
            others = upright(self._cameras, learned.stored_by_name)
            errors = compare_cameras(mine, others)
            beside = beside_learned(mine, others)
        except InputError as error:
            self.comparison = Comparison(snapshot.step, failure=str(error))
            self._show(None)
            return
        self.comparison = Comparison(snapshot.step, errors)
        pairs = [(mine[name], other) for name, other in beside.items()]
        size = size_of(learned.cameras) * explore.frustum_scale
        lines = segments(pairs, size) if explore.show_reference else None
        self._show(lines)

    def _read(self, named: str) -> None:
        self._named, self._compared, self._at = named, None, -SECONDS
        self._cameras, self._unread = {}, None
        try:
            if named:
                path = local_path(named, "reference cameras")
                self._colour = OTHER_RUN if is_run(path) else REFERENCE
                self._cameras = known_cameras(path)
        except InputError as error:
            self._unread = str(error)

    def _show(self, lines: np.ndarray | None) -> None:
        if self._handle is not None:
            self._handle.visible = lines is not None
        if lines is None:
            return
        paint = np.full((len(lines), 2, 3), self._colour, np.uint8)
        paint[0 :: 1 + 2 * len(CORNERS)] = MISS
        paint = linear(paint)
        if self._handle is None:
            self._handle = self._server.scene.add_line_segments(
                NAME, lines, paint, thickness=THICKNESS, thickness_units="screen"
            )
        else:
            with self._server.atomic():
                self._handle.points, self._handle.colors = lines, paint


def segments(pairs: Sequence[tuple[Camera, Camera]], size: float) -> np.ndarray:
    """(9 P, 2, 3) viser's line segments of P pairs of a learned camera and its reference.

    Of each pair: a line from centre to centre, then the reference's frustum, four edges and the
    four sides of its picture, as large as viser's own of `size`.
    """
    return np.concatenate([_of_pair(*pair, size) for pair in pairs]).astype(np.float32)


def _of_pair(learned: Camera, reference: Camera, size: float) -> np.ndarray:
    up = np.tan(reference.vertical_fov / 2)
    plane = np.array([up * reference.aspect, up, 1.0])
    plane *= size / np.cbrt(plane.prod() / 3)  # viser's frustums of one size are alike in volume
    local = np.column_stack([CORNERS, np.ones(len(CORNERS))]) * plane
    centre = reference.position * SCALE
    corners = local @ reference.camera_to_world[:3, :3].T + centre
    link = [(learned.position * SCALE, centre)]
    edges = [(centre, corner) for corner in corners]
    sides = list(zip(corners, np.roll(corners, -1, axis=0), strict=True))
    return np.array([*link, *edges, *sides])

"""What frustums show: the photo, what the scene looks like from there, or how far that is off.

Small pictures are rendered by a thread of its own while somebody looks, one photo after another,
and again when the scene is another.
"""

import time
from collections.abc import Callable, Hashable

import numpy as np

from core.depthmaps.warping.scene import WarpedScene, shown
from core.engine.snapshot import Snapshot
from core.geometry.cameras import Camera
from core.rendering.picture import Pace
from core.rendering.scene import Scene
from studio.scene.cameras.frustums import thumbnail
from studio.scene.keeper import Keeper
from studio.scene.painting.job import moment_of
from studio.scene.painting.photo_error import signed_error
from studio.scene.source import Source

REST, SHORTEST_REST = (
    3.0,
    2.0,
)  # times what all pictures took, and seconds, until they are made anew


class Faces(Keeper):
    """Pictures of frustums. Any thread may ask."""

    EVERY = 0.5
    FAILED = "Frustums have no pictures: {}."

    def __init__(
        self,
        source: Source,
        watched: Callable[[], bool],
        failed: Callable[[str | None], None],
    ) -> None:
        """Nothing is rendered before `start`. `watched` says whether anybody is there."""
        super().__init__("faces", failed)
        self._source, self._watched = source, watched
        self._made: dict[int, np.ndarray] = {}  # by the number of the photo
        self._of: Hashable = None  # what they were made of
        self._news = False
        self._pace, self._due = Pace(), 0.0

    def taken(self) -> dict[int, np.ndarray]:
        """The pictures that stand for photos, by their numbers."""
        self._news = False
        return self._made

    @property
    def news(self) -> bool:
        """Whether there are others than were taken last."""
        return self._news

    def update(self) -> None:
        """Make what is wanted and not there yet."""
        snapshot = self._source.snapshot
        explore = snapshot.config.explore
        if explore.frustum_pictures == "photo" or not explore.frustums:
            self._put({}, None)
            return
        of = (explore.frustum_pictures, snapshot.photos, moment_of(snapshot))
        if of == self._of or time.monotonic() < self._due or not self._watched():
            return
        began = time.monotonic()
        if self._all(snapshot, explore.frustum_pictures):
            self._of = of
        spent = time.monotonic() - began
        self._due = time.monotonic() + max(SHORTEST_REST, REST * spent)

    def _all(self, snapshot: Snapshot, kind: str) -> bool:
        """Make the pictures of all placed photos; whether none was left out."""
        learned, photos = snapshot.learned, snapshot.photos
        if learned is None or photos is None:
            return False
        for photo, camera in learned.by_index.items():
            if self._stop.is_set() or self._source.snapshot.photos is not photos:
                return False
            small = thumbnail(photos.picture(photo))
            seen = self._rendered(learned.scene, camera.resized(small.shape[1], small.shape[0]))
            if kind == "error":
                seen = signed_error(seen - small / np.float32(255))
            else:
                seen = np.rint(255 * seen).astype(np.uint8)
            self._put({**self._made, photo: seen}, self._of)
        return True

    def _rendered(self, scene: Scene, camera: Camera) -> np.ndarray:
        """(h, w, 3) float32 in [0, 1]."""
        chunk = time.monotonic()
        with self._source.governor.viewing():
            for picture in scene.seen_by(camera, self._pace):
                if picture is not None:
                    seen = shown(picture) if isinstance(scene, WarpedScene) else picture
                    return np.nan_to_num(seen.rgb).clip(0, 1)
                self._source.governor.pause_view(time.monotonic() - chunk)
                chunk = time.monotonic()
        raise AssertionError("the last thing is the picture")

    def _put(self, made: dict[int, np.ndarray], of: Hashable) -> None:
        self._news |= bool(made or self._made)
        self._made, self._of = made, of

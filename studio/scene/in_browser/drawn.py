"""What browsers draw by themselves among the cameras: learned planes, points of them or of maps.

What either costs stands in `studio.scene.in_browser.cloud`.
"""

import threading
import time
from collections.abc import Callable

import viser

from core.depthmaps.warping.scene import WarpedScene
from core.depthmaps.warping.views import Views
from core.exporting.jobs import Watch
from core.rendering.scene import FieldScene
from core.training.learned import Learned
from studio.scene.in_browser.cloud import Cloud, points_of, points_of_maps
from studio.scene.in_browser.quads import Quads, quads_of
from studio.scene.keeper import Keeper
from studio.scene.painting.baked import Bakery
from studio.scene.painting.job import drawable
from studio.scene.source import Source

ROOT = "/drawn"
SECONDS = 2.0  # at least, between two refreshes,
PRICE = 30  # and so many times what the last one took: never more than a few percent of a core


class Drawn(Keeper):
    """Planes or points of a server's scene, kept up by a thread of their own."""

    EVERY, RETRY = 0.5, SECONDS
    FAILED = "The planes could not be shown: {}"

    def __init__(
        self,
        server: viser.ViserServer,
        source: Source,
        bakery: Bakery,
        watched: Callable[[], bool],
        failed: Callable[[str | None], None],
    ) -> None:
        """Nothing is shown before `start`. `watched` says whether anybody is there."""
        super().__init__("drawn", failed)
        self._source, self._bakery, self._watched = source, bakery, watched
        server.scene.add_frame(ROOT, show_axes=False)
        self._quads, self._cloud = Quads(server, f"{ROOT}/planes"), Cloud(server, f"{ROOT}/points")
        self._sent: tuple[FieldScene | Views | None, str] | None = None
        self._due = 0.0
        self._news = threading.Event()

    def wake(self) -> None:
        """There is a newer snapshot."""
        self._news.set()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._news.set()
        super().stop()

    def _ends(self) -> bool:
        if self._stop.wait(max(0.0, self._due - time.monotonic())):
            return True
        self._news.wait(self.EVERY)
        self._news.clear()
        return False

    def update(self) -> None:
        """Show the newest planes, unless these are the ones that are there."""
        snapshot = self._source.snapshot
        learned, kind = snapshot.learned, snapshot.config.explore.scene
        scene = drawable(snapshot)
        if learned is None or scene is None or kind == "none":
            self._clear()
            self._sent = None
            return
        what = scene.views if isinstance(scene, WarpedScene) else scene
        if (what, kind) != self._sent and self._watched():
            began = time.thread_time()
            if self._sent is None or self._sent[1] != kind:
                self._clear()
            if isinstance(scene, WarpedScene):
                self._cloud.show(points_of_maps(scene))
            elif kind == "planes":
                self._quads.show(quads_of(self._bakery.fresh(scene)))
            else:
                self._show_points(learned, scene)
            self._sent = what, kind
            self._due = time.monotonic() + max(SECONDS, PRICE * (time.thread_time() - began))

    def _clear(self) -> None:
        self._quads.show([])
        self._cloud.show(None)

    def _show_points(self, learned: Learned, planes: FieldScene) -> None:
        governor = self._source.governor
        watch = Watch(cancelled=self._stop.is_set, between_chunks=governor.pause_view)
        with governor.viewing():
            points = points_of(self._bakery.fresh(planes), learned.trained, watch)
        self._cloud.show(points)

"""All browsers that look at the scene."""

import threading
import time
from collections.abc import Callable

import viser

from core.errors import InputError
from core.geometry.cameras import Camera
from core.system import give_back_memory
from studio.scene.cameras.vantage import Stand, Vantage
from studio.scene.painting.baked import Bakery
from studio.scene.painting.stats import ViewStats
from studio.scene.source import Source
from studio.scene.visitor.viewport import MIDDLE, Viewport

TIDY_SECONDS = 10.0
Reporter = Callable[[str], Callable[[str | None], None]]


class Visitors:
    """A viewport for each connected client. Any thread may ask; clients come and go on viser's."""

    def __init__(self, source: Source, bakery: Bakery, reporter: Reporter) -> None:
        """Nobody is here. Args: `reporter` makes what is told of one visitor's failures."""
        self._source, self._bakery, self._reporter = source, bakery, reporter
        self._viewports: dict[int, Viewport] = {}
        self._begin, self._tidied_at = Vantage.of(()), time.monotonic()
        self._framed: Vantage | None = None  # where the learned cameras are seen from
        self.wipe = MIDDLE  # where everybody's line between two scenes is

    def __len__(self) -> int:
        return len(self._viewports)

    def come(self, client: viser.ClientHandle) -> None:
        """A client connected; on viser's event loop."""
        report = self._reporter(_name(client))
        viewport = Viewport(client, self._source, report, self._bakery, self._framed)
        self._viewports[client.client_id] = viewport
        viewport.expect(self._begin)
        viewport.wipe_at(self.wipe)

    def leave(self, client: viser.ClientHandle) -> None:
        """A client is gone."""
        viewport = self._viewports.pop(client.client_id, None)
        self._reporter(_name(client))(None)
        if viewport is not None:
            viewport.stop(wait=False)
            self._tidy()

    def _tidy(self) -> None:
        """Give back memory of those who have gone, now and then: it takes 20 to 60 ms."""
        now = time.monotonic()
        if now - self._tidied_at >= TIDY_SECONDS:
            self._tidied_at = now
            threading.Thread(target=give_back_memory, name="tidy", daemon=True).start()

    def stop(self) -> None:
        """End all their threads; returns when they have ended."""
        viewports = self._all
        for viewport in viewports:
            viewport.stop(wait=False)
        for viewport in viewports:
            viewport.stop()
        self._viewports.clear()

    def look_through(self, index: int, camera: Camera, client: int | None = None) -> None:
        """Take one client, by its number, or every one behind the camera of a photo."""
        for number, viewport in list(self._viewports.items()):
            if client in (None, number):
                viewport.look_through(index, camera)

    def fly(self, camera: Camera) -> None:
        """Bring every client on its way to a camera, with its field of view."""
        for viewport in self._all:
            viewport.fly(camera)

    def present(self) -> Camera:
        """What the client sees that came last.

        Raises:
            InputError: nobody is there.
        """
        if not self._viewports:
            raise InputError("Nobody looks at the scene; open the page first.")
        return self._all[-1].present

    def look_away(self) -> None:
        """Bring every client back to where it was before it looked through a photo."""
        for viewport in self._all:
            viewport.look_away()

    def go_to(self, vantage: Vantage) -> None:
        """Take every client to a place."""
        for viewport in self._all:
            viewport.go_to(vantage)

    def expect_at(self, vantage: Vantage) -> None:
        """Newcomers begin there from now on."""
        self._begin = vantage
        for viewport in self._all:
            viewport.expect(vantage)

    def frame(self, vantage: Vantage) -> None:
        """Take along whoever has not moved the view by hand."""
        self._framed = vantage
        for viewport in self._all:
            viewport.frame(vantage)

    def begin_anew(self) -> None:
        """Other photos: everybody's view is framed again."""
        for viewport in self._all:
            viewport.begin_anew()

    def wipe_at(self, part: float) -> None:
        """Have the line between two scenes at a part of every canvas, from the left."""
        self.wipe = part
        for viewport in self._all:
            viewport.wipe_at(part)

    def wake(self) -> None:
        """There is a newer snapshot."""
        for viewport in self._all:
            viewport.wake()

    @property
    def stats(self) -> ViewStats | None:
        """Of the client that came last and has a picture."""
        known = [v.stats for v in self._all if v.stats is not None]
        return known[-1] if known else None

    @property
    def stand(self) -> Stand | None:
        """Where the client is that came last; None without any."""
        viewports = self._all
        return viewports[-1].stand if viewports else None

    @property
    def _all(self) -> list[Viewport]:
        return list(self._viewports.values())


def _name(client: viser.ClientHandle) -> str:
    return f"client {client.client_id}"

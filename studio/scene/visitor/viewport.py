"""One client's window: where its camera is comes in, pictures of the scene go out."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import viser

from core.engine.snapshot import Snapshot
from core.geometry.cameras import Camera
from studio.scene.cameras.frustums import LEARNED
from studio.scene.cameras.vantage import Stand, Vantage
from studio.scene.coordinates import View
from studio.scene.in_browser.drawn import ROOT as DRAWN
from studio.scene.painting.baked import Bakery
from studio.scene.painting.job import drawable
from studio.scene.painting.painter import Painter
from studio.scene.painting.shot import Look, Shot
from studio.scene.painting.stats import ViewStats
from studio.scene.source import Source
from studio.scene.theme import GROUND
from studio.scene.visitor.glide import Glide
from studio.scene.visitor.hand import Hand
from studio.scene.visitor.kept import Kept
from studio.scene.visitor.limits import Limits

JPEG_QUALITY = 82
AHEAD = 6.0  # viser units ahead of a camera that is looked through, until its subject is known
NOTICE_SECONDS = 10.0
DECODED_SECONDS = 0.12  # until a browser has surely decoded a picture that it got
REFRAMED = 0.1  # of the way from the frame to where cameras are: less is not followed
REST_SECONDS = 0.4  # without a movement, after which a hand rests
SEEN = 0.25  # of the canvas; where less is filled with what photos saw, a visitor is lost
MIDDLE = 0.5  # of the canvas, where the line between two scenes is at first
PIVOT = 0.1  # a subject that is nearer or farther by this part moves what drags turn around


class Viewport:
    """A connected client. Lives until `stop`; holds the only reference to its handle.

    Viser's event loop owns it: what other threads ask of it is done there, in the order of asking.
    Painters read what it wishes, and hand over what they made.
    """

    def __init__(
        self,
        client: viser.ClientHandle,
        source: Source,
        failed: Callable[[str | None], None],
        bakery: Bakery,
        framed: Vantage | None,
    ) -> None:
        """Begin to show pictures; on viser's event loop.

        Args: `failed` is told what went wrong, None when it is well; `framed` shows all cameras.
        """
        self._client, self._report = client, failed
        self._loop = asyncio.get_running_loop()
        self._glide, self._kept = Glide(client, self._loop), Kept(client, framed, self._found)
        self._moved_by_hand = self._lost = False
        self._moved_at = time.monotonic()
        self._subject: float | None = None  # viser units to what is in the middle of the picture
        self._photo: int | None = None
        self._before: Vantage | None = None  # where somebody was who looks through a photo
        self._rest: asyncio.TimerHandle | None = None
        self._wipe = MIDDLE
        self._shadow: viser.FrameHandle | None = None  # hides what was learned from this client
        self._hand = Hand()
        self._blank = self._drawing = False  # no picture, and the browser draws in its place
        self._drawn = client.scene.add_frame(DRAWN, show_axes=False, visible=False)
        self._source, self._scene = source, source.snapshot.config.explore.scene
        name = f"view-{client.client_id}"
        self._painter = Painter(name, source, self, self._show, self._failed, bakery)
        self._painter.look_from(View.of_client(client.camera))
        client.camera.on_update(self._moved)

    def _do(self, act: Callable[..., None], *values: Any) -> None:
        """Have the event loop do something, from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act, *values)

    async def _moved(self, camera: viser.CameraHandle) -> None:
        """Note where the client is; as a coroutine, so that the order is kept."""
        self._hand.moved(time.monotonic(), self._drawing)
        self._painter.look_from(View.of_client(camera))
        if self._glide.caused(camera):
            return
        self._glide.stop()
        self._moved_by_hand, self._moved_at = True, time.monotonic()
        self._leave()
        if self._rest is not None:
            self._rest.cancel()
        self._rest = self._loop.call_later(REST_SECONDS, self._hold)

    def _hold(self) -> None:
        """A hand rests: come back to where something was seen, unless sent elsewhere meanwhile."""
        if self._glide.under_way:
            return
        learned, here = self._source.snapshot.learned, self._glide.here
        if learned is not None and (held := Limits.of(learned.cameras).held(here)) is not here:
            self._glide.to(held)
        else:
            self._turn_around_subject()
        self._kept.rests(self._glide.aim)

    def _leave(self) -> None:
        """No longer look through a photo; frustums are seen again."""
        self._photo = self._before = None
        if self._shadow is not None:
            self._shadow.remove()
            self._shadow = None

    @property
    def stats(self) -> ViewStats | None:
        """Of the newest picture; None before the first."""
        return self._painter.tally.stats

    @property
    def stand(self) -> Stand:
        """Where the visitor is."""
        learned, here = self._source.snapshot.learned, self._glide.here
        distance = float(np.linalg.norm(here.look_at - here.position))
        turn = Limits.of(learned.cameras).turn(distance) if learned is not None else 1.0
        arrived = not self._glide.under_way
        return Stand(self._photo, arrived, self._moved_by_hand, self._lost, turn)

    @property
    def present(self) -> Camera:
        """What the client sees, at the size of its canvas."""
        view = View.of_client(self._client.camera)
        return view.camera(view.pixels)

    def fly(self, camera: Camera) -> None:
        """Go on towards a camera, and have its field of view; the view is a person's from then."""
        self._do(self._fly, camera)

    def look_through(self, index: int, camera: Camera) -> None:
        """Glide behind a photo's camera; what was learned is hidden from this client meanwhile."""
        self._do(self._look_through, index, camera)

    def look_away(self) -> None:
        """Glide back to where the visitor was before looking through a photo."""
        self._do(self._look_away)

    def go_to(self, vantage: Vantage) -> None:
        """Glide to where all cameras and the scene behind them are seen."""
        self._do(self._go_to, vantage)

    def expect(self, vantage: Vantage) -> None:
        """Newcomers begin there: their way is not a hand's."""
        self._do(self._glide.expect, vantage.position)

    def begin_anew(self) -> None:
        """Other photos: what was looked at is gone, and the view is framed again."""
        self._do(self._begin_anew)

    def frame(self, vantage: Vantage) -> None:
        """Follow the cameras while they settle, until a hand has moved the view."""
        self._do(self._frame, vantage)

    def wipe_at(self, part: float) -> None:
        """Have the line between two scenes at a part of the canvas, from the left."""
        self._wipe = part
        self._painter.wake()

    def wake(self) -> None:
        """There is a newer snapshot."""
        self._do(self._wake)

    def stop(self, wait: bool = True) -> None:
        """End its thread."""
        self._do(self._end)
        self._painter.stop(wait)

    # -- on the event loop ---------------------------------------------------------------------

    def _look_through(self, index: int, camera: Camera) -> None:
        if self._photo is None:
            self._before = self._glide.here
        self._photo = index
        if self._shadow is None:
            self._shadow = self._client.scene.add_frame(LEARNED, show_axes=False, visible=False)
        self._glide.ask(Vantage.through(camera, self._client.camera.aspect, AHEAD))

    def _fly(self, camera: Camera) -> None:
        self._leave()
        self._moved_by_hand = True
        self._glide.to(Vantage.through(camera, self._client.camera.aspect, AHEAD))

    def _look_away(self) -> None:
        if self._before is not None:
            self._glide.ask(self._before)
        self._leave()

    def _go_to(self, vantage: Vantage) -> None:
        self._begin_anew()
        self._glide.ask(vantage)

    def _begin_anew(self) -> None:
        self._leave()
        self._moved_by_hand = False
        self._kept.forget()

    def _found(self, vantage: Vantage) -> None:
        """A hand left the view there, on an earlier connection of this browser."""
        if not self._moved_by_hand and self._photo is None:
            self._moved_by_hand = True
            self._glide.ask(vantage)

    def _frame(self, vantage: Vantage) -> None:
        self._kept.framed(vantage)
        if self._moved_by_hand or self._photo is not None:
            return
        away = np.linalg.norm(vantage.position - self._glide.aim.position)
        if away > REFRAMED * np.linalg.norm(vantage.look_at - vantage.position):
            self._glide.to(vantage)

    def _wake(self) -> None:
        scene = self._source.snapshot.config.explore.scene
        if scene != self._scene:  # planes too slow say nothing of points
            self._scene, self._hand = scene, Hand()
        self._place_drawn()
        self._painter.wake()

    def _end(self) -> None:
        self._glide.stop()
        if self._rest is not None:
            self._rest.cancel()

    # -- what its painter asks and tells ---------------------------------------------------------

    def quality(self, snapshot: Snapshot, view: View, still: bool) -> int | None:
        """Longer side of the sharp picture: all the canvas has, or as asked for while it moves."""
        explore = snapshot.config.explore
        side = view.pixels if still else min(explore.quality, view.pixels)
        return side if explore.background else None

    def look(self, snapshot: Snapshot) -> Look:
        """As the person asked; depth only where something stands in the scene."""
        explore = snapshot.config.explore
        depth = explore.frustums or explore.trails
        pair = snapshot.learned is not None and snapshot.learned.pair and self._photo is None
        wipe = self._wipe if pair else None
        return Look(explore.channel, explore.colour_map, GROUND, depth, wipe)

    def while_moving(self, snapshot: Snapshot) -> bool:
        """A picture follows the hand, unless the browser draws the scene itself.

        Points are drawn by any browser that has not failed to, planes by those known to be quick.
        """
        hand, scene = self._hand, snapshot.config.explore.scene
        able = not hand.slow if scene == "points" else hand.quick
        return not (able and self._can_draw(snapshot))

    def _can_draw(self, snapshot: Snapshot) -> bool:
        explore = snapshot.config.explore
        able = explore.scene != "none" and explore.channel == "rgb"
        return able and drawable(snapshot) is not None

    def _show(self, shot: Shot) -> None:
        """What is drawn stands before a picture goes, and leaves once there is one."""
        self._do(self._note, shot)
        self._client.scene.set_background_image(
            shot.image, format="jpeg", jpeg_quality=JPEG_QUALITY, depth=shot.depth
        )

    def _note(self, shot: Shot) -> None:
        """On the event loop: what there is to see now."""
        self._blank, self._lost = shot.blank, not shot.blank and shot.seen < SEEN
        self._subject = shot.subject
        self._turn_around_subject()
        self._place_drawn()
        if not self._drawing and self._drawn.visible:
            self._loop.call_later(DECODED_SECONDS, self._hide_drawn)

    def _turn_around_subject(self) -> None:
        """Let drags turn around what is in the middle of the picture; nothing is seen to move."""
        here, subject = self._glide.here, self._subject
        resting = time.monotonic() - self._moved_at >= REST_SECONDS and not self._glide.under_way
        distance = float(np.linalg.norm(here.look_at - here.position))
        if resting and subject is not None and abs(subject / distance - 1) > PIVOT:
            self._client.camera.look_at = here.position + subject * here.ahead

    def _place_drawn(self) -> None:
        self._drawing = self._blank and self._can_draw(self._source.snapshot)
        if self._blank and self._drawn.visible != self._drawing:
            self._drawn.visible = self._drawing

    def _hide_drawn(self) -> None:
        if not self._drawing:
            self._drawn.visible = False

    def _failed(self, sentence: str | None) -> None:
        self._report(sentence)
        if sentence is not None:
            notify = self._client.add_notification
            notify("No picture", sentence, color="red", auto_close_seconds=NOTICE_SECONDS)

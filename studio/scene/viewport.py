"""One client's window: where its camera is comes in, pictures of the scene go out."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import viser

from core.engine.snapshot import Snapshot
from core.geometry.cameras import Camera
from studio.scene.baked import Bakery
from studio.scene.coordinates import View, fov_that_holds, pose_in_viser
from studio.scene.drawn import ROOT as DRAWN
from studio.scene.hand import Hand
from studio.scene.painter import Painter
from studio.scene.shot import Look, Shot
from studio.scene.source import Source
from studio.scene.stats import ViewStats
from studio.scene.theme import Theme
from studio.scene.vantage import NEAR, UP, Vantage

JPEG_QUALITY = 82
LOOK_DISTANCE = 6.0  # viser units ahead of a camera that is looked through; drags orbit that point
LEFT = 0.02  # viser units from a camera that was looked through, from which it is seen again
NOTICE_SECONDS = 10.0
DECODED_SECONDS = 0.12  # until a browser has surely decoded a picture that it got


@dataclass
class _Hidden:
    """A frustum that a client looks through; an invisible node stands in for it."""

    node: viser.FrameHandle
    place: np.ndarray  # (3,) of the frustum
    arrived: bool = False  # the client answers from its old place for a moment

    def left(self, position: np.ndarray) -> bool:
        """Whether a client that now is at `position` has been there and is so no more."""
        here = bool(np.linalg.norm(position - self.place) < LEFT)
        self.arrived |= here
        return self.arrived and not here


class Viewport:
    """A connected client. Lives until `stop`; holds the only reference to its handle."""

    def __init__(
        self,
        client: viser.ClientHandle,
        source: Source,
        theme: Theme,
        failed: Callable[[str | None], None],
        bakery: Bakery,
    ) -> None:
        """Begin to show pictures. `failed` is told what went wrong, and None when it is well."""
        self._client, self._theme, self._report = client, theme, failed
        self._hidden: _Hidden | None = None
        self._hand = Hand()
        # Whether there is no picture, and the browser draws the scene in its place.
        self._blank = self._drawing = False
        self._drawn = client.scene.add_frame(DRAWN, show_axes=False, visible=False)
        self._source, self._scene = source, source.snapshot.config.explore.scene
        name = f"view-{client.client_id}"
        self._painter = Painter(name, source, self, self._show, self._failed, bakery)
        self._painter.look_from(View.of_client(client.camera))
        client.camera.on_update(self._moved)

    async def _moved(self, camera: viser.CameraHandle) -> None:
        """Note where the client is; on the event loop, so that the order is kept."""
        self._hand.moved(time.monotonic(), self._drawing)
        self._painter.look_from(View.of_client(camera))
        if self._hidden is not None and self._hidden.left(camera.position):
            self._hidden.node.remove()
            self._hidden = None

    @property
    def stats(self) -> ViewStats | None:
        """Of the newest picture; None before the first."""
        return self._painter.tally.stats

    def look_through(self, camera: Camera, node: str) -> None:
        """Take a learned camera's position, rotation and field of view.

        All of its picture is in sight, whatever the canvas' shape. What was learned, below `node`,
        stands between eye and scene and is hidden for this client until it moves away.
        """
        pose, handle = pose_in_viser(camera.camera_to_world), self._client.camera
        forward = camera.camera_to_world[:3, 2]
        with self._client.atomic():
            handle.near = NEAR
            handle.position = pose.position
            handle.look_at = pose.position + LOOK_DISTANCE * forward
            handle.wxyz = pose.wxyz
            handle.fov = fov_that_holds(camera, handle.aspect)
            shadow = self._client.scene.add_frame(node, show_axes=False, visible=False)
        if self._hidden is not None and self._hidden.node.name != node:
            self._hidden.node.remove()
        self._hidden = _Hidden(shadow, pose.position)

    def go_to(self, vantage: Vantage) -> None:
        """Stand where all cameras and the scene behind them are seen."""
        handle = self._client.camera
        with self._client.atomic():
            handle.near = NEAR
            handle.up_direction = np.array(UP)
            handle.position = vantage.position
            handle.look_at = vantage.look_at
            handle.fov = vantage.fov

    def set_theme(self, theme: Theme) -> None:
        """Another ground."""
        self._theme = theme
        self._painter.wake()

    def wake(self) -> None:
        """There is a newer snapshot."""
        scene = self._source.snapshot.config.explore.scene
        if scene != self._scene:  # planes too slow say nothing of points
            self._scene, self._hand = scene, Hand()
        self._place_drawn()
        self._painter.wake()

    def stop(self, wait: bool = True) -> None:
        """End its thread."""
        self._painter.stop(wait)

    def quality(self, snapshot: Snapshot, view: View) -> int | None:
        """Longer side of the sharp picture: as asked for, but no more than the canvas has."""
        explore = snapshot.config.explore
        return min(explore.quality, view.pixels) if explore.background else None

    def look(self, snapshot: Snapshot) -> Look:
        """As the person asked; depth only where something stands in the scene."""
        explore = snapshot.config.explore
        depth = explore.frustums or explore.trails
        return Look(explore.channel, explore.colour_map, self._theme.ground, depth)

    def while_moving(self, snapshot: Snapshot) -> bool:
        """A picture follows the hand, unless the browser draws the scene itself.

        Points are drawn by any browser that has not failed to, planes by those known to be quick.
        """
        hand, scene = self._hand, snapshot.config.explore.scene
        able = not hand.slow if scene == "points" else hand.quick
        return not (able and self._can_draw(snapshot))

    def _can_draw(self, snapshot: Snapshot) -> bool:
        explore, learned = snapshot.config.explore, snapshot.learned
        planes = learned is not None and learned.planes is not None
        return planes and explore.scene != "none" and explore.channel == "rgb"

    def _show(self, shot: Shot) -> None:
        """What is drawn stands where there is no picture, and leaves once there is one."""
        self._blank = shot.blank
        self._place_drawn()
        self._client.scene.set_background_image(
            shot.image, format="jpeg", jpeg_quality=JPEG_QUALITY, depth=shot.depth
        )
        if not self._drawing and self._drawn.visible:
            leaving = threading.Timer(DECODED_SECONDS, self._hide_drawn)
            leaving.daemon = True
            leaving.start()

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
            self._client.add_notification(
                "No picture", sentence, color="red", auto_close_seconds=NOTICE_SECONDS
            )

"""A camera path that a person makes: keyframes with a handle, the line through them, a flight.

Keyframes are cameras of the learned world, with focal lengths of their own. The path is that of the
video: `interpolate` through them in their order.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import viser

from core.errors import InputError
from core.geometry.cameras import Camera
from core.geometry.paths import covering, interpolate
from studio.scene.coordinates import SCALE, Pose, pose_in_viser, pose_in_world
from studio.scene.theme import INK, PATH

ROOT = "/path"
MOST = 50  # keyframes
SIZE = 0.1  # viser units, of a keyframe's frustum
HANDLE = 0.3  # viser units, of the arrows to drag
THICKNESS = 2.0  # pixels
PER_STRETCH = 24  # points of the line between two keyframes
FLIGHT = 6.0  # seconds of a preview
FRAME = 1 / 15  # seconds between two places of it


@dataclass(frozen=True)
class PathState:
    """What a page is told."""

    keys: int
    chosen: int | None  # which one has the handle
    playing: bool


class Keys:
    """The keyframes of a server's scene. Any thread may call; nothing here waits."""

    def __init__(self, server: viser.ViserServer, fly: Callable[[Camera], None]) -> None:
        """None yet. Args: `fly` brings everybody's view to a camera."""
        self._server, self._fly = server, fly
        self._lock = threading.RLock()
        self._keys: list[Camera] = []
        self._frustums: list[viser.CameraFrustumHandle] = []
        self._line: viser.LineSegmentsHandle | None = None
        self._handle: viser.TransformControlsHandle | None = None
        self._chosen: int | None = None
        self._flight: threading.Event | None = None  # ends the preview under way
        self._root = server.scene.add_frame(ROOT, show_axes=False)

    @property
    def cameras(self) -> list[Camera]:
        """The keyframes, in their order."""
        return list(self._keys)

    @property
    def state(self) -> PathState:
        """How many there are, and what is done with them."""
        return PathState(len(self._keys), self._chosen, self._flight is not None)

    def add(self, camera: Camera) -> None:
        """A keyframe after the one that has the handle, or the last; it has the handle then.

        Raises:
            InputError: there are too many.
        """
        with self._lock:
            at = len(self._keys) if self._chosen is None else self._chosen + 1
            self.take([*self._keys[:at], camera.pinhole, *self._keys[at:]], at)

    def remove(self) -> None:
        """Remove the keyframe that has the handle, or the last.

        Raises:
            InputError: there is none.
        """
        with self._lock:
            if not self._keys:
                raise InputError("There is no keyframe to remove; add a view first.")
            at = len(self._keys) - 1 if self._chosen is None else self._chosen
            left = [*self._keys[:at], *self._keys[at + 1 :]]
            self.take(left, min(at, len(left) - 1) if left else None)

    def take(self, keys: Sequence[Camera], chosen: int | None = None) -> None:
        """Have these keyframes and no others.

        Raises:
            InputError: there are too many.
        """
        if len(keys) > MOST:
            raise InputError(f"A path has at most {MOST} keyframes; remove some.")
        self.stop()
        with self._lock, self._server.atomic():
            for frustum in self._frustums:
                frustum.remove()
            self._keys = list(keys)
            self._frustums = [self._shown(number, key) for number, key in enumerate(keys)]
            self._draw_line()
            self._choose(chosen)

    def preview(self) -> None:
        """Fly along the path once.

        Raises:
            InputError: it has fewer than two keyframes.
        """
        path = self._path(round(FLIGHT / FRAME))
        if not path:
            raise InputError("A path needs two keyframes; add another view.")
        self.stop()
        self._flight = ended = threading.Event()
        threading.Thread(target=self._fly_along, args=(path, ended), daemon=True).start()

    def stop(self) -> None:
        """End the preview."""
        flight, self._flight = self._flight, None
        if flight is not None:
            flight.set()
        self._root.visible = True

    def _fly_along(self, path: Sequence[Camera], ended: threading.Event) -> None:
        self._root.visible = False
        began = time.monotonic()
        while not ended.wait(FRAME):
            at = round((time.monotonic() - began) / FLIGHT * (len(path) - 1))
            self._fly(path[min(at, len(path) - 1)])
            if at >= len(path) - 1:
                self.stop()

    def _path(self, frames: int) -> list[Camera]:
        """The cameras of the path; none where it has fewer than two keyframes."""
        keys = self.cameras
        if len(keys) < 2:
            return []
        alike = [covering(key, keys[0].width, keys[0].height) for key in keys]
        return interpolate(alike, max(frames, len(keys)), order="file")

    def _shown(self, number: int, key: Camera) -> viser.CameraFrustumHandle:
        pose = pose_in_viser(key.camera_to_world)
        handle = self._server.scene.add_camera_frustum(
            f"{ROOT}/{number:02d}",
            key.vertical_fov,
            key.aspect,
            scale=SIZE,
            thickness=THICKNESS,
            thickness_units="screen",
            color=PATH,
            wxyz=pose.wxyz,
            position=pose.position,
            cast_shadow=False,
            receive_shadow=False,
        )

        async def clicked(event: viser.SceneNodePointerEvent[Any]) -> None:
            with self._lock:
                if number < len(self._keys):
                    self._choose(number)

        handle.on_click(clicked)
        return handle

    def _choose(self, number: int | None) -> None:
        """Give the handle to a keyframe."""
        self._chosen = number
        for index, frustum in enumerate(self._frustums):
            frustum.color = INK if index == number else PATH
        if self._handle is None and number is not None:
            self._handle = self._server.scene.add_transform_controls(
                f"{ROOT}/handle", scale=HANDLE, line_width=2.0, disable_sliders=True,
                depth_test=False,
            )  # fmt: skip
            self._handle.on_update(self._dragged)
        if self._handle is not None:
            self._handle.visible = number is not None
        if self._handle is not None and number is not None:
            pose = pose_in_viser(self._keys[number].camera_to_world)
            self._handle.position, self._handle.wxyz = pose.position, pose.wxyz

    async def _dragged(self, event: viser.TransformControlsEvent) -> None:
        with self._lock:
            if self._handle is None or self._chosen is None:
                return
            pose = Pose(np.array(self._handle.wxyz), np.array(self._handle.position))
            key = replace(self._keys[self._chosen], camera_to_world=pose_in_world(pose))
            self._keys[self._chosen], frustum = key, self._frustums[self._chosen]
            with self._server.atomic():
                frustum.position, frustum.wxyz = pose.position, pose.wxyz
                self._draw_line()

    def _draw_line(self) -> None:
        path = self._path(PER_STRETCH * (len(self._keys) - 1) + 1)
        if self._line is not None:
            self._line.remove()
            self._line = None
        if path:
            positions = np.stack([camera.position for camera in path]) * SCALE
            points = np.stack([positions[:-1], positions[1:]], axis=1).astype(np.float32)
            self._line = self._server.scene.add_line_segments(
                f"{ROOT}/line", points, PATH, thickness=THICKNESS, thickness_units="screen"
            )

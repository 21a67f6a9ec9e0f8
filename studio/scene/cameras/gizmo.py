"""The virtual camera: a frustum to be taken by the hand, which shows what it sees."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import viser

from core.engine.snapshot import Snapshot
from core.geometry.cameras import Camera
from core.geometry.paths import average_camera
from studio.scene.coordinates import Pose, View, pose_in_viser, pose_in_world
from studio.scene.painting.baked import Bakery
from studio.scene.painting.painter import Painter
from studio.scene.painting.shot import Look, Shot
from studio.scene.source import Source
from studio.scene.theme import GROUND, INK

NAME = "/virtual"
OFFSET = (0.07, 0.04, -0.08)  # world units from the mean camera: beside and behind the others
SIZE = 0.16  # viser units, of its frustum: a little larger than the others
HANDLES = 0.3  # viser units, of the arrows to drag
PIXELS = 384  # longer side of its picture
THICKNESS = 2.0  # pixels
ON_FRUSTUM = 192  # pixels, of the picture sent with the frustum
JPEG_QUALITY = 85
REFRESH_SECONDS = 2.5  # at least, between pictures; the scene behind comes first
FOV_CHANGED = 5e-4  # radians


@dataclass(frozen=True)
class Virtual:
    """The virtual camera, once it has a picture."""

    version: int  # grows with each picture
    camera: Camera


class VirtualCamera:
    """A camera that belongs to the person. Safe to use from any thread."""

    def __init__(
        self,
        server: viser.ViserServer,
        source: Source,
        watched: Callable[[], bool],
        failed: Callable[[str | None], None],
        bakery: Bakery,
    ) -> None:
        """It appears with the first cameras. `watched` says whether anybody would see it."""
        self._server, self._watched = server, watched
        self._lock = threading.RLock()
        self._lens: Camera | None = None  # the learned intrinsics; its pose means nothing
        self._handles: tuple[viser.TransformControlsHandle, viser.CameraFrustumHandle] | None = None
        self._shown = True
        self._picture: tuple[int, bytes] = (0, b"")
        self._painter = Painter(
            "virtual-camera", source, self, self._show, failed, bakery, REFRESH_SECONDS
        )

    def update(self, snapshot: Snapshot) -> None:
        """Follow the learned focal length; the place is the person's."""
        with self._lock:
            if snapshot.learned is not None:
                mean = average_camera(snapshot.learned.cameras)
                if self._handles is None:
                    self._appear(beside(mean))
                self._take_lens(mean)
            if self._handles is not None:
                self._handles[0].visible = self._shown and snapshot.learned is not None
        self._painter.wake()

    @property
    def seen(self) -> Virtual | None:
        """Where it stands, in the learned world, once it has a picture."""
        version, camera = self._picture[0], self._camera()
        return Virtual(version, camera) if version and camera is not None else None

    @property
    def picture(self) -> bytes:
        """The newest as JPEG; nothing before the first."""
        return self._picture[1]

    @property
    def shown(self) -> bool:
        """Whether it is in the scene, as far as the person is concerned."""
        return self._shown

    def show(self, visible: bool) -> None:
        """Show or hide it. Hidden it is not rendered."""
        with self._lock:
            self._shown = visible
            if self._handles is not None:
                self._handles[0].visible = visible
        self._painter.wake()

    def wake(self) -> None:
        """Somebody may be watching now."""
        self._painter.wake()

    def stop(self) -> None:
        """End its thread."""
        self._painter.stop()

    def quality(self, snapshot: Snapshot, view: View, still: bool) -> int | None:
        """None while nobody would see the picture."""
        return PIXELS if self._shown and self._watched() else None

    def look(self, snapshot: Snapshot) -> Look:
        """As the views of the scene."""
        explore = snapshot.config.explore
        return Look(explore.channel, explore.colour_map, GROUND, depth=False)

    def while_moving(self, snapshot: Snapshot) -> bool:
        """Always: it is moved to see what it sees."""
        return True

    def _appear(self, camera: Camera) -> None:
        pose = pose_in_viser(camera.camera_to_world)
        controls = self._server.scene.add_transform_controls(
            NAME,
            scale=HANDLES,
            line_width=2.0,
            disable_sliders=True,
            depth_test=False,
            wxyz=pose.wxyz,
            position=pose.position,
        )
        frustum = self._server.scene.add_camera_frustum(
            f"{NAME}/frustum",
            camera.vertical_fov,
            camera.aspect,
            scale=SIZE,
            thickness=THICKNESS,
            thickness_units="screen",
            color=INK,
            jpeg_quality=JPEG_QUALITY,
            cast_shadow=False,
            receive_shadow=False,
        )
        controls.on_update(self._dragged)
        self._handles, self._lens = (controls, frustum), camera
        self._look()

    async def _dragged(self, event: viser.TransformControlsEvent) -> None:
        self._look()

    def _take_lens(self, camera: Camera) -> None:
        """Have the intrinsics of a camera."""
        assert self._handles is not None
        frustum, known = self._handles[1], self._lens
        if known is None or _differ(known, camera):
            self._lens = camera
            frustum.fov, frustum.aspect = camera.vertical_fov, camera.aspect
            self._look()

    def _look(self) -> None:
        """Tell the painter where the camera is now."""
        if (camera := self._camera()) is not None:
            self._painter.look_from(View.of_camera(camera))

    def _camera(self) -> Camera | None:
        """Where it stands, with the learned intrinsics; None before the first cameras."""
        with self._lock:
            if self._handles is None or self._lens is None:
                return None
            controls, _ = self._handles
            pose = Pose(np.array(controls.wxyz), np.array(controls.position))
            return replace(self._lens, camera_to_world=pose_in_world(pose))

    def _show(self, shot: Shot) -> None:
        """On the painter's thread: a picture for the panel and for the frustum."""
        if shot.blank:
            return
        height, width = shot.image.shape[:2]
        done, jpeg = cv2.imencode(
            ".jpg", shot.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        )
        assert done, "8-bit colours can always be written as a JPEG"
        self._picture = self._picture[0] + 1, jpeg.tobytes()
        shrink = min(1.0, ON_FRUSTUM / max(height, width))
        size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        small = cv2.resize(shot.image, size, interpolation=cv2.INTER_AREA)
        with self._lock:
            if self._handles is not None:
                self._handles[1].image = small


def beside(camera: Camera) -> Camera:
    """A camera a little to the right of and below another, turned alike."""
    pose = camera.camera_to_world.copy()
    pose[:3, 3] += pose[:3, :3] @ OFFSET
    return replace(camera, camera_to_world=pose)


def _differ(one: Camera, other: Camera) -> bool:
    size = (one.width, one.height) != (other.width, other.height)
    return size or not np.allclose(
        (one.vertical_fov, one.aspect), (other.vertical_fov, other.aspect), atol=FOV_CHANGED
    )

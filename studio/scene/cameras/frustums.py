"""The learned cameras, one frustum for each photo, kept where the newest snapshot has them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
import viser

from core.config import Config
from core.engine.snapshot import Snapshot
from core.geometry.cameras import Camera
from core.photos import PhotoSet
from core.search.judging.verdict import Word
from core.training.learned import Learned
from studio.scene.cameras.vantage import spread_of
from studio.scene.colours import UNKNOWN, Colour, by_error, by_order
from studio.scene.coordinates import Pose, pose_in_viser
from studio.scene.theme import INK, VERDICTS

LEARNED = "/learned"  # parent of all that was learned: frustums and trails
ROOT = f"{LEARNED}/photos"
SIZE = 0.126  # viser units, of a frustum at scale 1: larger ones hide the scene,
SPREAD = 0.2  # world units, where cameras are spread no further; else frustums grow with them
THICKNESS = 1.2  # pixels
THUMBNAIL = 96  # longer side in pixels
JPEG_QUALITY = 85
MOVED = 5e-4  # viser units, less than can be seen
TURNED_FOV = 5e-4  # radians
HIGHLIGHT_GROWTH = 1.35
FRAME = 5  # pixels of a thumbnail that frame one whose camera is in doubt

Picked = Callable[[viser.ClientHandle, int], None]
Look = tuple[float, Colour, float, Literal["wireframe", "filled"]]


@dataclass
class _Frustum:
    """One node and what was last sent of its pose."""

    handle: viser.CameraFrustumHandle
    pose: Pose
    word: Word | None = None  # of the verdict, as far as it is marked
    face: np.ndarray | None = None  # (h, w, 3) uint8 what is shown instead of the photo
    look: Look | None = None

    def dress(self, look: Look) -> None:
        """Size, colour, lines and whether it is filled, where they are new."""
        if look != self.look:  # asked of each of hundreds, ten times a second
            self.look, handle = look, self.handle
            handle.scale, handle.color, handle.thickness, handle.variant = look

    def mark(self, word: Word | None, face: np.ndarray | None, photo: np.ndarray) -> None:
        """Show a picture or the photo, and mark that of a camera that is in doubt."""
        word = word if word in VERDICTS else None
        if word != self.word or face is not self.face:
            small = thumbnail(photo) if face is None else face
            self.word, self.face, self.handle.image = word, face, marked(small, word)

    def follow(self, camera: Camera) -> None:
        """Send what changed visibly, and nothing else."""
        pose = pose_in_viser(camera.camera_to_world)
        if not pose.close_to(self.pose, MOVED):
            self.handle.position, self.handle.wxyz = pose.position, pose.wxyz
            self.pose = pose
        if abs(self.handle.fov - camera.vertical_fov) > TURNED_FOV:
            self.handle.fov = camera.vertical_fov
        if abs(self.handle.aspect - camera.aspect) > TURNED_FOV:
            self.handle.aspect = camera.aspect


class Frustums:
    """All frustums of a server. Used by one thread at a time."""

    def __init__(self, server: viser.ViserServer, picked: Picked) -> None:
        """Args: `picked` is called with the client that clicked and the photo's index."""
        self._server, self._picked = server, picked
        server.scene.add_frame(LEARNED, show_axes=False)
        self._root = server.scene.add_frame(ROOT, show_axes=False)
        self._frustums: list[_Frustum] = []
        self._photos: PhotoSet | None = None
        self._highlighted: int | None = None
        self._faces: dict[int, np.ndarray] = {}

    @staticmethod
    def name(index: int) -> str:
        """The node of one photo; the same for all runs."""
        return f"{ROOT}/{index:04d}"

    def update(self, snapshot: Snapshot) -> None:
        """Bring the frustums to where a snapshot has the cameras."""
        learned, photos = snapshot.learned, snapshot.photos
        with self._server.atomic():
            if learned is None or photos is None:
                self._rebuild(None, ())
                return
            self._rebuild(photos, learned.cameras)
            for frustum, camera in zip(self._frustums, learned.cameras, strict=True):
                frustum.follow(camera)
            self._dress(snapshot, learned)
        self._root.visible = snapshot.config.explore.frustums

    def highlight(self, index: int | None) -> None:
        """Point out one photo's frustum, from the next update on."""
        self._highlighted = index

    def show(self, faces: dict[int, np.ndarray]) -> None:
        """Pictures instead of some photos, by their numbers, from the next update on."""
        self._faces = faces

    def _rebuild(self, photos: PhotoSet | None, cameras: tuple[Camera, ...]) -> None:
        """Make one node for each photo, unless these very photos have theirs."""
        known, self._photos = self._photos, photos
        if same_photos(known, photos):
            return
        for frustum in self._frustums:
            frustum.handle.remove()
        self._highlighted, self._faces = None, {}
        self._frustums = [
            self._added(index, camera, photos.picture(index))
            for index, camera in enumerate(cameras)
            if photos is not None
        ]

    def _added(self, index: int, camera: Camera, photo: np.ndarray) -> _Frustum:
        pose = pose_in_viser(camera.camera_to_world)
        handle = self._server.scene.add_camera_frustum(
            self.name(index),
            camera.vertical_fov,
            camera.aspect,
            scale=SIZE,
            thickness=THICKNESS,
            thickness_units="screen",
            image=thumbnail(photo),
            jpeg_quality=JPEG_QUALITY,
            wxyz=pose.wxyz,
            position=pose.position,
            cast_shadow=False,
            receive_shadow=False,
        )

        async def clicked(event: viser.SceneNodePointerEvent[Any]) -> None:
            self._picked(event.client, index)

        handle.on_click(clicked)
        return _Frustum(handle, pose)

    def _dress(self, snapshot: Snapshot, learned: Learned) -> None:
        """How each looks, and what marks its picture."""
        colours, held_out = colours_of(snapshot), learned.held_out
        usual = size_of(learned.cameras) * snapshot.config.explore.frustum_scale
        assert snapshot.photos is not None
        for index, frustum in enumerate(self._frustums):
            chosen = index == self._highlighted
            word, face = snapshot.opinion.cameras.get(index), self._faces.get(index)
            frustum.mark(word, face, snapshot.photos.picture(index))
            size = usual * (HIGHLIGHT_GROWTH if chosen else 1)
            colour, thickness = INK if chosen else colours[index], THICKNESS * (2 if chosen else 1)
            frustum.dress((size, colour, thickness, "filled" if held_out[index] else "wireframe"))


def size_of(cameras: Sequence[Camera]) -> float:
    """Of a frustum at scale 1 among such cameras, in viser units; it grows by half octaves."""
    grown = max(1.0, spread_of(cameras)[1] / SPREAD)
    return SIZE * float(2 ** (np.floor(2 * np.log2(grown)) / 2))


def colours_of(snapshot: Snapshot) -> list[Colour]:
    """One colour for each photo as the person asked: by order or by error; grey is left out.

    Over these goes that of a verdict that is not good.
    """
    config: Config = snapshot.config
    assert snapshot.photos is not None
    names = snapshot.photos.names
    if config.explore.colour_by == "error":
        colours = by_error(snapshot.photo_psnr or (None,) * len(names))
    else:
        colours = by_order(len(names))
    left_out, words = set(config.data.disabled), snapshot.opinion.cameras
    judged = [
        VERDICTS.get(words.get(index, "trusted"), colour) for index, colour in enumerate(colours)
    ]
    return [
        UNKNOWN if name in left_out else colour for name, colour in zip(names, judged, strict=True)
    ]


def marked(small: np.ndarray, word: Word | None) -> np.ndarray:
    """A thumbnail in a frame where its camera is doubtful, and crossed out where it is wrong."""
    if word not in VERDICTS:
        return small
    shown, (height, width) = small.copy(), small.shape[:2]
    colour, half = VERDICTS[word], FRAME // 2
    near, far = (half, half), (width - 1 - half, height - 1 - half)
    cv2.rectangle(shown, near, far, colour, FRAME)
    if word == "wrong":
        cv2.line(shown, near, far, colour, FRAME)
        cv2.line(shown, (near[0], far[1]), (far[0], near[1]), colour, FRAME)
    return shown


def thumbnail(photo: np.ndarray) -> np.ndarray:
    """A photo (H, W, 3) uint8, shrunk to a longer side of 96 pixels."""
    height, width = photo.shape[:2]
    shrink = min(1.0, THUMBNAIL / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    return cv2.resize(photo, size, interpolation=cv2.INTER_AREA)


def same_photos(one: PhotoSet | None, other: PhotoSet | None) -> bool:
    """Whether frustums of one set can serve the other; a set is loaded anew at every restart."""
    if one is None or other is None or one is other:
        return one is other
    alike = one.names == other.names and one.pixels.shape == other.pixels.shape
    return alike and np.array_equal(one.pixels[:, ::8, ::8], other.pixels[:, ::8, ::8])

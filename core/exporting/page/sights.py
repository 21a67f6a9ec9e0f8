"""What a few of the learned cameras see, with depths: enough to show the scene between them.

Any scene will do that can be looked at, as each is asked for pictures and depths alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt

from core.errors import InputError
from core.exporting.colour import THERE
from core.exporting.jobs import Watch
from core.exporting.pictures import whole_picture
from core.geometry.cameras import Camera
from core.geometry.paths import average_camera, distances
from core.rendering.picture import Pace, Picture
from core.training.learned import Learned

MOST = 16  # cameras whose pictures are kept
LONG_SIDE = 800  # pixels of a picture at most
GRID = 256  # places of depth along the longer side
SMOOTH = 5  # pixels over which a depth that nobody shares is taken for an error
DEEPEST = 30.0  # times the middle depth; what is farther, or nowhere, is put there
ALONG = 0.05  # how much depths count beside axes in where cameras look
LEVELS = 65535  # of inverse depth in a file


@dataclass(frozen=True, eq=False)
class Sight:
    """A picture from one place and how far everything in it is. Rows from the top."""

    camera: Camera  # a pinhole, at the size of `rgb`
    rgb: np.ndarray  # (H, W, 3) uint8
    inverse: np.ndarray  # (h, w) float32 1 / camera depth, above 0, from edge to edge

    @classmethod
    def of(cls, picture: Picture) -> "Sight | None":
        """A picture whose holes are as far as what is beside them; None where nothing is there."""
        there = (picture.opacity > THERE) & np.isfinite(picture.depth) & (picture.depth > 0)
        if not there.any():
            return None
        inverse = np.where(there, 1 / np.where(there, picture.depth, 1), 0)
        nearest = distance_transform_edt(~there, return_distances=False, return_indices=True)
        whole = cv2.medianBlur(inverse[tuple(nearest)].astype(np.float32), SMOOTH)
        whole = np.maximum(whole, np.median(inverse[there]) / DEEPEST)
        width, height = grid_of(picture.camera)
        rows = np.linspace(0, len(whole) - 1, height).round().astype(int)
        columns = np.linspace(0, whole.shape[1] - 1, width).round().astype(int)
        rgb = np.rint(np.nan_to_num(picture.rgb).clip(0, 1) * 255).astype(np.uint8)
        return cls(picture.camera, rgb, whole[np.ix_(rows, columns)].astype(np.float32))

    @property
    def levels(self) -> tuple[np.ndarray, float]:
        """Inverse depths (h, w) in 16 bits, little endian, and what one level is."""
        unit = float(self.inverse.max()) / LEVELS
        return np.rint(self.inverse / unit).clip(1, LEVELS).astype("<u2"), unit

    def coded(self, long_side: int, quality: int) -> bytes:
        """The picture as WebP, no larger than it is."""
        size = self.camera.scaled(min(1.0, long_side / max(self.camera.width, self.camera.height)))
        small = cv2.resize(self.rgb, (size.width, size.height), interpolation=cv2.INTER_AREA)
        webp = cv2.imencode(".webp", small[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, quality])[1]
        return webp.tobytes()


def grid_of(camera: Camera) -> tuple[int, int]:
    """Columns and rows of a picture's depths."""
    scale = min(1.0, GRID / max(camera.width, camera.height))
    return max(2, round(camera.width * scale)), max(2, round(camera.height * scale))


def seen(learned: Learned, watch: Watch) -> list[Sight]:
    """What cameras see that are spread widely, the middle one first, all at one size.

    Raises:
        Cancelled: the watch said so.
        InputError: there are no cameras, or nothing is there to see.
    """
    cameras = learned.trained
    if not cameras:
        raise InputError("There are no cameras yet; add photos and train first.")
    middle = average_camera(cameras).pinhole
    frame = middle.scaled(min(1.0, LONG_SIDE / max(middle.width, middle.height)))
    order, pace, sights = spread_out(cameras, MOST), Pace(), []
    for done, row in enumerate(order, start=1):
        camera = cameras[row].pinhole.resized(frame.width, frame.height)
        picture = whole_picture(learned.scene, camera, pace, watch.after_chunk)
        if (sight := Sight.of(picture)) is not None:
            sights.append(sight)
        watch.progress(done, len(order))
    if not sights:
        raise InputError("There is nothing to see yet; train for longer.")
    return sights


def spread_out(cameras: Sequence[Camera], most: int) -> list[int]:
    """Places of so many cameras: the middle one, then always the one farthest from those taken."""
    apart = distances(cameras)
    order = [int(apart.sum(0).argmin())]
    nearest = apart[order[0]].copy()
    while len(order) < min(most, len(cameras)):
        nearest[order] = -1
        order.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, apart[order[-1]])
    return order


def looked_at(sights: Sequence[Sight]) -> np.ndarray:
    """(3,) the point around which the cameras stand.

    Nearest to all optical axes in the least squares of angles; as far along each as the middle of
    what it sees, where the axes are too parallel to tell.
    """
    system, right = np.zeros((3, 3)), np.zeros(3)
    for sight in sights:
        centre, forward = sight.camera.position, sight.camera.camera_to_world[:3, 2]
        near = float(np.median(sight.inverse))
        across = near**2 * (np.eye(3) - np.outer(forward, forward))
        along = near**2 * ALONG * np.eye(3)
        system += across + along
        right += across @ centre + along @ (centre + forward / near)
    return np.linalg.solve(system, right)

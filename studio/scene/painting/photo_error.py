"""A photo beside its rendering: the signed error of every pixel, and PSNR over all of them."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from core.engine.snapshot import Snapshot
from studio.scene.coordinates import View
from studio.scene.painting.baked import Bakery
from studio.scene.painting.painter import Painter
from studio.scene.painting.shot import Look, Shot
from studio.scene.source import Source

LONG_SIDE = 504  # pixels, at most
FULL = 0.25  # an error of this part of the range has its full colour
BRIGHTER = np.array((255, 140, 60), np.float32)  # where the rendering is too bright,
DARKER = np.array((70, 150, 255), np.float32)  # and too dark
JPEG_QUALITY = 88


@dataclass(frozen=True)
class PhotoError:
    """How well the rendering from a photo's camera explains the photo."""

    photo: int
    version: int  # grows with each rendering
    psnr: float  # dB, over all pixels and channels
    width: int  # pixels of both as they were compared
    height: int


class ErrorPainter:
    """Renders the photo that somebody looks through, and compares. Costs nothing otherwise."""

    def __init__(
        self, source: Source, failed: Callable[[str | None], None], bakery: Bakery
    ) -> None:
        """Nobody looks through a photo yet."""
        self._source = source
        self._photo: int | None = None
        self._long_side = LONG_SIDE  # of the pictures to compare
        self._error: PhotoError | None = None
        self._picture = b""
        # A photo's own residual would answer for itself.
        self._painter = Painter(
            "photo-error", source, self, self._show, failed, bakery, corrected=False
        )

    def look_at(self, photo: int | None) -> None:
        """The photo to compare, from now on; None for none."""
        if photo != self._photo:
            self._photo, self._error = photo, None
        learned = self._source.snapshot.learned
        if photo is not None and learned is not None and photo < len(learned.cameras):
            view = View.of_camera(learned.cameras[photo])
            self._long_side = min(LONG_SIDE, view.pixels)
            self._painter.look_from(view)
        self._painter.wake()

    @property
    def error(self) -> PhotoError | None:
        """The newest, of the photo that is looked through."""
        return self._error

    @property
    def picture(self) -> bytes:
        """The signed error as JPEG; nothing before the first is known."""
        return self._picture if self._error is not None else b""

    def stop(self) -> None:
        """End its thread."""
        self._painter.stop()

    def quality(self, snapshot: Snapshot, view: View, still: bool) -> int | None:
        """None while nobody looks through a photo."""
        return self._long_side if self._photo is not None else None

    def look(self, snapshot: Snapshot) -> Look:
        """As steps compare: colours before black."""
        return Look("rgb", "gray", (0, 0, 0), depth=False)

    def while_moving(self, snapshot: Snapshot) -> bool:
        """It can wait until the camera rests."""
        return False

    def _show(self, shot: Shot) -> None:
        """On the painter's thread: a rendering; coarse ones say nothing of the scene."""
        photos, photo = self._source.snapshot.photos, self._photo
        height, width = shot.image.shape[:2]
        coarse = not shot.sharp or max(height, width) < self._long_side
        if shot.blank or coarse or photo is None or photos is None:
            return
        true = cv2.resize(photos.picture(photo), (width, height), interpolation=cv2.INTER_AREA)
        error = (shot.image.astype(np.float32) - true) / 255
        psnr = float(-10 * np.log10(max(float(np.square(error).mean()), 1e-10)))
        coded, jpeg = cv2.imencode(
            ".jpg", signed_error(error)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        )
        assert coded, "8-bit colours can always be written as a JPEG"
        version = self._error.version + 1 if self._error else 1
        self._picture = jpeg.tobytes()
        self._error = PhotoError(photo, version, psnr, width, height)


def signed_error(error: np.ndarray) -> np.ndarray:
    """(H, W, 3) rendering minus photo in [-1, 1] -> (H, W, 3) uint8: black where they agree."""
    mean = (error.mean(-1, keepdims=True) / FULL).clip(-1, 1)
    colours = mean.clip(0) * BRIGHTER + (-mean).clip(0) * DARKER
    return np.round(colours).astype(np.uint8)

"""The value that this room makes: the photos of one scene, on one canvas."""

from dataclasses import dataclass

import numpy as np

from core.geometry.canvas import Size, window


@dataclass(frozen=True, eq=False)
class PhotoSet:
    """Photos ready to train on.

    Attributes:
        names: N file names, in natural order; a camera keeps the name of its photo for ever.
        pixels: (N, H, W, 3) uint8, taken as sRGB (colour profiles are not applied), read-only. Of
            photos of several shapes each is in the middle, see `core.geometry.canvas`, and what is
            beyond its edges was not taken by any camera.
        source_width: Width in pixels of most photos, upright, before any downscale.
        source_height: Height in pixels, likewise.
        focal_ratio: Focal length / longer image side, median of what the photos' EXIF says; None
            where it says nothing.
        notices: One sentence for each file left out or altered, each with its remedy.
        focal_ratios: The same of each photo; empty stands for nothing known of any.
        stored: Width and height of each photo in its file, and EXIF's number for the turn that is
            still to be made there; empty likewise.
        sizes: Own width and height of each photo; empty where all fill the canvas.
    """

    names: tuple[str, ...]
    pixels: np.ndarray
    source_width: int
    source_height: int
    focal_ratio: float | None
    notices: tuple[str, ...]
    focal_ratios: tuple[float | None, ...] = ()
    stored: tuple[tuple[int, int, int], ...] = ()
    sizes: tuple[Size, ...] = ()

    def __post_init__(self) -> None:
        self.pixels.setflags(write=False)

    @property
    def canvas(self) -> Size:
        """Width and height that hold every photo."""
        height, width = self.pixels.shape[1:3]
        return width, height

    def size(self, index: int) -> Size:
        """Own width and height of a photo."""
        return self.sizes[index] if self.sizes else self.canvas

    @property
    def shortest_side(self) -> int:
        """Pixels of the shortest side of any photo."""
        return min(min(size) for size in self.sizes or [self.canvas])

    def picture(self, index: int) -> np.ndarray:
        """(h, w, 3) one photo alone."""
        return self.pixels[index, *window(self.size(index), self.canvas)]

    @property
    def pictures(self) -> list[np.ndarray]:
        """Each photo alone, (h, w, 3) uint8."""
        return [self.picture(index) for index in range(len(self.names))]

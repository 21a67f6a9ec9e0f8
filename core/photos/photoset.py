"""The value that this room makes: the photos of one scene, all of one size."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class PhotoSet:
    """Photos ready to train on.

    Attributes:
        names: N file names, in natural order; a camera keeps the name of its photo for ever.
        pixels: (N, H, W, 3) uint8, taken as sRGB (colour profiles are not applied), read-only.
        source_width: Width in pixels of most photos, upright, before any downscale.
        source_height: Height in pixels, likewise.
        focal_ratio: Focal length / longer image side, median of what the photos' EXIF says; None
            where it says nothing.
        notices: One sentence for each file left out or altered, each with its remedy.
        focal_ratios: The same of each photo; empty stands for nothing known of any.
        stored: Width and height of each photo in its file, and EXIF's number for the turn that is
            still to be made there; empty likewise.
    """

    names: tuple[str, ...]
    pixels: np.ndarray
    source_width: int
    source_height: int
    focal_ratio: float | None
    notices: tuple[str, ...]
    focal_ratios: tuple[float | None, ...] = ()
    stored: tuple[tuple[int, int, int], ...] = ()

    def __post_init__(self) -> None:
        self.pixels.setflags(write=False)

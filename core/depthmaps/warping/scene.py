"""Depth maps as a scene: views from anywhere, of photos that nobody has to learn anew."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch

from core.depthmaps.warping.looking import UNCONFIRMED
from core.depthmaps.warping.views import AT_REST, IN_MOTION, Views
from core.geometry.cameras import Camera
from core.rendering.picture import Pace, Picture
from core.rendering.scene import Scene

FOGGY = 1.0  # depth that is told where nothing is known yet
GREY = 0.5


@dataclass(frozen=True)
class WarpedScene(Scene):
    """Photos warped through their own depths.

    A picture's opacity is trust, 0 where no photo saw what is there: colours go on there from what
    is around.

    Attributes:
        views: of the newest maps; None before there are any, when all is grey and not seen.
        without: places of photos, in the order of the maps, that no view is made of.
        moving: whether pictures have to be quick.
    """

    views: Views | None
    without: frozenset[int] = frozenset()
    moving: bool = False

    @property
    def device(self) -> torch.device:
        """Where its tensors live."""
        return torch.device("cpu")

    def seen_by(self, camera: Camera, pace: Pace) -> Iterator[Picture | None]:
        """See `Scene`; a chunk is a photo that is warped, or a band of rows."""
        if self.views is None:
            yield _nothing(camera)
            return
        count, cubic = (IN_MOTION, False) if self.moving else (AT_REST, True)
        pictures, spent = self.views.seen_by(camera, count, cubic, self.without), 0.0
        picture = None
        while picture is None:
            began = time.perf_counter()
            picture = next(pictures)
            spent += time.perf_counter() - began
            if picture is not None:
                pace.learn(camera.width * camera.height, spent)
            yield picture

    def copied(self) -> Self:
        """See `Scene`; maps never change."""
        return self

    @property
    def in_motion(self) -> Self:
        """The same for whoever has no time."""
        return replace(self, moving=True)


def shown(picture: Picture) -> Picture:
    """A picture for the eye: light in front of a ground, opaque wherever any photo saw something.

    Depths that nobody confirms are as good as others to look at.
    """
    opacity = (picture.opacity / np.float32(UNCONFIRMED)).clip(0, 1)
    return replace(picture, rgb=picture.rgb * opacity[..., None], opacity=opacity)


def _nothing(camera: Camera) -> Picture:
    size = (camera.height, camera.width)
    colours, depth = np.full((*size, 3), GREY, np.float32), np.full(size, FOGGY, np.float32)
    return Picture(colours, depth, np.zeros(size, np.float32), 1.0, camera)

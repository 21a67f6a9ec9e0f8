"""Copies of planes for others to look at."""

import copy
import time
import weakref
from collections.abc import Callable

from core.fields.planes import PlanesField
from core.rendering.scene import Scene
from core.training.planes import PlanesLearner

COPY_SHARE = 20  # planes are copied at most after this many times what a copy takes


class PlanesCopies:
    """Planes are large: their newest copy serves until it is old compared with its price."""

    def __init__(self) -> None:
        self._newest: tuple[weakref.ref[PlanesLearner], Scene, float, float] | None = None

    def of(
        self, learner: PlanesLearner, scene_of: Callable[[PlanesField], Scene], fresh: bool
    ) -> Scene:
        """The newest copy, or a new one made with `scene_of`; always a new one if `fresh`."""
        began = time.monotonic()
        if self._newest is not None and not fresh:
            made_of, scene, moment, price = self._newest
            if made_of() is learner and began - moment < COPY_SHARE * price:
                return scene
        scene = scene_of(copy.deepcopy(learner.field).requires_grad_(False))
        ended = time.monotonic()
        self._newest = (weakref.ref(learner), scene, ended, ended - began)
        return scene

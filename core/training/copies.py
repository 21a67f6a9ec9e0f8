"""Copies of what is learned, for others to look at."""

import copy
import time
import weakref
from typing import TYPE_CHECKING

from torch import nn

from core.multiplane.field import PlanesField
from core.rendering.scene import Scene
from core.training.build import ray_settings, without_camera
from core.training.learned import Learned
from core.training.multiplane_learner import PlanesLearner

if TYPE_CHECKING:
    from core.training.trainer import Trainer

COPY_SHARE = 20  # planes are copied at most after this many times what a copy takes


def scene_of(trainer: "Trainer", field: nn.Module, guide: PlanesField | None = None) -> Scene:
    """A field with what it takes to render it now."""
    settings = ray_settings(trainer.config)
    return Scene(field, trainer.rig.frame().detach(), settings, guide)


class Copies:
    """Makes copies that training leaves alone.

    Planes are large: their newest copy serves until it is old compared with its price.
    """

    def __init__(self) -> None:
        self._newest: tuple[weakref.ref[PlanesLearner], Scene, float, float] | None = None

    def learned(self, trainer: "Trainer", fresh: bool) -> Learned:
        """Cameras and scenes; planes may be a little older unless `fresh`."""
        names = trainer.photos.names
        unlearned = without_camera(trainer.config, names, trainer.photo_error, trainer.held_out)
        planes = None if trainer.planes is None else self._planes(trainer, trainer.planes, fresh)
        if trainer.shown == "planes" and planes is not None:
            scene = planes
        else:
            assert trainer.neural is not None
            field = copy.deepcopy(trainer.neural.field).requires_grad_(False)
            scene = scene_of(trainer, field, planes and planes.field)
        waiting = tuple((trainer.photo_error.isnan() & ~trainer.given).tolist())
        return Learned(names, tuple(trainer.rig.cameras()), unlearned, scene, planes, waiting)

    def _planes(self, trainer: "Trainer", learner: PlanesLearner, fresh: bool) -> Scene:
        began = time.monotonic()
        if self._newest is not None and not fresh:
            made_of, scene, moment, price = self._newest
            if made_of() is learner and began - moment < COPY_SHARE * price:
                return scene
        scene = scene_of(trainer, copy.deepcopy(learner.field).requires_grad_(False))
        ended = time.monotonic()
        self._newest = (weakref.ref(learner), scene, ended, ended - began)
        return scene

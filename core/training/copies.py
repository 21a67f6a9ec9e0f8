"""Copies of what is learned, for others to look at."""

import time
import weakref
from collections.abc import Mapping
from dataclasses import replace

from core.depthmaps.warping.scene import WarpedScene
from core.multiplane.field import MultiplaneImage
from core.rendering.scene import FieldScene, Scene
from core.training.build import without_camera
from core.training.learned import Learned, looked_at
from core.training.learner import Learner, StepContext
from core.training.turns import Turns

COPY_SHARE = 20  # planes are copied at most after this many times what a copy takes


class Copies:
    """Makes copies that training leaves alone.

    Planes are large: their newest copy serves until it is old compared with its price.
    """

    def __init__(self) -> None:
        self._newest: tuple[weakref.ref[Learner], FieldScene, float, float] | None = None

    def learned(self, turns: Turns, fresh: bool) -> Learned:
        """Cameras and scenes; planes may be a little older unless `fresh`."""
        names, there = turns.photos.names, {one.shows: (one, at) for one, at in turns.ready()}
        unlearned = without_camera(turns.config, names, turns.photo_error, turns.held_out)
        planes = self._planes(*there["planes"], fresh) if "planes" in there else None
        wanted = looked_at(turns.config.explore.show, there, turns.shown)
        scenes = {name: self._scene(*there[name], planes) for name in wanted}
        best = turns.shown
        if (before := self._before_maps(scenes)) is not None:
            scenes, planes, best = {"planes": before}, before, "planes"
        waiting = tuple((turns.photo_error.isnan() & ~turns.given).tolist())
        cameras = tuple(turns.rig.cameras())
        stored = turns.photos.stored
        return Learned.of(names, cameras, unlearned, scenes, best, planes, waiting, stored)

    def _before_maps(self, scenes: Mapping[str, Scene]) -> FieldScene | None:
        """The last planes, while depth maps that came in their place know nothing yet."""
        warped = next((one for one in scenes.values() if isinstance(one, WarpedScene)), None)
        if warped is None or self._newest is None:
            return None
        if warped.views is not None:
            self._newest = None
            return None
        return self._newest[1]

    @staticmethod
    def _scene(learner: Learner, context: StepContext, planes: FieldScene | None) -> Scene:
        """What a learner shows; `planes` are those that were copied already."""
        if planes is not None and learner.shows == "planes":
            return planes
        scene = learner.scene(context).copied()
        if isinstance(scene, FieldScene) and planes is not None:
            assert isinstance(planes.field, MultiplaneImage)
            scene = replace(scene, proposal=planes.field)
        return scene

    def _planes(self, learner: Learner, context: StepContext, fresh: bool) -> FieldScene:
        began = time.monotonic()
        if self._newest is not None and not fresh:
            made_of, scene, moment, price = self._newest
            if made_of() is learner and began - moment < COPY_SHARE * price:
                return scene
        fresh_copy = learner.scene(context).copied()
        assert isinstance(fresh_copy, FieldScene), "planes are a field"
        ended = time.monotonic()
        self._newest = (weakref.ref(learner), fresh_copy, ended, ended - began)
        return fresh_copy

"""What a painter has to do: one view of one scene, coarse to fine."""

import time
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from core.depthmaps.scene import WarpedScene, shown
from core.engine.snapshot import Snapshot
from core.geometry.cameras import Camera
from core.multiplane.field import PlanesField
from core.rendering.picture import LEVELS, Pace, Picture
from core.rendering.progressive import render_progressively
from core.rendering.scene import FieldScene, Scene
from core.training.learned import Learned
from studio.scene.baked import Bakery
from studio.scene.coordinates import View
from studio.scene.shot import Frame, Look
from studio.scene.window import EVERYWHERE, Window, seen_from

LEAST_CANVAS = 0.5  # of the sharp picture's side: coarser levels are sent enlarged to this


class Wishes(Protocol):
    """What pictures a painter is to make; asked before each."""

    def quality(self, snapshot: Snapshot, view: View, still: bool) -> int | None:
        """Longer side of the sharp picture in pixels; None where no picture is wanted."""
        ...

    def look(self, snapshot: Snapshot) -> Look:
        """How pictures are shown."""
        ...

    def while_moving(self, snapshot: Snapshot) -> bool:
        """Whether pictures are wanted of views that still move."""
        ...


@dataclass(frozen=True, eq=False)
class Job:
    """One view of one scene at one quality.

    Attributes:
        view: from where.
        moved: when the view came (monotonic seconds); None where only the scene is new.
        moment: of the snapshot whose scene it is.
        quality: longer side of the sharp picture.
        samples: points on each ray.
        window: the part of the world worth rendering.
        scene: what to render.
        stand_in: whether scene and quality are what can be shown at once, until the view is still.
    """

    view: View
    moved: float | None
    moment: Hashable
    quality: int
    samples: int
    window: Window
    scene: Scene
    stand_in: bool = False

    @classmethod
    def of(cls, view: View, moved: float | None, snapshot: Snapshot, quality: int) -> "Job":
        """What it takes to render `view` of a snapshot, which holds something learned.

        A view that has just moved is shown the planes, where there are some, and what is made of
        photos in its quick way, until it is still.
        """
        learned, samples = snapshot.learned, snapshot.config.explore.samples
        assert learned is not None, "there is nothing to render before photos are loaded"
        window, stand_in = window_of(learned), moved is not None
        scene = _quick(learned) if stand_in else learned.scene
        moment = moment_of(snapshot)
        return cls(view, moved, moment, quality, samples, window, scene, stand_in)

    @property
    def at_speed(self) -> bool:
        """Whether it is seen at the speed of warps, not of rays."""
        return self.of_planes or (self.stand_in and isinstance(self.scene, WarpedScene))

    def serves(self, view: View, quality: int, samples: int) -> bool:
        """Whether this is the job for a view at these settings."""
        return self.view is view and (self.quality, self.samples) == (quality, samples)

    @property
    def of_planes(self) -> bool:
        """Whether planes are what is rendered."""
        return isinstance(self.scene, FieldScene) and isinstance(self.scene.field, PlanesField)

    @cached_property
    def _frames(self) -> dict[float, Frame]:
        return {}

    def frame(self, level: int) -> Frame:
        """The part of the picture worth rendering, in the size in which a level is sent."""
        scale = max(LEVELS[level], LEAST_CANVAS)
        if scale not in self._frames:
            side = max(1, round(self.quality * scale))
            self._frames[scale] = Frame.of(self.view.camera(side), self.window)
        return self._frames[scale]

    @cached_property
    def crop(self) -> Camera | None:
        """That part in the size of the sharp picture; None where nothing is to be seen."""
        crop = self.frame(0).crop
        if crop is None:
            return None
        grown = (round(side / LEAST_CANVAS) for side in (crop.width, crop.height))
        return crop.resized(*grown)

    def pictures(self, level: int, pace: Pace, bakery: Bakery) -> Iterator[Picture | None]:
        """Render a level: None after each part of the work, then the picture."""
        frame, shrink = self.frame(level), LEVELS[level] / max(LEVELS[level], LEAST_CANVAS)
        assert frame.crop is not None, "nothing is rendered where there is nothing to be seen"
        size = (max(1, round(side * shrink)) for side in (frame.crop.width, frame.crop.height))
        crop = frame.crop.resized(*size)
        if isinstance(self.scene, WarpedScene):
            for picture in self.scene.seen_by(crop, pace):
                yield None if picture is None else shown(picture)
            return
        assert isinstance(self.scene, FieldScene), "there is no third kind"
        if not self.of_planes:
            scene = seen_from(self.scene, self.window, crop, self.samples)
            yield from render_progressively(scene, crop, pace, None)
            return
        baked = bakery.quick(self.scene) if self.stand_in else bakery.fresh(self.scene)
        began = time.perf_counter()
        for picture in baked.seen_by(crop):
            if picture is not None:
                pace.learn(crop.width * crop.height, time.perf_counter() - began)
            yield picture


def _quick(learned: Learned) -> Scene:
    """What can be shown at once of what was learned."""
    if isinstance(learned.scene, WarpedScene):
        return learned.scene.in_motion
    return learned.planes or learned.scene


def window_of(learned: Learned) -> Window:
    """The part of the world that is worth rendering: all of it where photos tell what they saw."""
    if isinstance(learned.scene, FieldScene):
        return Window.of(learned.trained or learned.cameras, learned.scene)
    return EVERYWHERE


def moment_of(snapshot: Snapshot) -> Hashable:
    """Equal for snapshots that hold the same scene, though they were published one by one.

    What resets a scene without a step (refine, undo, restart) leaves a notice. Planes are copied
    seldom: their pictures are new when the copy is.
    """
    notice = snapshot.notices[-1].number if snapshot.notices else 0
    learned, part = snapshot.learned, snapshot.config
    if learned is not None and isinstance(learned.scene, WarpedScene):
        return (snapshot.run, learned.scene)
    if learned is not None and learned.planes is learned.scene:
        return (snapshot.run, learned.scene)
    return (snapshot.run, snapshot.step, snapshot.stage, part.field, part.rendering, notice)

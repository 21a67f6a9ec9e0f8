"""What a painter has to do: one view of one scene, coarse to fine."""

import time
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from core.depthmaps.warping.corrected import CorrectedScene
from core.depthmaps.warping.scene import WarpedScene, shown
from core.engine.snapshot import Snapshot
from core.geometry.cameras import Camera
from core.multiplane.field import MultiplaneImage
from core.rendering.picture import LEVELS, Pace, Picture
from core.rendering.progressive import render_progressively
from core.rendering.scene import FieldScene, Scene
from core.training.learned import Learned
from studio.scene.coordinates import View
from studio.scene.painting.baked import Bakery
from studio.scene.painting.shot import Frame, Look
from studio.scene.painting.window import EVERYWHERE, Window, seen_from

PLANES_LEVEL = LEVELS.index(1 / 4)  # their coarsest: below, warps take as long for fewer pixels
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
        scenes: what to render: one scene, or two to be looked at side by side.
        shows: whose they are; equal for jobs that show the same.
        stand_in: whether scenes and quality are what can be shown at once, until the view is still.
    """

    view: View
    moved: float | None
    moment: Hashable
    quality: int
    samples: int
    window: Window
    scenes: tuple[Scene, ...]
    shows: Hashable
    stand_in: bool = False

    @classmethod
    def of(
        cls, view: View, moved: float | None, snapshot: Snapshot, quality: int, both: bool = False
    ) -> "Job":
        """What it takes to render `view` of a snapshot, which holds something learned.

        A view that has just moved is shown planes where they may stand in, and what is made of
        photos in its quick way, until it is still.

        Args: `both`: whether two scenes are wanted, where they are to be looked at side by side.
        """
        learned, samples = snapshot.learned, snapshot.config.explore.samples
        assert learned is not None, "there is nothing to render before photos are loaded"
        window, stand_in = window_of(learned), moved is not None
        scene = _quick(snapshot, learned) if stand_in else learned.scene
        scenes = learned.pair if both and learned.pair else (scene,)
        moment, shows = moment_of(snapshot), shows_of(snapshot, both)
        return cls(view, moved, moment, quality, samples, window, scenes, shows, stand_in)

    @property
    def at_speed(self) -> bool:
        """Whether it is seen at the speed of warps, not of rays."""
        warped = self.stand_in and isinstance(self.scenes[0], WarpedScene)
        return self.of_planes or warped

    def serves(self, view: View, quality: int, samples: int, shows: Hashable) -> bool:
        """Whether this is the job for a view at these settings."""
        mine = (self.quality, self.samples, self.shows)
        return self.view is view and mine == (quality, samples, shows)

    @property
    def of_planes(self) -> bool:
        """Whether planes are all that is rendered."""
        return all(map(_are_planes, self.scenes))

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

    def pictures(
        self, level: int, pace: Pace, planes_pace: Pace, bakery: Bakery, corrected: bool = False
    ) -> Iterator[Picture | None]:
        """Render a level: None after each part of the work, then the picture of each scene.

        Args: `corrected`: whether planes get what they leave of the photos, unless they stand in.
        """
        adds = corrected and not self.stand_in
        for scene in self.scenes:
            planes = _are_planes(scene)
            crop = self._sized(max(level, PLANES_LEVEL) if planes else level)
            own = planes_pace if planes or self.at_speed else pace
            for picture in self._seen(scene, crop, own, bakery):
                if picture is not None and adds and isinstance(scene, CorrectedScene):
                    yield from scene.correction.added_to(picture)
                else:
                    yield picture

    def _sized(self, level: int) -> Camera:
        """The part worth rendering in the size in which a level is rendered."""
        frame, shrink = self.frame(level), LEVELS[level] / max(LEVELS[level], LEAST_CANVAS)
        assert frame.crop is not None, "nothing is rendered where there is nothing to be seen"
        size = (max(1, round(side * shrink)) for side in (frame.crop.width, frame.crop.height))
        return frame.crop.resized(*size)

    def _seen(
        self, scene: Scene, crop: Camera, pace: Pace, bakery: Bakery
    ) -> Iterator[Picture | None]:
        if isinstance(scene, WarpedScene):
            for picture in scene.seen_by(crop, pace):
                yield None if picture is None else shown(picture)
            return
        assert isinstance(scene, FieldScene), "there is no third kind"
        if not _are_planes(scene):
            seen = seen_from(scene, self.window, crop, self.samples)
            yield from render_progressively(seen, crop, pace, None)
            return
        baked = bakery.quick(scene) if self.stand_in else bakery.fresh(scene)
        began = time.perf_counter()
        for picture in baked.seen_by(crop):
            if picture is not None:
                pace.learn(crop.width * crop.height, time.perf_counter() - began)
            yield picture


def _are_planes(scene: Scene) -> bool:
    return isinstance(scene, FieldScene) and isinstance(scene.field, MultiplaneImage)


def in_motion(snapshot: Snapshot) -> FieldScene | None:
    """Planes that are shown while a view moves: not in place of a network that was asked for."""
    learned, asked = snapshot.learned, snapshot.config.explore.show
    if learned is None or learned.pair or (asked == "network" and learned.shown == "field"):
        return None
    return learned.planes


def drawable(snapshot: Snapshot) -> FieldScene | WarpedScene | None:
    """What browsers may draw by themselves: planes, or points of them or of depth maps."""
    learned = snapshot.learned
    if learned is not None and isinstance(learned.scene, WarpedScene):
        known = learned.scene.views is not None and snapshot.config.explore.scene == "points"
        return learned.scene if known else None
    return in_motion(snapshot)


def _quick(snapshot: Snapshot, learned: Learned) -> Scene:
    """What can be shown at once of what was learned."""
    if isinstance(learned.scene, WarpedScene):
        return learned.scene.in_motion
    return in_motion(snapshot) or learned.scene


def window_of(learned: Learned) -> Window:
    """The part of the world that is worth rendering: all of it where photos tell what they saw."""
    if isinstance(learned.scene, FieldScene) and learned.scene.settings.ball is None:
        return Window.of(learned.trained or learned.cameras, learned.scene)
    return EVERYWHERE


def shows_of(snapshot: Snapshot, both: bool) -> Hashable:
    """Equal for snapshots whose scenes are those of the same learners."""
    learned = snapshot.learned
    return learned and (learned.shown, both and bool(learned.pair))


def moment_of(snapshot: Snapshot) -> Hashable:
    """Equal for snapshots that hold the same scene, though they were published one by one.

    What resets a scene without a step (refine, undo, restart) leaves a notice. Planes are copied
    seldom: their pictures are new when the copy is.
    """
    notice = snapshot.notices[-1].number if snapshot.notices else 0
    learned, config = snapshot.learned, snapshot.config
    if learned is not None and isinstance(learned.scene, WarpedScene) and not learned.pair:
        return (snapshot.run, learned.scene)
    if learned is not None and learned.planes is learned.scene and not learned.pair:
        return (snapshot.run, learned.scene)
    return (snapshot.run, snapshot.step, snapshot.stage, config.field, config.rendering, notice)

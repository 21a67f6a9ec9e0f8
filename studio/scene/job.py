"""What a painter has to do: one view of one scene, coarse to fine."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

from core.engine.snapshot import Snapshot
from core.rendering.scene import Scene
from studio.scene.coordinates import View
from studio.scene.shot import Frame, Look
from studio.scene.window import Window, seen_from


class Wishes(Protocol):
    """What pictures a painter is to make; asked before each."""

    def quality(self, snapshot: Snapshot, view: View) -> int | None:
        """Longer side of the sharp picture in pixels; None where no picture is wanted."""
        ...

    def look(self, snapshot: Snapshot) -> Look:
        """How pictures are shown."""
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
        frame: the part of the picture worth rendering.
        scene: as this view should render it.
        start: index of its first level.
    """

    view: View
    moved: float | None
    moment: Hashable
    quality: int
    samples: int
    frame: Frame
    scene: Scene
    start: int = 0

    @classmethod
    def of(cls, view: View, moved: float | None, snapshot: Snapshot, quality: int) -> "Job":
        """What it takes to render `view` of a snapshot, which holds something learned."""
        learned, samples = snapshot.learned, snapshot.config.explore.samples
        assert learned is not None, "there is nothing to render before photos are loaded"
        window = Window.of(learned.trained or learned.cameras, learned.scene)
        frame = Frame.of(view.camera(quality), window)
        scene = seen_from(learned.scene, window, frame.whole, samples)
        return cls(view, moved, moment_of(snapshot), quality, samples, frame, scene)

    def serves(self, view: View, quality: int, samples: int) -> bool:
        """Whether this is the job for a view at these settings."""
        return self.view is view and (self.quality, self.samples) == (quality, samples)


def moment_of(snapshot: Snapshot) -> Hashable:
    """Equal for snapshots that hold the same scene, though they were published one by one.

    What resets a scene without a step (refine, undo, restart) leaves a notice.
    """
    notice = snapshot.notices[-1].number if snapshot.notices else 0
    part = snapshot.config
    return (snapshot.run, snapshot.step, snapshot.stage, part.field, part.rendering, notice)

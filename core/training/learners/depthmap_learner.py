"""A scene that is each photo with its own depths, and cameras made better through them.

First depth maps and joint steps take turns, which makes cameras exact; see
`core.depthmaps.adjustment.refinement`. Then photos get their full detail, and it is over. It all
happens on the CPU, and is the same in every process of a run: each does all of it.
"""

from collections.abc import Hashable, Mapping
from typing import Any, Self

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from core.bootstrap.findings import Way
from core.depthmaps.adjustment.refinement import CLOSE, GIVEN, ROUNDS, Refinement, Round
from core.depthmaps.adjustment.unknowns import Unknowns
from core.depthmaps.kept import unknowns_in
from core.depthmaps.occupied import occupancy_of
from core.depthmaps.stereo.depths import LAST, DepthMaps, Depths, kept_maps
from core.depthmaps.warping.scene import WarpedScene
from core.depthmaps.warping.views import IN_MOTION, Views, render
from core.geometry.cameras import Camera
from core.rendering.halving import halving
from core.rendering.occupancy import Occupancy
from core.states import part_of
from core.training.learner import Learner, StepContext
from core.training.learners.depthmap_ahead import depth_maps_gone
from core.training.learners.depthmap_cameras import picture, pictures, read, unknowns_of, write
from core.training.step import StepResult, judged, measured
from core.training.wide import reach

AT_ONCE = 2  # photos of a stage in a step
# What makes cameras exact, by the way in which they were found.
EXACTLY: dict[Way, tuple[Round, ...]] = {"features": CLOSE, "given": GIVEN, "pixels": ROUNDS}
COMPARED = 126  # pixels of the longer side, at which a photo is compared with its view
GREY = 0.5  # what is shown of everything before there are depths
FULL = "The scene is as sharp as its photos, and its cameras stand."
WORSE = "A refinement made photos fit each other worse and was taken back; cameras stay."


class DepthMapLearner(Learner):
    """Depth maps in the making, and where they are. Belongs to one thread."""

    shows, leads = "depth-maps", True

    def __init__(self, context: StepContext) -> None:
        """Begin with the photos of now, and the cameras as they are."""
        super().__init__()
        self.rig, self._pixels = context.rig, context.colours
        self.field = nn.Module()  # nothing here is moved along a gradient
        self._views: tuple[DepthMaps, Views] | None = None
        self._occupancy: tuple[DepthMaps, frozenset[int], Occupancy | None] | None = None
        self._start(context, context.trained)

    def _start(self, context: StepContext, photos: Tensor) -> None:
        """From nothing but photos (K,) and cameras; without turns where these are to stay."""
        self.photos = self.chosen = photos
        unknowns, found_by = None, context.found_by
        if not context.hold:
            unknowns = unknowns_of(self.rig, context.learns, found_by, len(photos), middle=True)
        self._begin_with(unknowns, found_by)

    def _begin_with(self, unknowns: Unknowns | None, found_by: Way) -> None:
        parts, self._unknowns = (
            (pictures(self.rig, self._pixels, self.photos), read(self.rig, self.photos)),
            unknowns,
        )
        rounds = EXACTLY[found_by]
        self.refinement = None if unknowns is None else Refinement(*parts, unknowns, rounds)
        self.depths = Depths(*parts) if self.refinement is None else self.refinement.depths

    @classmethod
    def wanted(cls, context: StepContext) -> bool:
        """Where cameras are known and look far apart, or options say so."""
        return context.by_depth_maps

    @classmethod
    def begin(cls, context: StepContext) -> Self:
        """From nothing but photos and cameras."""
        learner = cls(context)
        learner._explain(context)
        return learner

    def _explain(self, context: StepContext) -> None:
        options = context.config.field
        if options.geometry == "auto":
            self._messages.append(
                f"The photos look {reach(context.trained_cameras):.1f} half pictures to the sides, "
                "further than planes hold: each keeps its colours and gets its own depth map."
            )
        if options.kind != "planes":
            self._messages.append(
                f"A {options.kind} network learns beside them while it is looked at: set Field "
                "shown to network, or to both."
            )

    @property
    def finished(self) -> bool:  # type: ignore[override]
        """Whether photos have their full detail."""
        return self.depths.done and (self.refinement is None or self.refinement.done)

    @property
    def complete(self) -> bool:  # type: ignore[override]
        """Whether another step would change nothing."""
        return self.finished

    @property
    def proposal(self) -> Occupancy | None:
        """Where the maps say that something is, once cameras stand."""
        if self.maps is None or not (self.refinement is None or self.refinement.done):
            return None
        known, without = self._occupancy, self._without()
        if known is None or known[0] is not self.maps or known[1] != without:
            known = self._occupancy = self.maps, without, occupancy_of(self.maps, without)
        return known[2]

    @property
    def compared_at(self) -> int:
        """Longer side of the photos as they are compared with their views."""
        return min(COMPARED, max(self.rig.width, self.rig.height))

    @property
    def gone(self) -> float | None:
        """What part of all rounds and sizes is gone; None once photos have their full detail."""
        return depth_maps_gone(self.depths, self.refinement, AT_ONCE)

    @property
    def work(self) -> Hashable:
        """Equal for steps that take about as long as one another."""
        rounds = 0 if self.refinement is None else len(self.refinement.judgements)
        return self.shows, rounds, 0 if self.maps is None else self.maps.inverse.shape[-1]

    @property
    def maps(self) -> DepthMaps | None:
        """Of the last level that is over."""
        return self.depths.maps

    # -- one step ----------------------------------------------------------------------------

    def step(self, context: StepContext) -> StepResult:
        """A few photos of a stage, or one joint step; then see how one photo looks."""
        refinement = self.refinement
        if refinement is not None and not refinement.done:
            self._refine(refinement, context)
        elif not self.finished and not _going(self.depths, context):
            self._messages.append(FULL)
        return self._compared(context)

    def _refine(self, refinement: Refinement, context: StepContext) -> None:
        rounds = len(refinement.judgements)
        going = _going(refinement, context)
        if len(refinement.judgements) > rounds:
            if refinement.judgements[-1].kept:
                write(self.rig, self.photos, refinement.cameras)
            else:
                self._messages.append(WORSE)
        if not going:
            self.depths.again(LAST, refinement.cameras)

    def _compared(self, context: StepContext) -> StepResult:
        """One photo against what others show there: its own colours would prove nothing."""
        visited = context.visited if len(context.visited) else self.photos[:1]
        photo = int(visited)
        there = (self.photos == photo).nonzero().flatten().tolist()
        width, height = self.rig.size(photo)
        scale = min(1.0, COMPARED / max(width, height))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        wanted = cv2.resize(
            picture(self.rig, self._pixels, photo), size, interpolation=cv2.INTER_AREA
        )
        views = self._shown()
        if views is None or not there:
            seen = np.full((size[1], size[0], 3), GREY, np.float32)
        else:
            assert self.maps is not None
            camera: Camera = self.maps.cameras[there].single()[0].resized(*size)
            seen = render(views, camera, IN_MOTION, False, self._without() | set(there)).rgb
        errors = torch.from_numpy(np.square(seen - wanted.astype(np.float32) / 255).mean(-1))
        errors = errors.flatten()
        loss, finite, errors = judged(measured(errors, []), len(errors))
        return StepResult(loss, visited.expand(len(errors)), errors, finite)

    # -- what others see ---------------------------------------------------------------------

    def _shown(self) -> Views | None:
        if self.maps is None:
            return None
        if self._views is None or self._views[0] is not self.maps:
            self._views = self.maps, Views(self.maps)
        return self._views[1]

    def _without(self) -> frozenset[int]:
        """Places of photos that were switched off."""
        out = ~torch.isin(self.photos, self.chosen)
        return frozenset(out.nonzero().flatten().tolist())

    def scene(self, context: StepContext) -> WarpedScene:
        """Views of the newest maps."""
        return WarpedScene(self._shown(), self._without())

    def rates(self, context: StepContext) -> dict[str, float]:
        """None: what moves is solved for."""
        return {}

    # -- what a person changes ---------------------------------------------------------------

    def choose(self, photos: Tensor, fresh: Tensor) -> None:
        """Show these photos (K,); where there are others than before, depths begin anew."""
        self.chosen = photos

    def reconfigure(self, old: StepContext, new: StepContext, converted: tuple[str, ...]) -> None:
        """Take over other options; what moves otherwise than before begins anew."""
        if not torch.isin(self.chosen, self.photos).all():
            self._start(new, self.chosen)
        elif not self.finished and old.learns != new.learns:
            self._start(new, self.photos)

    def restarted(self, context: StepContext) -> Self:
        """Once more, with cameras as they are."""
        return type(self)(context)

    # -- to be continued -----------------------------------------------------------------------

    @classmethod
    def saved_in(cls, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> bool:
        """Whether a run had depth maps."""
        return "depth_maps" in facts

    def facts(self) -> dict[str, Any]:
        """Whether cameras take turns with depths."""
        return {"depth_maps": {"turns": self.refinement is not None}}

    def state(self) -> dict[str, Tensor]:
        """Maps and what the next step needs; and the photos as the maps have them."""
        state = {"photos": self.photos, "chosen": self.chosen}
        if self.refinement is None or self._unknowns is None:
            turns = {f"depths.{name}": tensor for name, tensor in self.depths.state().items()}
        else:
            turns = self.refinement.state()
            state |= {"unknowns": self._unknowns.index, "count": torch.tensor(self._unknowns.count)}
        state |= {f"turns.{name}": tensor for name, tensor in turns.items()}
        if self.maps is not None:
            state["seen"] = self.maps.photos
        return {f"depthmaps.{name}": tensor for name, tensor in state.items()}

    def restore(
        self, context: StepContext, facts: Mapping[str, Any], tensors: dict[str, Tensor]
    ) -> None:
        """Be where facts and state were taken, with the same photos."""
        state = part_of(tensors, "depthmaps.")
        turns = part_of(state, "turns.")
        self.photos, self.chosen, self._messages = state["photos"], state["chosen"], []
        unknowns = unknowns_in(state, len(self.photos)) if "unknowns" in state else None
        self._begin_with(unknowns, context.found_by)
        if self.refinement is None:
            self.depths.restore(part_of(turns, "depths."))
        else:
            self.refinement.restore(turns)


def _going(work: Depths | Refinement, context: StepContext) -> bool:
    """A step of it: of fewer photos at once where memory runs out. Whether more is left."""
    return halving(lambda count: work.step(context.parallel_map, count), AT_ONCE)


def saved_scene(tensors: Mapping[str, Tensor]) -> WarpedScene:
    """What a `state` shows, without the photos it was found from."""
    state = part_of(dict(tensors), "depthmaps.")
    photos, chosen = state["photos"], state["chosen"]
    if "seen" not in state:
        return WarpedScene(None)
    maps = part_of(state, "turns.depths.maps.")
    found = kept_maps(maps, state["seen"], maps["camera.sizes"])
    if len(found.photos) != len(photos):
        raise ValueError(f"maps of {len(found.photos)} photos for {len(photos)}")
    shown = Views(found)
    out = (~torch.isin(photos, chosen)).nonzero().flatten().tolist()
    return WarpedScene(shown, frozenset(out))

"""A scene that is each photo with its own depths, and cameras made better through them.

Depths are found at three levels; between them joint steps move cameras, lenses and depths until
photos look alike (`core.depthmaps`). It is over when photos have their full detail. All of it
happens on the CPU, and is the same in every process of a run: each does all of it.
"""

import dataclasses
from collections.abc import Hashable, Mapping
from typing import Any, Self

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from core.depthmaps.cameras import Cameras
from core.depthmaps.depths import FIRST, LAST, SECOND, DepthMaps, Depths, Stage, level
from core.depthmaps.joint import Joint
from core.depthmaps.scene import WarpedScene
from core.depthmaps.views import IN_MOTION, Views, render
from core.geometry.cameras import Camera
from core.training.depthmap_cameras import read, unknowns_of, write
from core.training.learner import Learner, StepContext
from core.training.optimizers import part_of
from core.training.step import StepResult
from core.training.wide import reach

SETTLE = level(504, "finest check finish check complete check fill check publish")
PHASES: tuple[tuple[Stage, ...] | None, ...] = (FIRST, None, SECOND, None, LAST, None, SETTLE)
AT_ONCE = 2  # photos of a stage in a step
JOINT_STEPS = 16  # at most, at a level
ASIDE = 64  # pixels of a photo by which cameras are judged
COMPARED = 126  # pixels of the longer side, at which a photo is compared with its view
GREY = 0.5  # what is shown of everything before there are depths
FULL = "The scene is as sharp as its photos, and its cameras stand."


class DepthMapLearner(Learner):
    """Depth maps in the making, and where they are. Belongs to one thread.

    Phases follow one another: stages of depth maps at one level, or joint steps through them.
    """

    shows, leads = "depth-maps", True

    def __init__(self, context: StepContext) -> None:
        """Begin with the photos of now, and the cameras as they are."""
        self.rig, self._pixels = context.rig, context.pixels
        self.field = nn.Module()  # nothing here is moved along a gradient
        self._said: list[str] = []
        self._views: tuple[DepthMaps, Views] | None = None
        self._start(context.trained)

    def _start(self, photos: Tensor) -> None:
        self.photos, self.wanted_photos, self.phase = photos, photos, 0
        self._joint: Joint | None = None
        self._joint_steps = 0
        self.depths = Depths(self._pictures(), self._cameras(), journey=FIRST)

    def _pictures(self) -> Tensor:
        """(K, 3, H, W) uint8."""
        return self._pixels[self.photos].cpu().permute(0, 3, 1, 2).contiguous()

    def _cameras(self) -> Cameras:
        return read(self.rig, self.photos)

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
        part = context.config.field
        if part.geometry == "auto":
            self._said.append(
                f"The photos look {reach(context.trained_cameras):.1f} half pictures to the sides, "
                "further than planes hold: each keeps its colours and gets its own depth map."
            )
        if part.kind != "planes":
            self._said.append(
                f"No {part.kind} network is trained: one before all cameras cannot hold such a "
                "scene. Set field.geometry to planes to have one all the same."
            )

    @property
    def finished(self) -> bool:  # type: ignore[override]
        """Whether photos have their full detail."""
        return self.phase == len(PHASES)

    @property
    def complete(self) -> bool:  # type: ignore[override]
        """Whether another step would change nothing."""
        return self.finished

    @property
    def compared_at(self) -> int:
        """Longer side of the photos as they are compared with their views."""
        return min(COMPARED, max(self.rig.width, self.rig.height))

    @property
    def work(self) -> Hashable:
        """Equal for steps that take about as long as one another."""
        return self.shows, self.phase

    @property
    def maps(self) -> DepthMaps | None:
        """Of the last level that is over."""
        return self.depths.maps

    def drain_messages(self) -> list[str]:
        """Sentences to the person that were not taken yet."""
        said, self._said = self._said, []
        return said

    # -- one step ----------------------------------------------------------------------------

    def step(self, context: StepContext) -> StepResult:
        """A few photos of a stage, or one joint step; then see how one photo looks."""
        if self._joint is not None:
            self._refine(self._joint, context)
        elif not self.finished and not self.depths.step(context.parallel_map, AT_ONCE):
            self._go_on(context)
        return self._compared(context)

    def _go_on(self, context: StepContext) -> None:
        """The next phase that has anything to do."""
        self.phase += 1
        if not self.finished and PHASES[self.phase] is None:
            self._joint = self._begun(context)
            if self._joint is not None:
                return
            self.phase += 1
        self._go_deeper(moved=False)

    def _go_deeper(self, moved: bool) -> None:
        """To the next stages of depth maps, with cameras that have `moved`."""
        last = self.phase == len(PHASES) - 1
        if self.finished or (last and not moved):  # nothing has to settle
            self.phase = len(PHASES)
            self._said.append(FULL)
            return
        journey = PHASES[self.phase]
        assert journey is not None, "joint steps come after stages"
        self.depths.again(journey, self._cameras() if moved else None)

    def _begun(self, context: StepContext) -> Joint | None:
        """Joint steps through the newest maps; None where nothing may move."""
        unknowns = unknowns_of(self.rig, context.learns, len(self.photos))
        if unknowns is None or context.hold:
            return None
        assert self.depths.maps is not None, "stages end with maps"
        self._joint_steps = 0
        return Joint(self.depths.maps, unknowns, context.config.training.seed, aside=ASIDE)

    def _refine(self, joint: Joint, context: StepContext) -> None:
        going = joint.step(context.parallel_map)
        self._joint_steps += 1
        write(self.rig, self.photos, joint.guess.cameras)
        if going and self._joint_steps < JOINT_STEPS:
            return
        before, after = self.depths.cameras, joint.guess.cameras
        costs = [joint.judged(each, context.parallel_map) for each in (before, after)]
        better = costs[1] < costs[0]
        if not better:
            write(self.rig, self.photos, before)
            self._said.append(
                "A refinement of the cameras made photos fit each other worse and was taken back."
            )
        self._joint, self.phase = None, self.phase + 1
        self._go_deeper(moved=better)

    def _compared(self, context: StepContext) -> StepResult:
        """One photo against what others show there: its own colours would prove nothing."""
        visited = context.visited if len(context.visited) else self.photos[:1]
        photo = int(visited)
        there = (self.photos == photo).nonzero().flatten().tolist()
        height, width = self._pixels.shape[1:3]
        scale = min(1.0, COMPARED / max(width, height))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        wanted = cv2.resize(self._pixels[photo].cpu().numpy(), size, interpolation=cv2.INTER_AREA)
        views = self._shown()
        if views is None or not there:
            seen = np.full((size[1], size[0], 3), GREY, np.float32)
        else:
            assert self.maps is not None
            camera: Camera = self.maps.cameras[there].single()[0].resized(*size)
            seen = render(views, camera, IN_MOTION, False, self._without() | set(there)).rgb
        errors = torch.from_numpy(np.square(seen - wanted.astype(np.float32) / 255).mean(-1))
        errors = errors.flatten()
        return StepResult(float(errors.mean()), visited.expand(len(errors)), errors, True)

    # -- what others see ---------------------------------------------------------------------

    def _shown(self) -> Views | None:
        if self.maps is None:
            return None
        if self._views is None or self._views[0] is not self.maps:
            self._views = self.maps, Views(self.maps)
        return self._views[1]

    def _without(self) -> frozenset[int]:
        """Places of photos that were switched off."""
        out = ~torch.isin(self.photos, self.wanted_photos)
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
        self.wanted_photos = photos

    def reconfigure(self, old: StepContext, new: StepContext, converted: tuple[str, ...]) -> None:
        """Take over other options; joint steps under way begin again with what may move now."""
        if not torch.isin(self.wanted_photos, self.photos).all():
            self._start(self.wanted_photos)
        elif self._joint is not None and old.learns != new.learns:
            write(self.rig, self.photos, self.depths.cameras)
            self._joint = self._begun(new)
            if self._joint is None:
                self.phase += 1
                self._go_deeper(moved=False)

    def restarted(self, context: StepContext) -> Self:
        """Once more, with cameras as they are."""
        return type(self)(context)

    # -- to be continued -----------------------------------------------------------------------

    @classmethod
    def saved_in(cls, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> bool:
        """Whether a run had depth maps."""
        return "depth_maps" in facts

    def facts(self) -> dict[str, Any]:
        """Where it stands."""
        joint = None if self._joint is None else self._joint_steps
        return {"depth_maps": {"phase": self.phase, "joint": joint}}

    def state(self) -> dict[str, Tensor]:
        """Maps and what the next stage needs; and the photos as the maps have them."""
        state = {"photos": self.photos, "wanted": self.wanted_photos}
        state |= {f"depths.{name}": tensor for name, tensor in self.depths.state().items()}
        if self._joint is not None:
            state |= {f"joint.{name}": tensor for name, tensor in self._joint.state().items()}
        if self.maps is not None:
            state["seen"] = self.maps.photos
        return {f"depthmaps.{name}": tensor for name, tensor in state.items()}

    def restore(
        self, context: StepContext, facts: Mapping[str, Any], tensors: dict[str, Tensor]
    ) -> None:
        """Be where facts and state were taken, with the same photos."""
        own, state = facts["depth_maps"], part_of(tensors, "depthmaps.")
        self._start(state["photos"])
        self.wanted_photos, self.phase = state["wanted"], own["phase"]
        self._said = []  # it was all said
        self.depths.restore(part_of(state, "depths."))
        if own["joint"] is not None:
            self._joint = self._begun(dataclasses.replace(context, hold=False))
            assert self._joint is not None, "what was saved had something to move"
            self._joint.restore(part_of(state, "joint."))
            self._joint_steps = own["joint"]


def saved_scene(tensors: Mapping[str, Tensor]) -> WarpedScene:
    """What a `state` shows, without the photos it was found from."""
    state = part_of(dict(tensors), "depthmaps.")
    photos, wanted = state["photos"], state["wanted"]
    if "seen" not in state:
        return WarpedScene(None)
    maps = part_of(state, "depths.maps.")
    cameras = Cameras(**part_of(maps, "camera."))
    kept = {name: value for name, value in maps.items() if not name.startswith("camera.")}
    shown = Views(DepthMaps(cameras=cameras, photos=state["seen"], **kept))
    out = (~torch.isin(photos, wanted)).nonzero().flatten().tolist()
    return WarpedScene(shown, frozenset(out))

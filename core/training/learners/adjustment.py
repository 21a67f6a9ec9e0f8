"""Cameras of planes made exact: joint steps through depth maps, beside the planes' own steps.

Planes before all cameras bring these to about a pixel and no nearer: what a photo shows at an angle
no plane holds, and focal length and rotations give way for it. Depth maps of the photos themselves
have no such bias. So once planes have found the cameras, `core.depthmaps.adjustment.refinement`
goes over them while the planes sharpen; they take over what it has found, and cameras keep still
from then on.
"""

import math
from typing import Self

import numpy as np
import torch
from torch import Tensor

from core.depthmaps.adjustment.refinement import Refinement, Round
from core.depthmaps.adjustment.unknowns import Unknowns
from core.depthmaps.cameras import Cameras
from core.depthmaps.kept import unknowns_in
from core.depthmaps.stereo.agreement import enough
from core.depthmaps.stereo.depths import FIRST, SECOND, DepthMaps
from core.geometry.alignment import (
    Similarity,
    best_rotation,
    rotation_angles,
    stand_together,
    umeyama,
)
from core.geometry.cameras import Camera, CameraRig
from core.geometry.gauge import spread
from core.multiplane.lens import follow
from core.states import part_of
from core.training.learner import StepContext
from core.training.learners.depthmap_cameras import pictures, read, unknowns_of, write
from core.training.learners.multiplane_step import MultiplaneStep
from core.training.step import StepResult

PARTS = 5  # of the photos: one part goes through a stage at once
SMALLEST = 252  # pixels of the photos' longer side: at fewer planes are as exact
FEWEST, MOST = 3, 64  # photos: the work grows with them, and planes wait for it
ROUNDS = Round(FIRST, patches=500, steps=8), Round(SECOND, patches=1500, steps=12)
EVERY = 4  # steps of planes, after which comes one of these: planes sharpen meanwhile
ASTRAY = (1.0, 0.05)  # degrees and part of the spread: farther off than cameras that are right
EXACT = "Joint steps through depth maps have made the cameras exact; planes go on with these."
AWAY = "Joint steps through depth maps went astray, so cameras stay where planes have them."


class Adjustment:
    """Joint steps over the cameras of some planes. Belongs to one thread.

    Attributes:
        over: whether there is nothing more to do.
        moved: whether the cameras are those that it found.
    """

    def __init__(self, over: bool = True) -> None:
        """Nothing is done before the first step, and nothing at all where it is over."""
        self._photos = torch.zeros(0, dtype=torch.int64)
        self._unknowns: Unknowns | None = None
        self._refinement: Refinement | None = None
        self.over, self.moved = over, False

    @classmethod
    def of(cls, rig: CameraRig, photos: Tensor) -> Self:
        """To be done, where these photos (K,) are worth it."""
        small = max(rig.width, rig.height) < SMALLEST
        return cls(over=small or not FEWEST <= len(photos) <= MOST)

    @property
    def running(self) -> bool:
        """Whether steps have work of it beside their own."""
        return self._refinement is not None

    def step(self, planes: MultiplaneStep, context: StepContext) -> list[str]:
        """Now and then some photos of a stage, or a joint step; returns what there is to say."""
        if self.over or context.hold or (self.running and _between(planes)):
            return []
        if not context.config.cameras.exact or not (self.running or self._begin(planes, context)):
            self.end()
            return []
        assert self._refinement is not None
        before = self._refinement.maps
        at_once = math.ceil(len(self._photos) / PARTS)
        more = self._refinement.step(context.parallel_map, at_once)
        maps = self._refinement.maps
        if maps is not None and maps is not before and not _of_one_world(maps):
            self.end()  # what is so far from the truth is not for joint steps
        if more or self.over:
            return []
        self.end(give(planes, self._photos, self._refinement.cameras.single()))
        return [EXACT if self.moved else AWAY]

    def again(self) -> None:
        """Other numbers may move than before: what is under way begins anew."""
        self._refinement = None

    def end(self, moved: bool = False) -> None:
        """Do no more; unless cameras have `moved` to what was found, planes move them again."""
        self.over, self.moved, self._refinement = True, moved, None

    def _begin(self, planes: MultiplaneStep, context: StepContext) -> bool:
        self._photos = planes.trained
        parts = planes.rig, context.learns, context.found_by, len(self._photos)
        self._unknowns = unknowns_of(*parts)
        if self._unknowns is not None:
            self._refinement = self._begun(planes, context, self._unknowns)
        return self.running

    def _begun(
        self, planes: MultiplaneStep, context: StepContext, unknowns: Unknowns
    ) -> Refinement:
        photos = pictures(planes.rig, context.colours, self._photos)
        cameras = read(planes.rig, self._photos)
        return Refinement(photos, cameras, unknowns, ROUNDS, judged=False)

    # -- to be continued -----------------------------------------------------------------------

    def state(self) -> dict[str, Tensor]:
        """Everything but the photos' colours, under names of its own."""
        if self.over and not self.moved:
            return {}
        state = {"over": torch.tensor([self.over, self.moved])}
        if self._refinement is not None and self._unknowns is not None:
            state |= {"photos": self._photos, "unknowns": self._unknowns.index}
            state["count"] = torch.tensor(self._unknowns.count)
            state |= {f"turns.{name}": value for name, value in self._refinement.state().items()}
        return {f"adjustment.{name}": value for name, value in state.items()}

    def restore(
        self, state: dict[str, Tensor], planes: MultiplaneStep, context: StepContext
    ) -> None:
        """Go on where a state, without its prefix, was taken; `state` is empty where none is."""
        if not state:
            return
        self.over, self.moved = state["over"].tolist()
        if "photos" in state:
            self._photos = state["photos"]
            self._unknowns = unknowns_in(state, len(self._photos))
            self._refinement = self._begun(planes, context, self._unknowns)
            self._refinement.restore(part_of(state, "turns."))


class AdjustedStep(MultiplaneStep):
    """A step of planes, beside which cameras may be made exact."""

    adjustment: Adjustment  # over, unless the planes have just found the cameras

    @property
    def settled(self) -> bool:  # type: ignore[override]
        """Whether joint steps have made the cameras exact."""
        return self.adjustment.moved

    def beside(self, context: StepContext, result: StepResult) -> None:
        """Go on with what makes the cameras exact."""
        self._messages += self.adjustment.step(self, context)

    def restarted(self, context: StepContext) -> Self:
        """Grey planes for the cameras as they are, exact ones too."""
        heir = self.begin(context)
        heir.adjustment = self.adjustment
        return heir


def _between(planes: MultiplaneStep) -> bool:
    """Whether it is the turn of planes alone; once these are over, it never is."""
    return planes.level < len(planes.levels) and (planes.level_step - 1) % EVERY > 0


def _of_one_world(maps: DepthMaps) -> bool:
    """Whether photos confirm each other's depths oftener than they see through them."""
    confirmed = maps.support >= enough(maps.sources.shape[1])
    return bool(confirmed.float().mean() > (maps.through >= 1).float().mean())


@torch.no_grad()
def give(planes: MultiplaneStep, photos: Tensor, found: list[Camera]) -> bool:
    """Have planes take cameras of some photos (K,), so that what they show stays in register.

    Returns whether they did: cameras that are nowhere near those before are astray.
    """
    rig = planes.rig
    before = [rig.cameras()[photo] for photo in photos.tolist()]
    if not _near(found, before):
        return False
    carried = in_register(found, before)
    write(rig, photos, Cameras.of([carried.camera(camera) for camera in found]))
    follow(planes.field, rig.normalized_focal(), planes.followed, rig.distortion)
    planes.followed.copy_(rig.distortion)
    return True


def _near(found: list[Camera], before: list[Camera]) -> bool:
    """Whether two sets of cameras differ by less than right ones may."""
    (turns, centres), (turned, stood) = parts(found), parts(before)
    if stand_together(centres) or stand_together(stood):
        return False
    angles = rotation_angles(best_rotation(turns, turned) @ turns, turned)
    off = umeyama(centres, stood).points(centres) - stood
    ate = np.sqrt(np.square(off).sum(1).mean()) / spread(stood)
    return bool(angles.mean() < ASTRAY[0] and ate < ASTRAY[1])


def in_register(found: list[Camera], before: list[Camera]) -> Similarity:
    """What carries found cameras to where planes of the cameras before show what they showed.

    Orientations are turned to those before. A plane at disparity d shifts by f d times a camera's
    step aside and grows by d times its step ahead; so steps aside, times the focal length, and
    steps ahead are to stay, in the sense of least squares.
    """
    (turns, centres), (turned, stood) = parts(found), parts(before)
    rotation = best_rotation(turns, turned)
    longer = np.mean([c.fx / c.width for c in before]) / np.mean([c.fx / c.width for c in found])
    here, there = centres @ rotation.T, stood * [longer, longer, 1.0]
    middle, goal = here.mean(0), there.mean(0)
    scale = float(((here - middle) * (there - goal)).sum() / np.square(here - middle).sum())
    return Similarity(scale, rotation, goal - scale * middle)


def parts(cameras: list[Camera]) -> tuple[np.ndarray, np.ndarray]:
    """(N, 3, 3) orientations and (N, 3) centres."""
    poses = np.stack([camera.camera_to_world for camera in cameras])
    return poses[:, :3, :3], poses[:, :3, 3]

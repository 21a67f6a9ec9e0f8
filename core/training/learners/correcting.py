"""What planes leave of their photos, found once planes and cameras are finished.

Each photo gets a depth map, planes are rendered from its place, and what is missing there is its
residual, which `core.depthmaps.warping.corrected` warps into views. How much of it is added, and
whether that is worth it, is told by the pixels kept aside: each photo is looked at with residuals
of the others alone, and the share is that of least squares. Planes and cameras stand still
meanwhile. It all happens on the CPU, and each process of a run does all of it.
"""

import functools
from typing import Self

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.depthmaps.kept import require
from core.depthmaps.stereo.depths import JOURNEY, LOOKING, DepthMaps, Depths
from core.depthmaps.warping.corrected import (
    CorrectedScene,
    Correction,
    decoded,
    encoded,
    missing,
    with_residuals,
)
from core.depthmaps.warping.views import Views
from core.geometry.cameras import Camera, CameraRig
from core.geometry.canvas import window
from core.geometry.windows import Windows
from core.rendering.halving import halving
from core.rendering.progressive import picture_of
from core.rendering.scene import FieldScene, Scene
from core.states import part_of
from core.training import build
from core.training.ahead import Leg
from core.training.learner import StepContext
from core.training.learners.adjustment import FEWEST, SMALLEST, AdjustedStep
from core.training.learners.depthmap_cameras import picture, pictures, read
from core.training.step import StepResult, decibels

AT_ONCE = 4  # photos in a step
MOST = 32  # photos, spread over all: each costs about a second of a core and 1.8 MB
WORTH = 0.1  # dB by which pixels kept aside must be known better
STAGES = len(LOOKING + JOURNEY)
LABOUR = 2e6  # of a step, in samples that planes meet
SHARPER = (
    "Still views now add what planes left of the photos: quality on unseen pixels is {:.1f} dB "
    "better."
)


# What is kept of it, as `core.depthmaps.kept.FORMS` are.
LEFT = {"left": ("byte", "K3HW"), "sums": ("real", "3")}


class Correcting:
    """A correction of planes in the making. Belongs to one thread.

    Attributes:
        over: whether there is nothing more to do.
        found: what it came to; None where it is not worth it, or not there yet.
        loss: of the planes' last step, which goes on being told.
    """

    def __init__(self, wanted: bool = False, photos: int = MOST) -> None:
        """Nothing is done yet, or nothing at all is to be done; there are so many photos."""
        self._wanted, self._most, self.loss = wanted, min(photos, MOST), 0.0
        self.again()

    def again(self) -> None:
        """Planes, cameras or photos are others: begin anew."""
        self.over = not self._wanted
        self.found: Correction | None = None
        self._photos = torch.zeros(0, dtype=torch.int64)
        self._depths: Depths | None = None
        self._left: list[Tensor] = []  # (3, H, W) uint8 each, residuals
        self._views: Views | None = None  # of these
        self._asked, self._sums = 0, torch.zeros(3, dtype=torch.float64)

    @classmethod
    def of(cls, rig: CameraRig, photos: Tensor, allowed: Tensor | Windows | None) -> Self:
        """To be done, where these photos (K,) are worth it, and pixels were kept aside."""
        small = max(rig.width, rig.height) < SMALLEST
        return cls(not small and len(photos) >= FEWEST and allowed is not None, len(photos))

    def due(self, planes: AdjustedStep, context: StepContext) -> bool:
        """Whether the next step is its own; where options say no, or photos are few, it is over."""
        if not self.over and self._depths is None:
            count = len(planes.trained)
            spread = torch.linspace(0, count - 1, min(count, MOST)).round().long()
            self.over = not context.config.field.corrected or count < FEWEST
            if not self.over:
                self._begin(planes, context, planes.trained[spread])
        return not self.over

    def _begin(self, planes: AdjustedStep, context: StepContext, photos: Tensor) -> None:
        self._photos, rig = photos, planes.rig
        self._depths = Depths(pictures(rig, context.colours, photos), read(rig, photos))

    @property
    def legs(self) -> list[Leg]:
        """All of it, as a part of the way; nothing where it is over."""
        pieces = (STAGES + 2) * (len(self._photos) or self._most)
        return [] if self.over else [Leg(-(-pieces // AT_ONCE), LABOUR)]

    @property
    def made(self) -> int:
        """How many of its steps are made."""
        depths = 0 if self._depths is None else self._depths.progress[0]
        return (depths + len(self._left) + self._asked) // AT_ONCE

    def step(self, scene: FieldScene, planes: AdjustedStep, context: StepContext) -> list[str]:
        """Some photos of whatever is due; returns what there is to say.

        Args: `scene` is what planes show by themselves.
        """
        depths, count = self._depths, len(self._photos)
        assert depths is not None, "it is due"
        if not depths.done:
            halving(lambda some: depths.step(context.parallel_map, some), AT_ONCE)
        elif len(self._left) < count:
            due = range(count)[len(self._left) :][:AT_ONCE]
            made = functools.partial(self._residual, scene, planes.rig, context.colours)
            self._left.extend(context.parallel_map(made, due))
        else:
            due = range(count)[self._asked :][:AT_ONCE]
            told = functools.partial(self._told, self._shown(), planes.rig, context.allowed)
            for sums in context.parallel_map(told, due):
                self._sums += sums
            self._asked += len(due)
        return self._concluded() if self._asked == count else []

    @property
    def _maps(self) -> DepthMaps:
        assert self._depths is not None and self._depths.maps is not None, "depths end in maps"
        return self._depths.maps

    def _camera(self, place: int) -> Camera:
        return self._maps.cameras[[place]].single()[0]

    def _residual(self, scene: FieldScene, rig: CameraRig, colours: Tensor, place: int) -> Tensor:
        """(3, H, W) what planes leave of a photo."""
        camera = self._camera(place)
        size = camera.width, camera.height
        photo = picture(rig, colours, int(self._photos[place])).astype(np.float32) / 255
        wanted = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
        wide, high = self._maps.cameras.canvas
        left = encoded(wanted - picture_of(scene, camera).rgb)
        return F.pad(left, (0, wide - camera.width, 0, high - camera.height))

    def _shown(self) -> Views:
        if self._views is None:
            self._views = with_residuals(self._maps, torch.stack(self._left))
        return self._views

    def _told(
        self, views: Views, rig: CameraRig, allowed: Tensor | Windows | None, place: int
    ) -> Tensor:
        """(3,) of a photo's pixels kept aside: its residual's square, its product with what the
        others' residuals say, and the square of that."""
        camera = self._camera(place)
        aside = kept_aside(rig, allowed, int(self._photos[place]), (camera.width, camera.height))
        true = decoded(self._left[place][:, : camera.height, : camera.width])[aside]
        said = missing(views, camera, {place}, aside).astype(np.float64)
        return torch.tensor([(true * true).sum(), (true * said).sum(), (said * said).sum()])

    def _concluded(self) -> list[str]:
        """Take it where it is worth it; nothing of its making is needed any more."""
        whole, both, said = self._sums.tolist()
        share = min(max(both / max(said, 1e-12), 0.0), 1.0)
        left = (whole - 2 * share * both + share**2 * said) / max(whole, 1e-12)
        found, better = Correction(self._shown(), share, left), decibels(left)
        self.again()
        self.over, self.found = True, found if better >= WORTH else None
        return [SHARPER.format(better)] if self.found is not None else []

    # -- to be continued -----------------------------------------------------------------------

    def state(self) -> dict[str, Tensor]:
        """Everything but the photos' colours, under names of its own."""
        if self._depths is None and self.found is None:
            return {"correction.over": torch.tensor(self.over)} if self._wanted else {}
        state = {} if self.found is None else self.found.state()
        if self._depths is not None:
            state |= {
                "photos": self._photos,
                "sums": self._sums,
                "asked": torch.tensor(self._asked),
            }
            state |= {f"depths.{name}": value for name, value in self._depths.state().items()}
            state |= {"left": torch.stack(self._left)} if self._left else {}
        state["loss"] = torch.tensor(self.loss)
        return {f"correction.{name}": value for name, value in state.items()}

    def restore(self, state: dict[str, Tensor], planes: AdjustedStep, context: StepContext) -> None:
        """Go on where a state, without its prefix, was taken; `state` is empty where none is."""
        self.again()
        if "photos" in state:
            self._begin(planes, context, state["photos"])
            assert self._depths is not None, "it has begun"
            self._depths.restore(part_of(state, "depths."))
            self._asked, self._sums = int(state["asked"]), state["sums"].clone()
            if "left" in state:
                wide, high = self._maps.cameras.canvas
                require({"left": state["left"]}, {"H": high, "W": wide}, LEFT)
                self._left = list(state["left"])
            require({"sums": self._sums}, {}, LEFT)
            if not 0 <= self._asked <= len(self._left) <= len(self._photos):
                raise ValueError(f"{self._asked} of {len(self._left)} residuals were asked")
        elif "share" in state:
            self.over, self.found = True, Correction.of(state)
        else:
            self.over = bool(state.get("over", self.over))
        self.loss = float(state.get("loss", 0.0))


class CorrectedStep(AdjustedStep):
    """A step of planes, after which views are corrected once there is nothing else to do."""

    correction: Correcting

    def beside(self, context: StepContext, result: StepResult) -> None:
        """The same as before; the loss is what is told while planes stand still."""
        super().beside(context, result)
        self.correction.loss = result.loss

    def afterwards(self, context: StepContext) -> StepResult | None:
        """A part of the correction; None where it is not due, and planes go on.

        Planes that are corrected stand still.
        """
        if self.correction.due(self, context):
            self._messages += self.correction.step(self.plain(context), self, context)
        elif self.correction.found is None:
            return None
        nobody = torch.zeros(0)
        return StepResult(self.correction.loss, nobody.long(), nobody, True)

    def reconfigure(self, old: StepContext, new: StepContext, converted: tuple[str, ...]) -> None:
        """Begin with the correction where it is wanted after all."""
        asked = new.config.field.corrected and not old.config.field.corrected
        if asked and self.correction.found is None:
            self.correction.again()

    def scene(self, context: StepContext) -> Scene:
        """The planes, and what photos add to them."""
        plain, found = self.plain(context), self.correction.found
        if found is None or not context.config.field.corrected:
            return plain
        return CorrectedScene.of(plain, found)

    def plain(self, context: StepContext) -> FieldScene:
        """The planes alone."""
        focal = self.rig.normalized_focal().detach()
        return FieldScene(self.field, focal, build.ray_settings(context.config))


def kept_aside(
    rig: CameraRig, allowed: Tensor | Windows | None, photo: int, size: tuple[int, int]
) -> np.ndarray:
    """(h, w) which pixels of a photo at a size (w, h) nothing was learned from."""
    pixels = allowed.of_one(photo) if isinstance(allowed, Windows) else allowed
    aside = np.zeros(rig.width * rig.height, np.float32)
    if pixels is not None:
        aside[:] = 1
        aside[pixels.cpu().numpy()] = 0
    canvas = rig.width, rig.height
    own = aside.reshape(rig.height, rig.width)[window(rig.size(photo), canvas)]
    shrunk: np.ndarray = cv2.resize(own, size, interpolation=cv2.INTER_AREA)
    return shrunk > 0.99

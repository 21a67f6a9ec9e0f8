"""A depth map for each photo, found in small steps from coarse to fine.

The journey, for photos whose cameras are known. Without sparse points it begins with `LOOKING`: a
coarse sweep through all depths tells what photos have in common, and is the first that can be
shown, after a fifth of the time to the next maps. Then at 126 pixels depths are swept from nothing,
checked against each other, and completed where nobody confirms them; at 252 and 504 they are
refined from the level before. A step is one stage of a few photos and asks only for what the stage
before has left, so that steps of a stage can be done side by side, and give the same bits in any
number of threads.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.depthmaps.cameras import Cameras
from core.depthmaps.kept import cameras_in, require, require_rows, require_stages
from core.depthmaps.photos import Level, level_of
from core.depthmaps.stereo import stages
from core.depthmaps.stereo.gains import gains
from core.depthmaps.stereo.neighbours import thinned
from core.depthmaps.stereo.stages import STAGES, Rows, Situation
from core.errors import InputError
from core.geometry.cameras import LARGEST
from core.parallel import ParallelMap
from core.states import part_of

Stage = tuple[str, int]  # a key of `STAGES`, and the photos' longer side in pixels


def level(long_side: int, names: str) -> tuple[Stage, ...]:
    """Stages by their names in a row, all at one size."""
    return tuple((name, long_side) for name in names.split())


LOOKING = level(72, "look check publish pick see relate")
FIRST = level(126, "sweep check complete check sharpen check publish")
SECOND = level(252, "finer check finish check publish")
LAST = level(504, "finest check finish check complete check fill check publish")
JOURNEY = FIRST + SECOND + LAST
NAMES = tuple(STAGES)


@dataclass(frozen=True, eq=False)
class DepthMaps:
    """What was found at one level; maps are on the canvas of `cameras`, beyond a photo's own size
    they mean nothing."""

    cameras: Cameras  # at this level's sizes
    photos: Tensor  # (N, C, H, W) uint8 or float in [0, 1], at this level
    inverse: Tensor  # (N, H, W) inverse depths, above 0
    support: Tensor  # (N, H, W) uint8, how many sources confirm the depth within 2 %
    through: Tensor  # (N, H, W) uint8, how many sources see through it
    gains: Tensor  # (N, C) logarithm of each photo's gain
    sources: Tensor  # (N, K) with which photos each was compared

    def state(self) -> dict[str, Tensor]:
        """Everything but the photos, as tensors by name; see `kept_maps`."""
        kept = ("inverse", "support", "through", "gains", "sources")
        out = {name: getattr(self, name) for name in kept}
        return out | {f"camera.{name}": value for name, value in vars(self.cameras).items()}


class Depths:
    """Depth maps in the making.

    Attributes:
        maps: of the last level that is finished, or None. Never changed once it is there.
    """

    def __init__(
        self,
        photos: Tensor,
        cameras: Cameras,
        points: Tensor | None = None,
        visible: Tensor | None = None,
        journey: tuple[Stage, ...] | None = None,
        known: tuple[Tensor, int] | None = None,
    ) -> None:
        """Begin.

        Args:
            photos: (N, C, H, W) uint8, or float in [0, 1], on the canvas of `cameras`; N >= 2.
            cameras: for the photos at their full size.
            points, visible: (P, 3) points of the scene and (N, P) which photos show them; without
                them depths and neighbours come from a coarse sweep.
            journey: the stages, by default all up to 504 pixels.
            known: with points, inverse depths (N, H, W) to begin with, and at how many pixels of
                the longer side they are.

        Raises:
            InputError: there are fewer than two photos.
        """
        if len(cameras) < 2:
            raise InputError("Depths need at least 2 photos to compare; give more.")
        self.photos, self.cameras = photos, cameras
        self._now: Rows = {}
        if points is None or visible is None:
            start = LOOKING
        else:
            start = (("relate", LOOKING[0][1] if known is None else known[1]),)
            if known is not None:
                self._now["inverse"], self._now["long_side"] = known[0], torch.tensor(known[1])
            self._now["points"], self._now["visible"] = thinned(points, visible)
        self.journey = start + (JOURNEY if journey is None else journey)
        self._fresh: list[Rows] = []
        self._stage = 0
        self._level: Level | None = None
        self._level_side = 0
        self.maps: DepthMaps | None = None

    @property
    def done(self) -> bool:
        """Whether the journey is over."""
        return self._stage == len(self.journey)

    @property
    def progress(self) -> tuple[int, int]:
        """How many pieces of work are done, and how many there are."""
        count = len(self.cameras)
        return self._stage * count + len(self._fresh), len(self.journey) * count

    def step(self, parallel_map: ParallelMap = map, count: int = 1) -> bool:
        """Up to `count` photos of the stage that is due; returns whether anything is left to do.

        Args: `parallel_map`: `map`, or that of a pool of threads; the result is the same.
        """
        if self.done:
            return False
        situation, work = self._situation(), STAGES[self.journey[self._stage][0]]
        begin = len(self._fresh)
        rows = range(begin, min(begin + count, len(self.cameras)))
        self._fresh.extend(parallel_map(lambda row: work(situation, row), rows))
        if len(self._fresh) == len(self.cameras):
            self._finish(situation)
        return not self.done

    def run(self, parallel_map: ParallelMap = map) -> DepthMaps | None:
        """All that is left, and the maps of the last level."""
        while self.step(parallel_map, len(self.cameras)):
            pass
        return self.maps

    def again(self, journey: tuple[Stage, ...], cameras: Cameras | None = None) -> None:
        """Go on with other stages, from the maps as they are, and with cameras that have moved.

        Args: `cameras`: of the same photos at their full size.
        """
        self._fresh, self._stage, self.journey = [], 0, journey
        if cameras is not None:
            self.cameras, self._level = cameras, None

    def _finish(self, situation: Situation) -> None:
        for name in self._fresh[0]:
            self._now[name] = torch.stack([row[name] for row in self._fresh])
        name, side = self.journey[self._stage]
        if name == "pick":
            self._now["points"] = stages.gathered(self._now.pop("picked"))
        if name == "publish":
            self.maps = self._published(situation.level)
        self._now["long_side"] = torch.tensor(side)
        self._fresh, self._stage = [], self._stage + 1

    def _published(self, level: Level) -> DepthMaps:
        now = self._now
        light = gains(now["ratios"], now["sources"])
        return DepthMaps(
            level.cameras, level.images, now["inverse"], now["support"], now["through"], light,
            now["sources"],
        )  # fmt: skip

    def current(self) -> tuple[Level, Rows]:
        """Photos at the level that the maps are of, and all that the stages have left so far.

        For those who measure: names are those of `core.depthmaps.stereo.stages`. Once the journey
        has begun.
        """
        return self._at(self._side()), self._now

    def _situation(self) -> Situation:
        side = self.journey[self._stage][1]
        before = self.cameras.at(self._side() or side).sizes
        return Situation(self._at(side), self._now, before)

    def _at(self, side: int) -> Level:
        if self._level is None or self._level_side != side:
            self._level, self._level_side = level_of(self.photos, self.cameras, side), side
        return self._level

    def _side(self) -> int:
        """Pixels of the level that the maps of now are of; 0 before there are any."""
        return int(self._now.get("long_side", 0))

    # -- keeping ---------------------------------------------------------------------------------

    def state(self) -> dict[str, Tensor]:
        """Everything but the photos, as tensors by name; see `restore`."""
        journey = torch.tensor([(NAMES.index(name), side) for name, side in self.journey])
        out = {"journey": journey, "stage": torch.tensor(self._stage)}
        out |= {f"camera.{name}": value for name, value in vars(self.cameras).items()}
        out |= {f"now.{name}": value for name, value in self._now.items()}
        for row, values in enumerate(self._fresh):
            out |= {f"fresh.{row}.{name}": value for name, value in values.items()}
        if self.maps is not None:
            out |= {f"maps.{name}": value for name, value in self.maps.state().items()}
        return out

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go on exactly where `state` was taken, with the same photos.

        Raises:
            ValueError: there can be no such state.
        """
        self.journey = tuple((NAMES[name], side) for name, side in state["journey"].tolist())
        self._stage, self._level = int(state["stage"]), None
        self.cameras = cameras_in(part_of(state, "camera."), self.cameras.sizes)
        self._now, self.maps = part_of(state, "now."), None
        rows = {int(name.split(".")[1]) for name in state if name.startswith("fresh.")}
        self._fresh = [part_of(state, f"fresh.{row}.") for row in sorted(rows)]
        self._require_sound()
        if "maps.inverse" in state:
            self.maps = self._maps_in(part_of(state, "maps."))

    def _require_sound(self) -> None:
        """See that stages can go on from what was taken over."""
        left = self.journey[self._stage :]
        if self._stage < 0 or any(not 0 < side <= LARGEST for _, side in self.journey):
            raise ValueError(f"stage {self._stage} of {self.journey}")
        if len(self._fresh) >= len(self.cameras) or (self._fresh and not left):
            raise ValueError(f"{len(self._fresh)} photos of a stage are done")
        count = {"N": len(self.cameras)}
        require(self._now, count | self._canvas(self._side()))
        require_stages(self._now, left)
        if self._fresh:
            name, side = left[0]
            require_rows(self._fresh, name, count | self._canvas(side))

    def _canvas(self, side: int) -> dict[str, int]:
        """How high and wide maps of that level are; nothing where there is none."""
        width, height = self.cameras.at(side).canvas if side else (0, 0)
        return {"H": height, "W": width} if side else {}

    def _maps_in(self, state: dict[str, Tensor]) -> DepthMaps:
        side = int(part_of(state, "camera.")["sizes"].max())
        images = level_of(self.photos, self.cameras, side).images
        return kept_maps(state, images, self.cameras.at(side).sizes)


def kept_maps(state: dict[str, Tensor], images: Tensor, sizes: Tensor) -> DepthMaps:
    """Maps that were kept, of photos (N, C, H, W) of these sizes (N, 2) in pixels.

    Raises:
        ValueError: they are none, or of others.
    """
    cameras, (width, height) = cameras_in(part_of(state, "camera."), sizes), sizes.amax(0).tolist()
    maps = {name: value for name, value in state.items() if not name.startswith("camera.")}
    count, channels = images.shape[:2]
    across = {"N": count, "C": channels, "H": height, "W": width}
    require(maps | {"seen": images}, across | {"V": height, "U": width})
    return DepthMaps(cameras=cameras, photos=images, **maps)

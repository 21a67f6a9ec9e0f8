"""Anybody's cameras put to the test: hold them, and ask whether the photos' own depths agree.

Each photo gets a depth map of its own (`core.depthmaps`, at 126 pixels, without sparse points).
Depths of right cameras agree, because one world is behind them; those of wrong cameras do where
chance has it. So each photo is swept for itself: maps completed from one another would agree under
wrong cameras too. Nearly flat scenes have a mirror image that agrees nearly as well, so it is
asked too, unless so much agrees that nothing is left to ask; and so are cameras that turn more or
less around the scene, which few photos under small angles hardly tell apart. Of many photos these
alternatives are asked of some, spread over all, and compared with the cameras of these alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from core.depthmaps.cameras import Cameras
from core.depthmaps.stereo.depths import Depths, level
from core.depthmaps.stereo.neighbours import guessed_depths
from core.depthmaps.stereo.reference import Reference
from core.parallel import ParallelMap
from core.search.judging.bas_relief import mirrored, stretched
from core.search.judging.figures import PhotoFigures, figures_of

JOURNEY = level(126, "sweep check")
ASK_MIRROR = 0.8  # mean support below which the mirror image is asked
ASK_RELIEF = 0.2  # and from which it is worth asking for other reliefs
ASKED = 30  # photos at most that alternatives are asked of
ALTERNATIVES: tuple[Callable[[Cameras, Tensor], Cameras], ...] = (
    mirrored,
    lambda cameras, middle: stretched(cameras, middle, 1.4),
    lambda cameras, middle: stretched(cameras, middle, 1 / 1.4),
    lambda cameras, middle: cameras,  # themselves, where the others are asked of some photos alone
)
NAMES = tuple(field.name for field in fields(PhotoFigures))


@dataclass(frozen=True)
class Figures:
    """What an audit found: of each photo, and of those alternatives that were asked."""

    photos: tuple[PhotoFigures, ...]
    mirror: tuple[PhotoFigures, ...] = ()  # of the mirrored cameras
    turned: tuple[PhotoFigures, ...] = ()  # of cameras that turn more around the scene
    held: tuple[PhotoFigures, ...] = ()  # and less
    alone: tuple[PhotoFigures, ...] = ()  # of the cameras, where others are asked of some photos

    @property
    def comparable(self) -> tuple[PhotoFigures, ...]:
        """Of the cameras, what is to be compared with their alternatives."""
        return self.alone or self.photos

    def mean(self, name: str) -> float:
        """Mean over photos of one of the figures."""
        return mean_of(self.photos, name)


def mean_of(photos: tuple[PhotoFigures, ...], name: str) -> float:
    """Mean over photos of one of their figures."""
    return sum(getattr(one, name) for one in photos) / len(photos)


class Audit:
    """An audit in steps, each of a few photos.

    Attributes:
        figures: what was found, once `done`.
    """

    def __init__(self, photos: Tensor, cameras: Cameras) -> None:
        """Begin.

        Args:
            photos: (N, C, H, W) uint8, or float in [0, 1], on the canvas of `cameras`; N >= 2.
            cameras: for these photos, in any world.

        Raises:
            InputError: there are fewer than two photos.
        """
        self.cameras = in_own_units(cameras)
        self.figures: Figures | None = None
        self._photos, count = photos, len(photos)
        self._some = torch.linspace(0, count - 1, min(count, ASKED)).round().long()
        self._asked = 0  # 0: the cameras, then the numbers of their alternatives
        self._rows: list[list[Tensor]] = [[] for _ in range(1 + len(ALTERNATIVES))]
        self._middle = torch.zeros(3)
        self._depths = Depths(photos, self.cameras, journey=JOURNEY)

    @property
    def done(self) -> bool:
        """Whether `figures` are there."""
        return self.figures is not None

    @property
    def preview(self) -> Figures | None:
        """What is found of the cameras before their alternatives are asked; None before that."""
        if len(self._rows[0]) < len(self.cameras):
            return None
        return Figures(tuple(PhotoFigures(*row.tolist()) for row in self._rows[0]))

    @property
    def progress(self) -> tuple[int, int]:
        """Pieces of work done, and how many there are if all alternatives are asked."""
        done, total = self._depths.progress
        own, count = len(self.cameras), len(self._depths.cameras)
        before = own + (self._asked - 1) * len(self._some) if self._asked else 0  # photos
        each = total // count + 1  # pieces of a photo
        here = done + len(self._rows[self._asked])
        alternatives = len(ALTERNATIVES) - (len(self._some) == own)
        return before * each + here, (own + alternatives * len(self._some)) * each

    @property
    def mirror(self) -> Cameras:
        """The mirrored cameras, around what photos show; once what is held was swept."""
        return mirrored(self.cameras, self._middle)

    def step(self, parallel_map: ParallelMap = map, count: int = 1) -> bool:
        """Up to `count` photos of what is due; returns whether anything is left to do.

        Args: `parallel_map`: `map`, or that of a pool of threads; the result is the same.
        """
        if self.done:
            return False
        if not self._depths.done:
            self._depths.step(parallel_map, count)
            return True
        rows = self._rows[self._asked]
        every = len(self._depths.cameras)
        due = range(len(rows), min(len(rows) + count, every))
        rows.extend(parallel_map(self._measured, due))
        if len(rows) == every:
            self._conclude()
        return not self.done

    def run(self, parallel_map: ParallelMap = map) -> Figures:
        """All that is left."""
        while self.step(parallel_map, len(self.cameras)):
            pass
        assert self.figures is not None
        return self.figures

    def _measured(self, index: int) -> Tensor:
        """(6,) the figures of one photo."""
        at, now = self._depths.current()
        photo = Reference(at, index, now["sources"][index])
        inverse, support, through = (
            at.own(now[name], index) for name in ("inverse", "support", "through")
        )
        found = figures_of(photo, inverse, support, through, float(now["range"][index, 0]))
        return torch.tensor([getattr(found, name) for name in NAMES], dtype=torch.float64)

    def _conclude(self) -> None:
        """Go on with the next alternative that is worth asking, or end."""
        found = Figures(
            *(tuple(PhotoFigures(*row.tolist()) for row in rows) for rows in self._rows)
        )
        support = found.mean("support")
        if self._asked == 0:
            self._middle = middle_of(self._depths)
        few = len(self._some) < len(self.cameras)
        worth = (support < ASK_MIRROR, support >= ASK_RELIEF, support >= ASK_RELIEF, few)
        for number in range(self._asked, len(ALTERNATIVES)):
            if worth[number]:
                other = ALTERNATIVES[number](self.cameras, self._middle)[self._some]
                self._depths = Depths(self._photos[self._some], other, journey=JOURNEY)
                self._asked = number + 1
                return
        self.figures = found

    # -- keeping ---------------------------------------------------------------------------------

    def state(self) -> dict[str, Tensor]:
        """Everything but the photos, as tensors by name; see `restore`."""
        out = {f"depths.{name}": value for name, value in self._depths.state().items()}
        out["asked"], out["done"] = torch.tensor(self._asked), torch.tensor(self.done)
        out["middle"] = self._middle
        for asked, rows in enumerate(self._rows):
            if rows:
                out[f"rows.{asked}"] = torch.stack(rows)
        return out

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go on exactly where `state` was taken, with the same photos and cameras."""
        prefix = "depths."
        if int(state["asked"]):
            self._depths = Depths(self._photos[self._some], self.cameras[self._some])
        self._depths.restore(
            {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        )
        self._asked = int(state["asked"])
        self._middle = state["middle"]
        self._rows = [list(state.get(f"rows.{row}", ())) for row in range(1 + len(ALTERNATIVES))]
        if bool(state["done"]):
            self._conclude()


def in_own_units(cameras: Cameras) -> Cameras:
    """The same cameras, float32, in a world around them in which their spread is 1.

    So worlds far from their origin, or very large or small, lose no digits.
    """
    centre = cameras.centre.double()
    centre = centre - centre.mean(0)
    spread = centre.square().sum(-1).mean().sqrt()
    unit = spread if spread > 0 else torch.ones_like(spread)
    return replace(
        cameras,
        rotation=cameras.rotation.float(),
        centre=(centre / unit).float(),
        intrinsics=cameras.intrinsics.float(),
        k1=cameras.k1.float(),
    )


def middle_of(depths: Depths) -> Tensor:
    """(3,) the middle of what photos show, by the points that several confirm."""
    points = depths.current()[1]["points"]
    if len(points):
        return points.median(0).values
    cameras = depths.cameras
    ahead = cameras.rotation[:, :, 2] * guessed_depths(cameras)[:, None]
    return (cameras.centre + ahead).mean(0)

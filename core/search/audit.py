"""Anybody's cameras put to the test: hold them, and ask whether the photos' own depths agree.

Each photo gets a depth map of its own (`core.depthmaps`, at 126 pixels, without sparse points).
Depths of right cameras agree, because one world is behind them; those of wrong cameras do where
chance has it. Nearly flat scenes have a mirrored twin that agrees nearly as well, so it is asked
too, unless so much agrees that nothing is left to ask.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from core.depthmaps.cameras import Cameras
from core.depthmaps.depths import Depths, level
from core.depthmaps.neighbours import guessed_depths
from core.depthmaps.reference import Reference
from core.search.figures import PhotoFigures, figures_of
from core.search.twin import mirrored

JOURNEY = level(126, "sweep check complete check")
ASK_TWIN = 0.65  # mean support below which the twin is asked
NAMES = tuple(field.name for field in fields(PhotoFigures))


@dataclass(frozen=True)
class Figures:
    """What an audit found: of each photo, and of its mirrored twin if that was asked."""

    photos: tuple[PhotoFigures, ...]
    twin: tuple[PhotoFigures, ...] = ()

    def mean(self, name: str, twin: bool = False) -> float:
        """Mean over photos of one of the figures."""
        rows = self.twin if twin else self.photos
        return sum(getattr(row, name) for row in rows) / len(rows)


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
        self._asked = 0  # 0: the cameras, 1: their twin
        self._rows: list[list[Tensor]] = [[], []]
        self._depths = Depths(photos, self.cameras, journey=JOURNEY)

    @property
    def done(self) -> bool:
        """Whether `figures` are there."""
        return self.figures is not None

    @property
    def progress(self) -> tuple[int, int]:
        """Pieces of work done, and how many there are if the twin is asked as well."""
        done, total = self._depths.progress
        each = total + len(self.cameras)
        return self._asked * each + done + len(self._rows[self._asked]), 2 * each

    def step(self, mapper: Callable = map, count: int = 1) -> bool:
        """Up to `count` photos of what is due; returns whether anything is left to do.

        Args: `mapper`: `map`, or that of a pool of threads; the result is the same.
        """
        if self.done:
            return False
        if not self._depths.done:
            self._depths.step(mapper, count)
            return True
        rows = self._rows[self._asked]
        due = range(len(rows), min(len(rows) + count, len(self.cameras)))
        rows.extend(mapper(self._measured, due))
        if len(rows) == len(self.cameras):
            self._conclude()
        return not self.done

    def run(self, mapper: Callable = map) -> Figures:
        """All that is left."""
        while self.step(mapper, len(self.cameras)):
            pass
        assert self.figures is not None
        return self.figures

    def _measured(self, index: int) -> Tensor:
        """(6,) the figures of one photo."""
        at, now = self._depths.current()
        photo = Reference(at, index, now["sources"][index])
        maps = (at.own(now[name], index) for name in ("inverse", "support", "through"))
        found = figures_of(photo, *maps, float(now["range"][index, 0]))
        return torch.tensor([getattr(found, name) for name in NAMES], dtype=torch.float64)

    def _conclude(self) -> None:
        own, twin = (tuple(PhotoFigures(*row.tolist()) for row in rows) for rows in self._rows)
        found = Figures(own, twin)
        if self._asked == 0 and found.mean("support") < ASK_TWIN:
            self._asked = 1
            other = mirrored(self.cameras, middle_of(self._depths))
            self._depths = Depths(self._depths.photos, other, journey=JOURNEY)
        else:
            self.figures = found

    # -- keeping ---------------------------------------------------------------------------------

    def state(self) -> dict[str, Tensor]:
        """Everything but the photos, as tensors by name; see `restore`."""
        out = {f"depths.{name}": value for name, value in self._depths.state().items()}
        out["asked"], out["done"] = torch.tensor(self._asked), torch.tensor(self.done)
        for asked, rows in enumerate(self._rows):
            if rows:
                out[f"rows.{asked}"] = torch.stack(rows)
        return out

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go on exactly where `state` was taken, with the same photos and cameras."""
        prefix = "depths."
        self._depths.restore(
            {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        )
        self._asked = int(state["asked"])
        self._rows = [list(state.get(f"rows.{asked}", ())) for asked in (0, 1)]
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

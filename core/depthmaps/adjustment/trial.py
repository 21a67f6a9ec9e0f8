"""Cameras put to the test while they are refined: do photos, each swept alone, agree more or less?

Depths that were found with some cameras look good under these and a little worse under any other,
right ones too; so a comparison must sweep anew for each. `docs/depthmaps.md` has the figures.
"""

import torch
from torch import Tensor

from core.depthmaps.cameras import Cameras
from core.depthmaps.stereo.agreement import enough
from core.depthmaps.stereo.depths import Depths, level
from core.parallel import ParallelMap

JOURNEY = level(126, "sweep check") + level(252, "finer check")


class Trial:
    """A test in steps, each of a few photos.

    Attributes:
        score: None until the end, then the share of pixels whose depth others confirm, less the
            share that another sees through; -1 to 1.
    """

    def __init__(self, photos: Tensor, cameras: Cameras) -> None:
        """Args: as `core.depthmaps.stereo.depths.Depths` takes them."""
        self._depths = Depths(photos, cameras, journey=JOURNEY)
        self.score: float | None = None

    @property
    def progress(self) -> int:
        """How many pieces of work are done."""
        return self._depths.progress[0]

    def step(self, parallel_map: ParallelMap = map, count: int = 1) -> None:
        """Up to `count` photos of a stage."""
        if not self._depths.step(parallel_map, count) and self.score is None:
            self.score = self._scored()

    def _scored(self) -> float:
        here, now = self._depths.current()
        least = enough(now["sources"].shape[1])
        shares = []
        for photo in range(len(self._depths.cameras)):
            support, through = (here.own(now[name], photo) for name in ("support", "through"))
            shares.append((support >= least).float().mean() - (through >= 1).float().mean())
        return float(torch.stack(shares).double().mean())

    def state(self) -> dict[str, Tensor]:
        """Everything but the photos, as tensors by name; see `restore`."""
        return self._depths.state()

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go on exactly where `state` was taken, with the same photos and cameras."""
        self._depths.restore(state)
        if self._depths.done:
            self.score = self._scored()

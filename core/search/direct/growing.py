"""Photo by photo into a world that stands, and out of it again where it does not fit."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from core.parallel import ParallelMap
from core.search.direct.guessing import DRAWN, groups, guessed, own_costs
from core.search.direct.likeness import Likeness
from core.search.direct.poses import NUMBERS
from core.search.direct.standing import Standing, joined
from core.search.direct.sweeping import Sweeper

LIMIT = 1.5  # times what photos that stand cost, above which one does not join
WORSE = 0.85  # of the support of those that stand, below which a step is taken back
POOR = 0.4  # of the usual support, below which a photo leaves
FEWEST = 4  # photos of which none is told poor
TRIES = 3  # for each photo
IDLE = 4  # steps in a row in which nobody joins, after which it is over
WIDER = 0.3  # by which guesses spread more at each further try
DELAY = 0.15  # of likeness, by which a photo waits after it did not fit
LENS_AFTER, LENS_SUPPORT = 6, 0.4  # photos and support with which the focal length moves


@dataclass(frozen=True, eq=False)
class Ground:
    """What never changes while cameras are looked for.

    Attributes:
        photos: (N, C, H, W) of all.
        sweeper: of them, through any lenses.
        alike: of them.
        generator: the only source of chance.
        parallel_map: `map`, or that of a pool of threads; the result is the same.
    """

    photos: Tensor
    sweeper: Sweeper
    alike: Likeness
    generator: torch.Generator
    parallel_map: ParallelMap = map


@dataclass
class Growth:
    """A world on its way to holding all photos, in steps.

    Attributes:
        standing: what it holds.
        side: pixels at which cameras move jointly.
        tried: how often a photo did not fit, by its number.
    """

    ground: Ground
    standing: Standing
    side: int
    tries: int = TRIES
    tried: dict[int, int] = field(default_factory=dict)
    idle: int = 0  # steps since somebody joined

    def again(self, standing: Standing, tries: int) -> None:
        """Go on with better cameras: every photo gets so many further chances."""
        self.standing, self.tries, self.tried, self.idle = standing, tries, {}, 0

    def step(self) -> bool:
        """Try the likeliest photos; returns whether any are left to be tried."""
        standing, wave = self.standing, self._due()
        if not wave or self.idle == IDLE:
            return False
        self.idle += 1
        sweeper = self.ground.sweeper.through(standing.cameras)
        costs = own_costs(sweeper, self.ground.alike, standing)
        limit = LIMIT * float(torch.tensor(costs).median())
        joining = standing
        for photo, (cost, turn, centre) in zip(wave, self._guessed(sweeper, wave), strict=True):
            if cost < limit:
                joining = joining.with_camera(photo, turn, centre)
            else:
                self._refuse(photo)
        if joining is not standing:
            self._join(joining)
        return True

    def _guessed(self, sweeper: Sweeper, wave: list[int]) -> list[tuple[float, Tensor, Tensor]]:
        """Of each photo what its best camera costs, and that camera."""
        ground, standing = self.ground, self.standing
        drawn = torch.randn(len(wave), DRAWN, NUMBERS, generator=ground.generator)
        spread = torch.tensor([1 + WIDER * self.tried.get(photo, 0) for photo in wave])
        drawn = spread[:, None, None] * drawn
        parts = groups(wave, standing.cameras.sizes)

        def guess(places: list[int]) -> list[tuple[float, Tensor, Tensor]]:
            photos = [wave[place] for place in places]
            return guessed(sweeper, ground.alike, standing, photos, drawn[places])

        by_place = {
            place: one
            for places, found in zip(parts, ground.parallel_map(guess, parts), strict=True)
            for place, one in zip(places, found, strict=True)
        }
        return [by_place[place] for place in range(len(wave))]

    def _due(self) -> list[int]:
        among, alike = self.standing.photos, self.ground.alike.value
        left = [
            photo
            for photo in range(len(alike))
            if photo not in among and self.tried.get(photo, 0) < self.tries
        ]
        left.sort(key=lambda photo: DELAY * self.tried.get(photo, 0) - alike[photo, among].max())
        return left[: len(among) // 2]

    def _refuse(self, photo: int) -> None:
        self.tried[photo] = self.tried.get(photo, 0) + 1

    def _join(self, joining: Standing) -> None:
        before = self.standing
        lens = len(joining.photos) >= LENS_AFTER and float(before.support.mean()) > LENS_SUPPORT
        ground = self.ground
        after = joined(ground.photos, joining, self.side, lens, ground.parallel_map)
        fresh, old = after.photos[len(before.photos) :], after.support[: len(before.photos)]
        if float(old.mean()) < WORSE * float(before.support.mean()):
            for photo in fresh:
                self._refuse(photo)
            return
        enough = len(after.photos) > FEWEST
        poor = after.below(POOR * float(old.median())) if enough else []
        for photo in poor:
            self._refuse(photo)
        if not set(fresh) <= set(poor):
            self.idle = 0
        self.standing = after.without(poor)

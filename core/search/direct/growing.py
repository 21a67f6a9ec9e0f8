"""Photo by photo into a world that stands, and out of it again where it does not fit."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from core.search.direct.likeness import Likeness
from core.search.direct.poses import NUMBERS, SHIFTS, beside, usual
from core.search.direct.seeding import shifts
from core.search.direct.standing import Standing, joined
from core.search.direct.sweeping import Relation, Sweeper

DRAWN, KEPT = 48, 6  # guesses for a photo, and those that descend
COMPARED = 4  # photos that one is compared with
AT_ONCE = 3  # photos that join between two joint steps; more where many stand
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
    """

    photos: Tensor
    sweeper: Sweeper
    alike: Likeness
    generator: torch.Generator


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
        costs = [self._own_cost(sweeper, photo) for photo in standing.photos]
        limit = LIMIT * float(torch.tensor(costs).median())
        joining = standing
        for photo in wave:
            cost, turn, centre = self._guessed(sweeper, photo)
            if cost < limit:
                joining = joining.with_camera(photo, turn, centre)
            else:
                self._refuse(photo)
        if joining is not standing:
            self._join(joining)
        return True

    def _due(self) -> list[int]:
        among, alike = self.standing.photos, self.ground.alike.value
        left = [
            photo
            for photo in range(len(alike))
            if photo not in among and self.tried.get(photo, 0) < self.tries
        ]
        left.sort(key=lambda photo: DELAY * self.tried.get(photo, 0) - alike[photo, among].max())
        return left[: max(1, min(len(among) // 2, max(AT_ONCE, len(among) // 4)))]

    def _refuse(self, photo: int) -> None:
        self.tried[photo] = self.tried.get(photo, 0) + 1

    def _join(self, joining: Standing) -> None:
        before = self.standing
        lens = len(joining.photos) >= LENS_AFTER and float(before.support.mean()) > LENS_SUPPORT
        after = joined(self.ground.photos, joining, self.side, lens)
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

    def _neighbours(self, photo: int) -> list[int]:
        return self.ground.alike.nearest(photo, self.standing.photos, COMPARED)

    def _own_cost(self, sweeper: Sweeper, photo: int) -> float:
        standing, near = self.standing, self._neighbours(photo)
        cameras, depth = standing.cameras, float(standing.depth[photo])
        turn, centre = cameras.rotation[[photo]], cameras.centre[[photo]]
        return float(sweeper.costs(photo, near, _seen_by(near, standing, turn, centre, depth))[0])

    def _guessed(self, sweeper: Sweeper, photo: int) -> tuple[float, Tensor, Tensor]:
        """The best camera (3, 3) and (3,) that is found for a photo, and what it costs."""
        standing, near = self.standing, self._neighbours(photo)
        depth = float(standing.depth[near[0]])
        origin = torch.tensor(near[:2]).repeat(DRAWN)[:DRAWN]
        middle = torch.zeros(DRAWN, NUMBERS)
        for row, other in enumerate(origin.tolist()):
            middle[row, SHIFTS] = shifts(self.ground.alike, other, photo, standing.cameras)

        def camera(numbers: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
            turn, centre = beside(middle[rows] + usual(numbers))
            begin = origin[rows]
            axes, start = standing.cameras.rotation[begin], standing.cameras.centre[begin]
            away = standing.depth[begin][:, None] * centre
            return axes @ turn, start + (axes @ away[..., None])[..., 0]

        def relate(numbers: Tensor, rows: Tensor) -> Relation:
            return _seen_by(near, standing, *camera(numbers, rows), depth)

        spread = 1 + WIDER * self.tried.get(photo, 0)
        drawn = spread * torch.randn(DRAWN, NUMBERS, generator=self.ground.generator)
        drawn[:2] = 0
        costs = sweeper.costs(photo, near, relate(drawn, torch.arange(DRAWN)))
        rows = costs.argsort(stable=True)[:KEPT]
        found, costs = sweeper.descended(
            photo, near, drawn[rows], lambda numbers: relate(numbers, rows)
        )
        best = costs.argmin(0, keepdim=True)
        turn, centre = camera(found[best], rows[best])
        return float(costs[best]), turn[0], centre[0]


def _seen_by(
    others: list[int], standing: Standing, turn: Tensor, centre: Tensor, depth: float
) -> Relation:
    """What others see along rays of cameras (B, 3, 3), (B, 3); depths are over `depth`."""
    back, place = standing.cameras.rotation[others].mT, standing.cameras.centre[others]
    away = (centre[:, None] - place)[..., None]
    return back @ turn[:, None], (back @ away)[..., 0] / depth

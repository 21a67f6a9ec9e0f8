"""Photo by photo into a world that stands, and out of it again where it does not fit."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from core.depthmaps.cameras import Cameras
from core.depthmaps.photos import Level
from core.parallel import ParallelMap
from core.search.direct.guessing import BESIDE, DRAWN, MOST, Guess, begun_beside, groups, guessed
from core.search.direct.likeness import Likeness, likeness
from core.search.direct.placing import Placed, levels_of, placed
from core.search.direct.poses import NUMBERS
from core.search.direct.standing import Standing, joined
from core.search.direct.sweeping import Sweeper

WORSE = 0.6  # of the support of those that stand, below which a step is taken back
POOR = 0.25  # of what is usually confirmed, below which a photo leaves
FEWEST = 4  # photos of which none is told poor
FITTING = 0.55  # of a photo, above which it joins those that are exact
HOPEFUL = 0.35  # above which it is placed once more, from where it has come to
TRIES = 2  # for each photo
IDLE = 3  # steps in a row in which nobody joins, after which it is over
WIDER = 0.3  # by which guesses spread more at each further try
DELAY = 0.15  # of likeness, by which a photo waits after it did not fit
ZOOMS = (1.5, 1 / 1.5)  # times its focal length, other lenses that a world is tried through
BETTER = 1.5  # times the support, from which another lens is taken
STRAINED = 0.85  # of the best support so far: with less a lens is suspected that few could bear
LENS_AFTER, LENS_SUPPORT = 6, 0.4  # photos and support with which the focal length moves
LENS_ASIDE = 0.12  # of the depth, between cameras: nearer ones bear any lens


@dataclass(frozen=True, eq=False)
class Ground:
    """What never changes while cameras are looked for.

    Attributes:
        photos: (N, C, H, W) of all.
        levels: of them, to place one, through any lenses.
        sweeper: of them, through any lenses.
        alike: of them.
        generator: the only source of chance.
        parallel_map: `map`, or that of a pool of threads; the result is the same.
    """

    photos: Tensor
    levels: tuple[Level, ...]
    sweeper: Sweeper
    alike: Likeness
    generator: torch.Generator
    parallel_map: ParallelMap = map

    @classmethod
    def of(
        cls,
        photos: Tensor,
        cameras: Cameras,
        generator: torch.Generator,
        parallel_map: ParallelMap = map,
    ) -> "Ground":
        """Args: of `cameras` lenses alone count."""
        sweeper = Sweeper.of(photos, cameras)
        levels, alike = levels_of(photos, cameras), likeness(sweeper.level)
        return cls(photos, levels, sweeper, alike, generator, parallel_map)


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
    reasons: set[tuple[int, int]] = field(default_factory=set)  # photo, and who gave it chances
    best: float = 0.0  # support since other lenses were tried; none before

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
        registered = self._fitting(wave, self._guessed(sweeper, wave))
        for photo in wave:
            if photo not in registered.photos:
                self._refuse(photo)
        if registered is not standing:
            self._join(registered)
        return True

    def _fitting(self, wave: list[int], found: list[list[Guess]]) -> Standing:
        """With those photos that find a place where they look as those that stand say.

        One that did not at first tries more of its guesses.
        """
        ground, standing = self.ground, self.standing

        def register(row: int) -> Placed:
            guesses = found[row][: BESIDE + self.tried.get(wave[row], 0)]
            return _best(ground, standing, wave[row], guesses)

        registered = standing
        for photo, one in zip(wave, ground.parallel_map(register, range(len(wave))), strict=True):
            if one.fit > FITTING:
                registered = registered.with_camera(photo, one.turn, one.centre, one.inverse)
        return registered

    def _guessed(self, sweeper: Sweeper, wave: list[int]) -> list[list[Guess]]:
        """Of each photo what its best cameras cost, and those cameras."""
        ground, standing = self.ground, self.standing
        each = max(DRAWN, MOST // len(wave))
        drawn = torch.randn(len(wave), each, NUMBERS, generator=ground.generator)
        tried = [self.tried.get(photo, 0) for photo in wave]
        spread = 1 + WIDER * torch.tensor(tried)
        drawn = spread[:, None, None] * drawn
        parts = groups(wave, standing.cameras.sizes)

        def guess(rows: list[int]) -> list[list[Guess]]:
            photos = [wave[row] for row in rows]
            before = [tried[row] for row in rows]
            return guessed(sweeper, ground.alike, standing, photos, drawn[rows], before)

        by_row = {
            row: one
            for rows, found in zip(parts, ground.parallel_map(guess, parts), strict=True)
            for row, one in zip(rows, found, strict=True)
        }
        return [by_row[row] for row in range(len(wave))]

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

    def _join(self, registered: Standing) -> None:
        before = self.standing
        lens = before.mean > LENS_SUPPORT and self._tells_lens(registered)
        ground = self.ground
        after = joined(ground.photos, registered, self.side, lens, ground.parallel_map)
        count = len(before.photos)
        fresh, old = after.photos[count:], after.support[:count]
        if float(old.mean()) < WORSE * before.mean:
            for photo in fresh:
                self._refuse(photo)
            return
        enough = len(after.photos) > FEWEST
        poor = after.below(POOR * float(after.confirmed[:count].median())) if enough else []
        for photo in poor:
            self._refuse(photo)
        if not set(fresh) <= set(poor):
            self.idle = 0
        self.standing = after.without(poor)
        self.reconsider([photo for photo in fresh if photo not in poor])
        if self._tells_lens(self.standing):
            self._suspect_lens()

    def reconsider(self, fresh: list[int]) -> None:
        """Photos that did not fit have all chances again once others join that look like them,
        and each of these is a reason for that once."""
        for photo in list(self.tried):
            beside = begun_beside(self.ground.alike, self.standing, photo, 0)
            reasons = {(photo, other) for other in beside if other in fresh} - self.reasons
            if reasons:
                del self.tried[photo]
            self.reasons |= reasons

    @staticmethod
    def _tells_lens(standing: Standing) -> bool:
        return len(standing.photos) >= LENS_AFTER and standing.aside > LENS_ASIDE

    def _suspect_lens(self) -> None:
        """Try other lenses once, and again where photos that join are confirmed less and less."""
        if self.standing.mean > STRAINED * self.best > 0:
            self.best = max(self.best, self.standing.mean)
        else:
            self.standing = self._through_other_lenses()
            self.best = self.standing.mean

    def _through_other_lenses(self) -> Standing:
        """The same cameras, or farther ones or nearer with a lens under which more is confirmed.

        Joint steps go the long way to another focal length slowly, or end before.
        """
        ground, best = self.ground, self.standing
        for times in ZOOMS:
            worth, further = 0.0, best
            while further.mean > BETTER * worth:
                best, worth = further, further.mean
                zoomed = best.zoomed(times)
                further = joined(ground.photos, zoomed, self.side, True, ground.parallel_map)
        return best


def _best(ground: Ground, standing: Standing, photo: int, guesses: list[Guess]) -> Placed:
    """Where a photo fits best, or the first place where it fits well enough."""
    best: Placed | None = None
    for _, turn, centre in guesses:
        one = placed(ground.levels, standing, photo, turn, centre)
        if HOPEFUL < one.fit <= FITTING:
            one = placed(ground.levels, standing, photo, one.turn, one.centre)
        if best is None or one.fit > best.fit:
            best = one
        if best.fit > FITTING:
            break
    assert best is not None, "there is a guess"
    return best

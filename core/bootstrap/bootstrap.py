"""Finding the cameras from nothing: short runs of planes that compete.

Pictures leave three things open that gradient descent may get wrong for good: where in depth the
scene begins to form, whether it forms inside out, and how long the focal length is. Each is
settled by rivals, runs of the same recipe from another start; the one that explains the photos
best leads. Rivals run beside the leader, one worker each.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor

from core.bootstrap.diagnostics import doubts
from core.bootstrap.hypotheses import begun_again, joined_by, place_beside, with_focal
from core.distributed.process_group import Mapper
from core.geometry.relief import bend
from core.multiplane.field import FIRST_ALPHA
from core.multiplane.schedule import Recipe
from core.training.multiplane_learner import PlanesLearner
from core.training.optimizers import part_of
from core.training.step import StepResult, decibels

FRONT_ALPHA = 0.35  # of the rival whose scene begins to form further in front
MIRROR_STEPS = 4  # of the mirrored rival for each of the leader, which is a level ahead
UNSURE = 0.5  # dB between a scene and its mirror image under which nobody can tell
FOCAL_STEP = 0.15  # in the logarithm of the focal length, of the trials to both sides
FLAT = 0.1  # dB below the best that a focal length may be and still be likely
WIDEST = 0.5  # half width of the interval, in the logarithm, where nothing can be told
SYSTEMATIC = 0.08  # further half width: what planes were off by where the trials saw no fault


@dataclass(frozen=True)
class Findings:
    """What the bootstrap learned besides cameras; None where it was not asked.

    Attributes:
        mirror_gap: dB by which the mirrored scene explains the photos worse.
        focal_interval: likely focal lengths over the longer side, from and to.
    """

    mirror_gap: float | None = None
    focal_interval: tuple[float, float] | None = None

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """From plain JSON."""
        interval = facts["focal_interval"]
        return cls(facts["mirror_gap"], None if interval is None else tuple(interval))


class Bootstrap:
    """The leader, its rivals, and what they settle, one phase after another.

    Phases: `starts` compares two beginnings, `mirror` the best of them with its mirror image,
    `focal` three focal lengths; in `joining` photos beyond the first ones are fitted to the planes.
    """

    def __init__(
        self,
        lead: Callable[[Tensor], PlanesLearner],
        photos: Tensor,
        names: Sequence[str],
        recipe: Recipe,
    ) -> None:
        """Begin with photos spread over all of them.

        Args:
            lead: makes a new learner of some photos (K,), with the recipe's `bootstrap` levels.
            photos: (K,) all that are to have cameras.
            names: of all photos, for what is said of them.
            recipe: how long each phase lasts.
        """
        self.recipe, self._names = recipe, names
        first, self.others = spread(photos, recipe.most_photos)
        self.leader = lead(first)
        self.rivals = [begun_again(self.leader, FRONT_ALPHA)]
        self.phase, self.findings = "starts", Findings()
        self.first_loss = math.inf  # of the leader when it began to lead
        self._said: list[str] = []

    def choose(self, photos: Tensor) -> None:
        """From now on these photos (K,) are to have cameras; newcomers join at the end."""
        learners = [self.leader, *self.rivals]
        known = torch.cat([self.others, *(learner.trained for learner in learners)])
        self.others = torch.cat([self.others, photos[~torch.isin(photos, known)]])
        self.others = self.others[torch.isin(self.others, photos)]
        for learner in learners:
            stay = learner.trained[torch.isin(learner.trained, photos)]
            fewest = 1 if self.phase == "joining" and learner is not self.leader else 2
            learner.choose(stay if len(stay) >= fewest else photos[:2])

    @property
    def finished(self) -> bool:
        """Whether the cameras are found."""
        return self.phase == "done"

    def told(self) -> list[str]:
        """Sentences to the person that were not taken yet."""
        said, self._said = self._said, []
        return said

    def step(self, mapper: Mapper, generator: torch.Generator) -> StepResult:
        """One step of the leader, and of its rivals beside it."""
        match self.phase:
            case "starts":
                return self._start(mapper, generator)
            case "mirror":
                return self._test_mirror(mapper, generator)
            case "focal":
                return self._try_focals(mapper, generator)
            case _:
                return self._join(mapper, generator)

    def _start(self, mapper: Mapper, generator: torch.Generator) -> StepResult:
        runners = [self.leader, *self.rivals]
        beside, within = self.leader.team.beside(mapper)
        results = list(beside(lambda runner: runner.step(within, generator), runners))
        if self.leader.level == len(self.recipe.starting):
            losses = [result.loss for result in results]
            best = losses.index(min(losses))
            self.leader, self.first_loss = runners[best], losses[best]
            mirrored = begun_again(self.leader, FIRST_ALPHA)
            bend(mirrored.rig, -1.0, *[self.leader.mean_disparity] * 2)
            self.rivals, self.phase = [mirrored], "mirror"
            return results[best]
        return results[0]

    def _test_mirror(self, mapper: Mapper, generator: torch.Generator) -> StepResult:
        if self.rivals:
            result = self._beside_the_mirror(mapper, generator)
        else:
            result = self.leader.step(mapper, generator)
        if self.leader.finished and not self.rivals:
            self._said += doubts(self.leader, result, self._names)
            learns = self.leader.cameras.learns
            self._begin_focal() if learns.focal else self._begin_joining()
        return result

    def _beside_the_mirror(self, mapper: Mapper, generator: torch.Generator) -> StepResult:
        rival = self.rivals[0]
        turns = [(self.leader, 1), (rival, MIRROR_STEPS)]
        beside, within = self.leader.team.beside(mapper)
        result, last = beside(lambda turn: _steps(*turn, within, generator), turns)
        if rival.level < len(self.recipe.starting):
            return result
        gap = decibels(self.first_loss) - decibels(last.loss)
        self.rivals, self.findings = [], replace(self.findings, mirror_gap=abs(gap))
        if gap < 0:
            self.leader, result = rival, last
            self._said.append("The mirrored scene explains the photos better; the cameras turned.")
        if abs(gap) < UNSURE:
            self._said.append(
                "The scene and its mirror image explain the photos nearly alike "
                f"({abs(gap):.1f} dB apart), so the cameras may be inside out; add photos taken "
                "from further aside."
            )
        return result

    # -- to be continued ---------------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        """Where it stands, as plain JSON."""
        return {
            "phase": self.phase,
            "first_loss": self.first_loss if math.isfinite(self.first_loss) else None,
            "findings": asdict(self.findings),
            "rivals": len(self.rivals),
        }

    def state(self) -> dict[str, Tensor]:
        """The rivals and the photos to come; the leader is kept by who owns this."""
        state = {"others": self.others}
        for index, rival in enumerate(self.rivals):
            state |= {f"rival{index}.{name}": value for name, value in rival.state().items()}
        return state

    def restore(
        self, facts: Mapping[str, Any], leader: dict[str, Tensor], state: dict[str, Tensor]
    ) -> None:
        """Be where facts and states were taken; this is new, of the same photos and config."""
        self.phase, self.findings = facts["phase"], Findings.of(facts["findings"])
        self.first_loss = math.inf if facts["first_loss"] is None else facts["first_loss"]
        self.others = state["others"]
        self.leader.restore(leader)
        self.rivals = [self._rival() for _ in range(facts["rivals"])]
        for index, rival in enumerate(self.rivals):
            rival.restore(part_of(state, f"rival{index}."))
        if self.phase == "joining":
            for rival in self.rivals:
                rival.take(self.leader.field)

    def _rival(self) -> PlanesLearner:
        """One with the levels and cameras that rivals of this phase have."""
        match self.phase:
            case "joining":
                return joined_by(self.leader, self.leader.trained, self.recipe.joining)
            case "focal":
                return with_focal(self.leader, 0.0, self.recipe.trial)
            case _:
                return begun_again(self.leader, FIRST_ALPHA)

    # -- focal length ------------------------------------------------------------------------

    def _begin_focal(self) -> None:
        self.phase = "focal"
        steps, trial = (-FOCAL_STEP, 0.0, FOCAL_STEP), self.recipe.trial
        self.rivals = [with_focal(self.leader, step, trial) for step in steps]

    def _try_focals(self, mapper: Mapper, generator: torch.Generator) -> StepResult:
        beside, within = self.leader.team.beside(mapper)
        results = list(beside(lambda rival: rival.step(within, generator), self.rivals))
        if self.rivals[0].finished:
            levels = [decibels(result.loss) for result in results]
            rig = self.leader.rig
            middle = float(rig.focal_lengths().detach().max()) / rig.long_side
            interval = likely_focals(middle, *levels)
            self.findings = replace(self.findings, focal_interval=interval)
            self._lead_on_from(self.rivals[1])
            self._begin_joining()
        return results[1]

    def _lead_on_from(self, trial: PlanesLearner) -> None:
        """The trial of the leader's own focal length has learned more than the leader."""
        trial.levels = self.leader.levels
        trial.level = len(trial.levels)
        trial.let_learn(self.leader.cameras.learns)
        self.leader = trial

    # -- the other photos --------------------------------------------------------------------

    def _begin_joining(self) -> None:
        self.rivals, self.phase = [], "joining"
        self._next_group()

    def _next_group(self) -> None:
        """The next photos to join, each beginning at its neighbour's camera; perhaps none."""
        most = self.recipe.most_photos
        group, self.others = self.others[:most], self.others[most:]
        self.rivals = []
        if len(group) == 0:
            self.phase = "done"
            return
        place_beside(self.leader, group)
        self.rivals = [joined_by(self.leader, group, self.recipe.joining)]

    def _join(self, mapper: Mapper, generator: torch.Generator) -> StepResult:
        joining = self.rivals[0]
        result = joining.step(mapper, generator)
        if joining.finished:
            self.leader.choose(torch.cat([self.leader.trained, joining.trained]).unique())
            self._next_group()
        return result


def _steps(
    runner: PlanesLearner, count: int, mapper: Mapper, generator: torch.Generator
) -> StepResult:
    """So many steps, but not beyond a level."""
    level = runner.level
    for _ in range(count):
        result = runner.step(mapper, generator)
        if runner.level != level:
            break
    return result


def likely_focals(middle: float, below: float, here: float, above: float) -> tuple[float, float]:
    """The focal lengths within `FLAT` of the best one, from three trials.

    Args: `middle` is a focal length; the others are dB reached `FOCAL_STEP` below it in the
    logarithm, at it, and above it. A parabola goes through the three.
    """
    curvature = (2 * here - below - above) / FOCAL_STEP**2
    if curvature <= 0:
        return middle * math.exp(-WIDEST), middle * math.exp(WIDEST)
    peak = (above - below) / (2 * FOCAL_STEP) / curvature
    half = min(math.hypot(math.sqrt(2 * FLAT / curvature), SYSTEMATIC), WIDEST)
    peak = min(max(peak, -half), half)
    return middle * math.exp(min(peak, 0) - half), middle * math.exp(max(peak, 0) + half)


def spread(photos: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """At most so many of the photos (K,), spread evenly over their order; and the others."""
    if len(photos) <= most:
        return photos, photos[:0]
    chosen = torch.zeros(len(photos), dtype=torch.bool)
    chosen[torch.linspace(0, len(photos) - 1, most).round().long()] = True
    return photos[chosen], photos[~chosen]

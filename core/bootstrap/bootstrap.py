"""Finding the cameras from nothing: short runs of planes that compete.

Pictures leave three things open that gradient descent may get wrong for good: where in depth the
scene begins to form, whether it forms inside out, and how long the focal length is. Each is
settled by hypotheses, runs of the same recipe from another start; the one that explains the photos
best leads. Hypotheses run beside the leader, one worker each.
"""

import math
from collections.abc import Hashable, Mapping
from dataclasses import asdict, replace
from typing import Any, Self

import torch
from torch import Tensor

from core.bootstrap.ahead import bootstrap_gone
from core.bootstrap.diagnostics import diagnostics
from core.bootstrap.findings import Findings
from core.bootstrap.focal import FOCAL_STEP, likely_focals
from core.bootstrap.hypotheses import beside, restart, with_focal
from core.bootstrap.mirror import mirror_messages, mirrored
from core.bootstrap.registration import registration, spread
from core.geometry.cameras import CameraRig
from core.geometry.neighbours import place_beside
from core.multiplane.field import FIRST_ALPHA, MultiplaneImage
from core.rendering.scene import Scene
from core.states import part_of
from core.training.idle_rates import idle_rates
from core.training.learner import Learner, StepContext
from core.training.learners.adjustment import Adjustment
from core.training.learners.correcting import Correcting
from core.training.learners.multiplane_learner import MultiplaneLearner
from core.training.step import StepResult, decibels

FRONT_ALPHA = 0.35  # of the hypothesis whose scene begins to form further in front
MIRROR_STEPS = 4  # of the mirrored hypothesis for each of the leader, which is a level ahead
HYPOTHESES = {"starts": (1,), "mirror": (0, 1), "focal": (3,), "joining": (1,), "done": (0,)}


class Bootstrap(Learner):
    """The leader, its hypotheses, and what they settle, one phase after another.

    Phases: `starts` compares two beginnings, `mirror` the best of them with its mirror image,
    `focal` three focal lengths; in `joining` photos beyond the first ones are fitted to the planes.
    """

    shows, leads, passing = "planes", True, True

    def __init__(self, context: StepContext) -> None:
        """Begin with photos spread over all of them."""
        super().__init__()
        self.recipe, self._names = context.recipe, context.names
        first, self.others = spread(context.trained, self.recipe.most_photos)
        self.leader = MultiplaneLearner.of(context, self.recipe.bootstrap, first)
        self.hypotheses = [restart(self.leader, FRONT_ALPHA)]
        self.phase, self._findings = "starts", Findings()
        self.first_loss = math.inf  # of the leader when it began to lead

    @classmethod
    def wanted(cls, context: StepContext) -> bool:
        """As long as there are no cameras."""
        return context.stage == "bootstrap"

    @classmethod
    def begin(cls, context: StepContext) -> Self:
        """With nothing but photos."""
        return cls(context)

    @property
    def rig(self) -> CameraRig:  # type: ignore[override]
        """The leader's cameras."""
        return self.leader.rig

    @property
    def field(self) -> MultiplaneImage:  # type: ignore[override]
        """The leader's planes."""
        return self.leader.field

    @property
    def proposal(self) -> MultiplaneImage:
        """The leader's planes."""
        return self.leader.field

    @property
    def compared_at(self) -> int:
        """Longer side of the photos at the leader's level."""
        return self.leader.compared_at

    @property
    def gone(self) -> float | None:
        """What part of it is gone; None once the cameras are found."""
        ways = self.leader, self.hypotheses
        return bootstrap_gone(self.phase, *ways, self.others, self.recipe)

    @property
    def work(self) -> Hashable:
        """Equal for steps that take about as long as one another."""
        return self.phase, self.leader.work

    @property
    def findings(self) -> Findings:
        """What was settled so far, besides cameras."""
        return self._findings

    @property
    def learners(self) -> list[MultiplaneLearner]:
        """The leader and its hypotheses."""
        return [self.leader, *self.hypotheses]

    @property
    def finished(self) -> bool:  # type: ignore[override]
        """Whether the cameras are found."""
        return self.phase == "done"

    def step(self, context: StepContext) -> StepResult:
        """One step of the leader, and of its hypotheses beside it."""
        act = {"starts": self._start, "mirror": self._test_mirror, "focal": self._try_focals}
        return act.get(self.phase, self._register)(context)

    def scene(self, context: StepContext) -> Scene:
        """The leader's planes."""
        return self.leader.scene(context)

    def rates(self, context: StepContext) -> dict[str, float]:
        """Those of the planes whose step is reported."""
        stepping = {"focal": 1, "joining": 0}.get(self.phase)
        return (self.leader if stepping is None else self.hypotheses[stepping]).rates(context)

    def _start(self, context: StepContext) -> StepResult:
        runners = self.learners
        results = beside([(runner, 1) for runner in runners], context)
        if self.leader.level == len(self.recipe.starting):
            losses = [result.loss for result in results]
            best = losses.index(min(losses))
            self.leader, self.first_loss = runners[best], losses[best]
            self.hypotheses, self.phase = [mirrored(self.leader)], "mirror"
            return results[best]
        return results[0]

    def _test_mirror(self, context: StepContext) -> StepResult:
        result = (self._beside_the_mirror if self.hypotheses else self.leader.step)(context)
        if self.leader.finished and not self.hypotheses:
            self._messages += diagnostics(self.leader, result, self._names)
            learns = self.leader.cameras.learns
            self._begin_focal() if learns.focal else self._begin_registration()
        return result

    def _beside_the_mirror(self, context: StepContext) -> StepResult:
        hypothesis = self.hypotheses[0]
        result, last = beside([(self.leader, 1), (hypothesis, MIRROR_STEPS)], context)
        if hypothesis.level < len(self.recipe.starting):
            return result
        gap = decibels(self.first_loss) - decibels(last.loss)
        self.hypotheses, self._findings = [], replace(self._findings, mirror_gap=abs(gap))
        if gap < 0:
            self.leader, result = hypothesis, last
        self._messages += mirror_messages(gap)
        return result

    # -- what a person changes ---------------------------------------------------------------

    def choose(self, photos: Tensor, fresh: Tensor) -> None:
        """From now on these photos (K,) are to have cameras; newcomers join at the end."""
        learners = self.learners
        known = torch.cat([self.others, *(learner.trained for learner in learners)])
        self.others = torch.cat([self.others, photos[~torch.isin(photos, known)]])
        self.others = self.others[torch.isin(self.others, photos)]
        for learner in learners:
            stay = learner.trained[torch.isin(learner.trained, photos)]
            fewest = 1 if self.phase == "joining" and learner is not self.leader else 2
            learner.choose(stay if len(stay) >= fewest else photos[:2])

    @property
    def rigs(self) -> list[CameraRig]:
        """The leader's and those of its hypotheses."""
        return [learner.rig for learner in self.learners]

    def reconfigure(self, old: StepContext, new: StepContext, converted: tuple[str, ...]) -> None:
        """Take over other options."""
        self._messages += idle_rates(old.config, new.config)
        for learner in self.learners:
            learner.room = new.room
            if converted or old.learns != new.learns:
                learner.let_learn(new.learns)

    def successors(self, context: StepContext) -> list[Learner]:
        """The leader's planes, which go on to sharpen; with all photos, whether found or not."""
        leader, photos = self.leader, context.trained
        place_beside(leader.rig, leader.trained, self.others)
        if leader.finished:
            leader.extend(self.recipe.sharpening, photos)
            leader.adjustment = Adjustment.of(leader.rig, photos)
            leader.correction = Correcting.of(leader.rig, photos, context.allowed)
        else:
            leader.levels = self.recipe.levels
            leader.choose(photos)
        return [leader]

    # -- to be continued ---------------------------------------------------------------------

    @classmethod
    def saved_in(cls, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> bool:
        """Whether a run was finding its cameras."""
        return "bootstrap" in facts

    def facts(self) -> dict[str, Any]:
        """Where it stands, as plain JSON."""
        own = {
            "phase": self.phase,
            "first_loss": self.first_loss if math.isfinite(self.first_loss) else None,
            "findings": asdict(self._findings),
            "rivals": len(self.hypotheses),
        }
        return self.leader.facts() | {"bootstrap": own}

    def state(self) -> dict[str, Tensor]:
        """The leader, its hypotheses, and the photos to come."""
        state = self.leader.state() | {"bootstrap.others": self.others}
        for index, hypothesis in enumerate(self.hypotheses):
            own = hypothesis.own_state().items()
            state |= {f"bootstrap.rival{index}.{name}": value for name, value in own}
        return state

    def restore(
        self, context: StepContext, facts: Mapping[str, Any], tensors: dict[str, Tensor]
    ) -> None:
        """Be where facts and states were taken; this is new, of the same photos and config."""
        own, state = facts["bootstrap"], part_of(tensors, "bootstrap.")
        self.phase, self._findings = own["phase"], Findings.of(own["findings"])
        self.first_loss = math.inf if own["first_loss"] is None else own["first_loss"]
        self.others = state["others"]
        self.leader.take_state(part_of(tensors, "planes."))
        if own["rivals"] not in HYPOTHESES.get(own["phase"], ()):
            raise ValueError(f"{own['rivals']} hypotheses in the phase {own['phase']}")
        self.hypotheses = [self._hypothesis() for _ in range(own["rivals"])]
        for index, hypothesis in enumerate(self.hypotheses):
            hypothesis.take_state(part_of(state, f"rival{index}."))
        if self.phase == "joining":
            for hypothesis in self.hypotheses:
                hypothesis.take(self.leader.field)

    def _hypothesis(self) -> MultiplaneLearner:
        """One with the levels and cameras that hypotheses of this phase have."""
        match self.phase:
            case "joining":
                return registration(self.leader, self.leader.trained, self.recipe.registration)
            case "focal":
                return with_focal(self.leader, 0.0, self.recipe.trial)
            case _:
                return restart(self.leader, FIRST_ALPHA)

    # -- focal length ------------------------------------------------------------------------

    def _begin_focal(self) -> None:
        self.phase = "focal"
        steps, trial = (-FOCAL_STEP, 0.0, FOCAL_STEP), self.recipe.trial
        self.hypotheses = [with_focal(self.leader, step, trial) for step in steps]

    def _try_focals(self, context: StepContext) -> StepResult:
        results = beside([(hypothesis, 1) for hypothesis in self.hypotheses], context)
        if self.hypotheses[0].finished:
            levels = [decibels(result.loss) for result in results]
            rig = self.leader.rig
            middle = float(rig.focal_lengths().detach().max()) / rig.long_side
            interval = likely_focals(middle, *levels)
            self._findings = replace(self._findings, focal_interval=interval)
            self._begin_registration()
        return results[1]

    # -- the other photos --------------------------------------------------------------------

    def _begin_registration(self) -> None:
        self.hypotheses, self.phase = [], "joining"
        self._next_group()

    def _next_group(self) -> None:
        """The next photos to join, each beginning at its neighbour's camera; perhaps none."""
        most = self.recipe.most_photos
        group, self.others = self.others[:most], self.others[most:]
        self.hypotheses = []
        if len(group) == 0:
            self.phase = "done"
            return
        place_beside(self.rig, self.leader.trained, group)
        self.hypotheses = [registration(self.leader, group, self.recipe.registration)]

    def _register(self, context: StepContext) -> StepResult:
        newcomers = self.hypotheses[0]
        result = newcomers.step(context)
        if newcomers.finished:
            self.leader.choose(torch.cat([self.leader.trained, newcomers.trained]).unique())
            self._next_group()
        return result

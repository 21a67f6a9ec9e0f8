"""A run in training: its steps, its stages, what a person changes, and what others may see."""

from dataclasses import replace
from functools import cached_property

from core.bootstrap.findings import Findings
from core.config import Config
from core.training import build
from core.training.copies import Copies
from core.training.learned import Learned
from core.training.learner import Learner, StepContext
from core.training.learners.registry import LEARNERS
from core.training.room import Room
from core.training.turns import Turns


class Trainer(Turns):
    """Belongs to one thread. What others may see of it is `learned`, a copy."""

    # -- from one stage to the next ----------------------------------------------------------

    def begin_stage(self, stage: str) -> None:
        """From now on it is another stage, whose schedules begin."""
        self.course = replace(self.course, stage=stage, stage_began=self.course.progress)

    def explore(self) -> None:
        """The cameras are found: planes go on to sharpen, and the chosen field begins."""
        before = self.context()
        found, after = self.learners[0].findings, self.seconds
        self.course = replace(self.course, findings=found, found_after=after)
        self.learners = [heir for learner in self.learners for heir in learner.successors(before)]
        self.begin_stage("explore")
        self.reconfigure(before)
        self.join()
        if all(learner.shows != self.shown for learner in self.learners):
            self.shown = self.learners[0].shows

    @property
    def explored_enough(self) -> bool:
        """Whether explore has lasted as long as it should, so that refine begins by itself."""
        after = self.config.training.pretrain_epochs
        lasted = self.epoch - self.course.stage_began.epoch
        return self.stage == "explore" and 0 < after <= lasted

    def join(self) -> None:
        """Have the learners that options and stage ask for, those that are there among them."""
        context = self.context()
        there = {type(learner): learner for learner in self.learners}
        self.learners = [
            there.get(kind) or kind.begin(context)
            for kind in LEARNERS.values()
            if kind.wanted(context)
        ]

    def reconfigure(self, before: StepContext) -> None:
        """Tell all learners of other options or another stage; cameras are stored as these ask.

        Args: `before` is a context of when the old ones held.
        """
        numbers = dict(self.rig.named_parameters())
        rigs = {id(rig): rig for learner in self.learners for rig in learner.rigs}
        for rig in rigs.values():
            build.express(rig, self.config, self.stage)
        now = dict(self.rig.named_parameters())
        converted = tuple(name for name in now if now[name] is not numbers[name])
        for learner in self.learners:
            learner.reconfigure(before, self.context(learner), converted)
            self.say(*learner.drain_messages())

    # -- what a person changes ---------------------------------------------------------------

    def take(self, config: Config) -> None:
        """Take over other options; who learns hears of them in `reconfigure`."""
        other_photos = config.data.disabled != self.config.data.disabled
        self.config = config
        self.edits += 1
        self.room = Room.of(config, self.device, self.colours.shape)
        if other_photos:
            self._choose_photos()

    def _choose_photos(self) -> None:
        """Learn from those that the options leave, and begin an epoch."""
        self.trained = build.trained_photos(self.config, self.photos.names, self.held_out)
        self.order = self.order[:0]
        self.holdout.choose(self.colours, self.trained)
        fresh = self.trained[self.photo_error[self.trained].isnan()]
        for learner in self.learners:
            learner.choose(self.trained, fresh)

    def restart_field(self) -> None:
        """Keep the cameras, restart the field and every schedule."""
        self.begin_stage("refine")
        self.edits += 1
        old = self.chosen
        heir = old.restarted(self.context(old, known=True))
        self.learners = [heir if one is old else one for one in self.learners]
        self.forget_field()

    def forget_field(self) -> None:
        """The field is another one: nothing is known of its quality, so planes are shown first."""
        self.holdout.errors.pop("field", None)
        self.shown = self.learners[0].shows

    # -- what others may see -----------------------------------------------------------------

    @property
    def complete(self) -> bool:
        """Whether nothing is left to learn."""
        return all(learner.complete for learner in self.learners)

    @property
    def found(self) -> Findings:
        """What was found besides cameras, by now."""
        bootstrapping = self.stage == "bootstrap"
        return self.learners[0].findings if bootstrapping else self.course.findings

    @property
    def showing(self) -> Learner:
        """The learner whose scene knows unseen pixels best."""
        return next(learner for learner in self.learners if learner.shows == self.shown)

    @property
    def rates(self) -> dict[str, float]:
        """The rate of each group of numbers that may move in the step to come.

        Those of a neural field's steps are called as their options are, those of planes begin with
        "planes.".
        """
        rates: dict[str, float] = {}
        for learner in self._working:
            rates |= learner.rates(self.context(learner))
        return rates

    @property
    def gone(self) -> float | None:
        """What part of the stage is gone, by whoever has not finished; None where it has no end."""
        parts = [learner.gone for learner in self.learners if not learner.finished]
        return next((part for part in parts if part is not None), None)

    @property
    def sharp(self) -> bool:
        """Whether those who lead have ended, so that little more is to be seen."""
        leading = [learner for learner in self.learners if learner.leads]
        return bool(leading) and all(learner.finished for learner in leading)

    @cached_property
    def _copies(self) -> Copies:
        return Copies()

    def learned(self, fresh: bool = True) -> Learned:
        """A copy that training leaves alone; planes may be a little older unless `fresh`."""
        return self._copies.learned(self, fresh)

    def close(self) -> None:
        """End the worker threads."""
        self._workers.shutdown(wait=True)

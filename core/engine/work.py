"""What the engine does with a run: its trainer, what was asked for, and each command to it."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, assert_never

from core.config import Config
from core.config.declare import Effect
from core.config.paths import changed, differences, strongest
from core.engine import commands
from core.engine.commands import OfRun, switches
from core.engine.commands.limits import NOTHING_LEFT, Limits
from core.engine.easing import eased, whole
from core.engine.governor import Governor
from core.engine.leader import Leader
from core.engine.monitoring.history import Recorder
from core.engine.monitoring.meter import DIVERGED, Meter
from core.engine.run_folder import journal
from core.engine.run_folder.earlier import Earlier
from core.engine.run_folder.opening import continued, loggable, new_trainer, open_run
from core.engine.run_folder.reached import Reached
from core.engine.run_folder.saver import Saver
from core.engine.searching.search import Search
from core.engine.snapshot import NoticeKind
from core.engine.snapshot.notices import Notices
from core.errors import InputError
from core.photos import is_video
from core.runs import checkpoint
from core.runs.starting.adopting import adopted
from core.training.changes import check, configure, refine
from core.training.trainer import Trainer


class Work:
    """A run at work. Used by the engine's thread, which catches what is raised here.

    Attributes:
        asked: the options that hold until there are photos.
        trainer: None until there are photos.
        limits: None while paused.
        failure: a sentence and perhaps a traceback, while there is one to be shown.
        came_back: what a crash took away, in a sentence, until the next command.
        lost: what could not be saved at the end, in a sentence.
    """

    def __init__(
        self,
        run: Path,
        changes: Mapping[str, Any],
        leader: Leader,
        governor: Governor,
        search: Search,
        died: str = "",
    ) -> None:
        """Prepare a run in a folder, new or continued, with some options by path.

        Args: `died`: see `Engine`.

        Raises:
            InputError: an option does not exist or has an impossible value.
        """
        self.asked = changed(Config(), changes)
        self._run, self._changes = run, dict(changes)
        self._leader, self._governor, self._search = leader, governor, search
        self.trainer: Trainer | None = None
        self.recorder, self.notices = Recorder(0), Notices()
        self.limits: Limits | None = None
        self.saver, self.meter = Saver(run), Meter()
        self.earlier = Earlier(self.saver)
        self.failure: tuple[str, str | None] | None = None
        self.reached, self.came_back = Reached(run, died), ""
        self.lost = ""

    @property
    def config(self) -> Config:
        """The options in force."""
        return self.trainer.config if self.trainer else self.asked

    @property
    def step(self) -> int:
        """How many steps the run has made."""
        return self.trainer.step if self.trainer else 0

    def fail(self, sentence: str, kind: NoticeKind, trace: str | None) -> None:
        """Say what went wrong; a failure is shown until the next command."""
        self.notices.add(self.step, kind, sentence)
        if self.trainer is None or kind == "failure":
            self.failure = (sentence, trace)

    def _say(self, *texts: str) -> None:
        self.notices.add(self.step, "info", *texts)

    # -- commands ----------------------------------------------------------------------------

    def apply(self, command: OfRun) -> None:
        """Do what a command asks for, and write it down."""
        self.failure, self.came_back = None if self.trainer else self.failure, ""
        match command:
            case commands.Play():
                self.limits = Limits.of(command, whole(self._needed()))
            case commands.Pause():
                self.limits = None
                if command.why and self.trainer is not None:
                    self._say(command.why)
            case commands.Step():
                self.limits = Limits.of(commands.Play(steps=command.count), self._needed())
            case commands.Refine():
                self._refine()
            case commands.Configure():
                self._configure(command.changes)
            case commands.Restart():
                self._restart(self._needed().config)
            case commands.Adopt() | commands.Reseed():
                self._exchange(self._needed(), command)
            case commands.Undo():
                self._take_back()
            case commands.Save():
                self._needed()
                self.saver.save_now()
                self._say("Checkpoint saved.")
            case commands.Sweep():
                self.saver.sweep()
                self._say(*self.saver.swept() or ["Only the newest states are kept already."])
            case _:
                assert_never(command)
        journal.append(self._run, self.step, command)

    def _needed(self) -> Trainer:
        if self.trainer is None:
            reason = self.failure[0] if self.failure else "There are no photos yet; add some."
            raise InputError(reason)
        return self.trainer

    def _configure(self, changes: Mapping[str, Any]) -> None:
        old = self.config
        new = loggable(changed(old, changes))
        effect = strongest(old, new)
        if self.trainer is None and "data.photos" not in changes:
            self.asked = new  # for the photos to come, or what the run could not begin without
            self._changes |= changes
            if self.failure and new.data.photos and effect > Effect.VIEW:
                self.open()
            return
        if effect is Effect.RESTART or self.trainer is None:
            self._restart(new)
            if "data.photos" in changes and is_video(new.data.photos):
                self.apply(commands.Pause(commands.LOOK_FIRST))
            return
        if effect is Effect.REBUILD_FIELD:
            check(self.trainer, new)  # what is refused leaves nothing to undo
            self.earlier.keep(self.trainer, "change", switches.label(differences(new, old)))
        before = [learner.shows for learner in self.trainer.learners]
        configure(self.trainer, new)
        picked = new.field.kind != old.field.kind and "explore.show" not in changes
        forming = switches.show_forming(self.trainer) if picked else []
        after = [learner.shows for learner in self.trainer.learners]
        if words := switches.label(differences(old, new)):
            waits = self.trainer.stage == "bootstrap"
            said = switches.sentence(words, effect, before, after, waits)
            self.recorder.switch(self.step, words, said)
            self._say(said, *forming)

    def _refine(self) -> None:
        trainer = self._needed()
        self.earlier.keep(trainer, "refine", "its scene")
        refine(trainer)
        said = "Rebuilding: the scene restarts, cameras stay."
        self.recorder.switch(self.step, "Rebuild", said)
        self._say(said)

    def _restart(self, config: Config) -> None:
        trainer = new_trainer(config, self._run, self._leader.processes)
        if (old := self.trainer) is not None:
            self.earlier.keep(old, "restart", f"its {len(old.photos.names)} photos")
        self._search.declined = frozenset()
        self._replace(trainer, Recorder(len(trainer.photos.names)))
        count = f"{len(trainer.photos.names)} photos"
        same = old is not None and old.config.data.photos == config.data.photos
        self._say(f"Started again with {count}." if same else f"{count} loaded.")

    def _exchange(self, trainer: Trainer, command: commands.Adopt | commands.Reseed) -> None:
        """Take other cameras, or have some looked for."""
        if isinstance(command, commands.Reseed):
            self._search.reseed(command.photos)
            return
        heir = adopted(trainer, self._search.witness(command.way, trainer.course.found_by))
        self.earlier.keep(trainer, "cameras", "its cameras", command.way)
        self._replace(heir, self.recorder)
        self.recorder.mark(self.step, f"cameras from {command.way}")

    def _take_back(self) -> None:
        self._replace(*continued(self.earlier.newest(), self._run, self._leader.processes))
        self._search.declined |= {self.earlier.forget()}
        self._say(f"Back at step {self.step}.")

    def _replace(self, trainer: Trainer, recorder: Recorder) -> None:
        if self.trainer is not None:
            self.trainer.close()
        self.trainer, self.recorder = trainer, recorder
        self.saver.follow(trainer, recorder)
        self.failure, self.meter = None, Meter(recorder.last_loss())
        self.notices.add(trainer.step, "warning", *trainer.photos.notices)
        self._say(*trainer.drain_messages())

    # -- work --------------------------------------------------------------------------------

    def open(self) -> None:
        """Begin the run, or go on with it where it was saved last."""
        trainer, recorder, complaints = open_run(self._run, self._changes, self._leader.processes)
        self._replace(trainer, recorder)
        self.earlier.restore(recorder.undo)
        if trainer.step and not trainer.edits:
            self.saver.opened()
        self.notices.add(trainer.step, "warning", *complaints)
        self.came_back, before = self.reached.back(trainer)
        self.limits = before or self.limits
        if self.came_back:
            self.notices.add(trainer.step, "warning", self.came_back)
        if trainer.step:
            self._say(f"Continuing {self._run.name} at step {trainer.step}.")

    def open_again(self) -> None:
        """The newest state of the run as it is on the disk; anew where there is none."""
        found, _ = checkpoint.newest(self._run)
        if found is None:
            self.open()
        else:
            self._replace(*continued(found, self._run, self._leader.processes))

    def train(self) -> None:
        """One step, and all that follows from it."""
        trainer, limits = self.trainer, self.limits
        assert trainer is not None and limits is not None, "only what was begun is played"
        self._governor.share = trainer.config.explore.share
        began, stage, best = time.monotonic(), trainer.stage, trainer.shown
        workers = self._governor.workers(trainer.config.training.workers, trainer.work)
        with self._governor.training(workers, trainer.work), self._leader.leading(trainer):
            result = trainer.train_step(workers)
        ended = time.monotonic()
        self.meter.learn(result, ended - began)
        self.meter.pace.watch(stage, trainer.gone, ended - began, ended)
        self._conclude(trainer, limits, result.finite, stage, best)

    def eases(self, error: BaseException) -> bool:
        """Whether steps go on in smaller pieces, as memory ran out in one; `Play` forgets it."""
        return eased(self.trainer, error, self._leader.processes.world == 1)

    def _conclude(
        self, trainer: Trainer, limits: Limits, finite: bool, stage: str, best: str
    ) -> None:
        """What follows from a step, before which the run was at a stage and showed the best."""
        if self.meter.diverged:
            self.limits = None
            raise InputError(DIVERGED)
        if finite and self.meter.loss is not None:
            self.recorder.add(trainer.step, self.meter.loss, trainer.rig)
            self.saver.moments.note(trainer)
        if trainer.compared:
            self.recorder.compare(trainer, best)
        self._say(*trainer.drain_messages())
        if trainer.stage != stage:  # the cameras are found: planes are still small, and kept whole
            self.saver.save("cameras-found")
        if trainer.explored_enough:
            self._refine()
        if self._leader.lost:
            self.fail(self._leader.lost, "failure", None)
        if self._leader.lost or limits.reached(trainer):
            self.limits = None

    @property
    def resting(self) -> bool:
        """Whether training is wanted, and another step would change nothing."""
        return self.limits is not None and self.trainer is not None and self.trainer.complete

    def rest(self) -> None:
        """Wait while better cameras may be found; else pause."""
        if self.limits is not None and self.limits.reached(self._needed()):
            self.limits = None
        elif not self._search.expecting:
            self.limits = None
            self._say(NOTHING_LEFT)

    def hear_of_saves(self) -> None:
        """Say what became of states that were to be saved."""
        for refusal in self.saver.refusals():
            self.fail(refusal, "warning", None)
        self._say(*self.saver.swept())

    def end_saving(self) -> None:
        """Save the last state; `lost` says where that fails."""
        self.lost = f"The end of the run {self._run} is lost: step {self.step} was not saved"
        reason = self.saver.close()
        self.lost = f"{self.lost} ({reason}); make room." if reason else ""
        if self.trainer is not None:
            self.reached.note(self.trainer, None, last=True)

"""The one thread that owns everything that changes: commands in, snapshots out."""

import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, assert_never

from core.config import Config
from core.config.declare import Effect
from core.config.paths import changed, differences, strongest
from core.distributed.process_group import ALONE, Alone
from core.engine import commands, journal, switches
from core.engine.beside import Beside
from core.engine.claim import Claim
from core.engine.commands import Command
from core.engine.earlier import Earlier
from core.engine.facts import facts_of, facts_without_photos
from core.engine.governor import Governor
from core.engine.history import Recorder
from core.engine.inbox import Inbox
from core.engine.lifeline import GAVE_UP, Lifeline, described
from core.engine.limits import NOTHING_LEFT, Limits
from core.engine.logbook import loggable
from core.engine.meter import DIVERGED, Meter
from core.engine.notices import Notices
from core.engine.opening import continued, new_trainer, open_run
from core.engine.reached import Reached
from core.engine.saver import Saver
from core.engine.slot import Slot
from core.engine.snapshot import NoticeKind, Snapshot
from core.engine.team import Leader
from core.errors import InputError
from core.photos import is_video
from core.runs import checkpoint
from core.runs.adopting import adopted
from core.training.changes import check, configure, refine
from core.training.learned import PAIR
from core.training.trainer import Trainer

PUBLISH_SECONDS = 0.1
BACK = "what is shown can be set back at any time."


class Engine:
    """Trains in the background. `submit` commands, read `snapshot`; nothing else crosses."""

    def __init__(self, run: Path, changes: Mapping[str, Any], team: Alone = ALONE) -> None:
        """Prepare a run in a folder, new or continued, with some options by path; lead its `team`.

        Raises:
            InputError: an option does not exist or has an impossible value.
        """
        self.governor, self._leader = Governor(team.cores), Leader(team)
        self._run, self._changes = run, dict(changes)
        self._inbox = Inbox()
        self._asked = changed(Config(), changes)  # what holds until there are photos
        self._slot = Slot(Snapshot(0, run, self._asked))
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._trainer: Trainer | None = None
        self._recorder = Recorder(0)
        self._notices = Notices()
        self._limits: Limits | None = None  # None while paused
        self._saver, self._meter = Saver(run), Meter()
        self._earlier = Earlier(self._saver)
        self._beside = Beside(self.governor, self.submit)
        self._failure: tuple[str, str | None] | None = None
        self._published_at, self._fresh = time.monotonic(), False  # whether there is news since
        self._reached, self._came_back = Reached(run), ""  # what a crash took away
        self._lost = ""  # what could not be saved at the end

    # -- any thread --------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to load photos and to take commands.

        Raises:
            InputError: another process has the run, or nothing can be written there.
        """
        self._claim = Claim(self._run)
        self._thread.start()

    def stop(self) -> str:
        """Save and end; returns when the step under way and the checkpoint are done.

        Returns:
            A sentence where the last state could not be saved, else nothing.
        """
        self._inbox.put(None)
        self._thread.join()
        return self._lost

    def submit(self, command: Command) -> None:
        """Ask for something; returns at once."""
        self._inbox.put(command)

    @property
    def snapshot(self) -> Snapshot:
        """The newest facts; never waits."""
        return self._slot.newest

    def wait(self, newer_than: int, timeout: float) -> Snapshot:
        """The newest snapshot, once its version is over `newer_than` or time is up."""
        return self._slot.wait(newer_than, timeout)

    # -- the engine's thread -----------------------------------------------------------------

    def _work(self) -> None:
        self._guarded(self._open)
        self._publish()
        lifeline = Lifeline(self._revive, self._give_up)
        while lifeline.goes_on(self._round):
            pass
        self._limits = None
        for last in (self._leader.end, self._end_saving, self._publish, self._beside.stop):
            self._guarded(last)
        if self._trainer is not None:
            self._guarded(self._trainer.close)
        self._claim.release()

    def _round(self) -> bool:
        """Commands, a step, what is due; False once the end is asked for."""
        if not self._take_commands():
            return False
        if self._saver.ended:
            self._guarded(self._hear_of_saves)
        if self._limits is not None:
            self._guarded(self._train)
        if self._saver.due(self._config.training.autosave_seconds):
            self._guarded(self._saver.save)
        self._fresh |= self._slot.newest.opinion is not self._beside.search.opinion
        if self._fresh and time.monotonic() - self._published_at >= PUBLISH_SECONDS:
            self._publish()
        return True

    def _revive(self, words: str, trace: str) -> None:
        """Begin again from the newest state that was saved: what there is may be half changed."""
        self._limits = None
        self._guarded(self._open_again)
        kept = f"went on from step {self._step}, the newest that was saved; play on"
        self._fail(f"The engine failed ({words}) and {kept}.", "failure", trace)
        self._publish()

    def _give_up(self, words: str, trace: str) -> None:
        self._limits = None
        self._fail(f"{GAVE_UP} ({words})", "failure", trace)

    @property
    def _config(self) -> Config:
        return self._trainer.config if self._trainer else self._asked

    def _take_commands(self) -> bool:
        """Apply what waits; while paused, wait for the next. False once the end is asked for."""
        idle = self._limits is None or self._resting
        for command in self._inbox.taken(patience=0.25 if idle else 0.0):
            if command is None:
                return False
            self._guarded(lambda command=command: self._apply(command))
            self._publish()
        return True

    def _guarded(self, act: Callable[[], object]) -> None:
        """Run one act; a failure becomes a notice, and the engine lives on."""
        self._fresh = True
        try:
            act()
        except InputError as error:
            self._fail(str(error), "warning", None)
        except BaseException as error:  # a library's SystemExit too: nobody else would hear of it
            self._limits = None
            self._fail(f"Stopped: {described(error)}.", "failure", traceback.format_exc())

    def _fail(self, sentence: str, kind: NoticeKind, trace: str | None) -> None:
        self._notices.add(self._step, kind, sentence)
        if self._trainer is None or kind == "failure":
            self._failure = (sentence, trace)

    @property
    def _step(self) -> int:
        return self._trainer.step if self._trainer else 0

    def _say(self, *texts: str) -> None:
        self._notices.add(self._step, "info", *texts)

    # -- commands ----------------------------------------------------------------------------

    def _apply(self, command: Command) -> None:
        self._failure, self._came_back = None if self._trainer else self._failure, ""
        match command:
            case commands.Play():
                self._limits = Limits.of(command, self._needed())
            case commands.Pause():
                self._limits = None
                if command.why and self._trainer is not None:
                    self._say(command.why)
            case commands.Step():
                self._limits = Limits.of(commands.Play(steps=command.count), self._needed())
            case commands.Refine():
                self._refine()
            case commands.Configure():
                self._configure(command.changes)
            case commands.Restart():
                self._restart(self._needed().config)
            case commands.Adopt():
                self._adopt(command.way)
            case commands.Undo():
                self._take_back()
            case commands.Save():
                self._needed()
                self._saver.save_now()
                self._say("Checkpoint saved.")
            case commands.Sweep():
                self._saver.sweep()
                self._say(*self._saver.swept() or ["Only the newest states are kept already."])
            case _:
                assert_never(command)
        journal.append(self._run, self._step, command)

    def _needed(self) -> Trainer:
        if self._trainer is None:
            reason = self._failure[0] if self._failure else "There are no photos yet; add some."
            raise InputError(reason)
        return self._trainer

    def _configure(self, changes: Mapping[str, Any]) -> None:
        old = self._config
        new = loggable(changed(old, changes))
        effect = strongest(old, new)
        if self._trainer is None and "data.photos" not in changes:
            self._asked = new  # for the photos to come, or what the run could not begin without
            self._changes |= changes
            if self._failure and new.data.photos and effect > Effect.VIEW:
                self._open()
            return
        if effect is Effect.RESTART or self._trainer is None:
            self._restart(new)
            if "data.photos" in changes and is_video(new.data.photos):
                self._apply(commands.Pause(commands.LOOK_FIRST))
            return
        if effect is Effect.REBUILD_FIELD:
            check(self._trainer, new)  # what is refused leaves nothing to undo
            self._earlier.keep(self._trainer, "change", switches.label(differences(new, old)))
        before = [learner.shows for learner in self._trainer.learners]
        configure(self._trainer, new)
        after = [learner.shows for learner in self._trainer.learners]
        if words := switches.label(differences(old, new)):
            self._recorder.mark(self._step, words)
            waits = self._trainer.stage == "bootstrap"
            self._say(switches.sentence(words, effect, before, after, waits))
        if new.field.kind != old.field.kind and "explore.show" not in changes:
            self._show_forming(self._trainer)

    def _show_forming(self, trainer: Trainer) -> None:
        """Let a network that was picked while planes are there be seen beside them."""
        there = {learner.shows for learner in trainer.learners}
        unseen = trainer.config.explore.show in ("best", "planes")
        if trainer.step and set(PAIR) <= there and unseen:
            configure(trainer, changed(trainer.config, {"explore.show": "both"}))
            self._say(f"{trainer.config.field.kind} is seen forming beside the planes; {BACK}")

    def _refine(self) -> None:
        trainer = self._needed()
        self._earlier.keep(trainer, "refine", "its scene")
        refine(trainer)
        self._recorder.mark(self._step, "refine")
        self._say("Refining: the scene restarts, cameras stay.")

    def _restart(self, config: Config) -> None:
        trainer = new_trainer(config, self._run, self._leader.team)
        if (old := self._trainer) is not None:
            self._earlier.keep(old, "restart", f"its {len(old.photos.names)} photos")
        self._replace(trainer, Recorder(len(trainer.photos.names)))
        self._say(f"Started again with {len(trainer.photos.names)} photos.")

    def _adopt(self, way: str) -> None:
        trainer = self._needed()
        heir = adopted(trainer, self._beside.search.witness(way))
        self._earlier.keep(trainer, "cameras", "its cameras")
        self._replace(heir, self._recorder)
        self._recorder.mark(self._step, f"cameras from {way}")

    def _take_back(self) -> None:
        self._replace(*continued(self._earlier.newest(), self._run, self._leader.team))
        self._earlier.forget()
        self._say(f"Back at step {self._step}.")

    def _replace(self, trainer: Trainer, recorder: Recorder) -> None:
        if self._trainer is not None:
            self._trainer.close()
        self._trainer, self._recorder = trainer, recorder
        self._saver.follow(trainer, recorder)
        self._failure, self._meter = None, Meter(recorder.last_loss())
        self._notices.add(trainer.step, "warning", *trainer.photos.notices)
        self._say(*trainer.drain_messages())

    # -- work --------------------------------------------------------------------------------

    def _open(self) -> None:
        trainer, recorder, complaints = open_run(self._run, self._changes, self._leader.team)
        self._replace(trainer, recorder)
        if trainer.step and not trainer.edits:
            self._saver.opened()
        self._notices.add(trainer.step, "warning", *complaints)
        self._came_back = self._reached.lost(trainer)
        if self._came_back:
            self._notices.add(trainer.step, "warning", self._came_back)
        if trainer.step:
            self._say(f"Continuing {self._run.name} at step {trainer.step}.")

    def _open_again(self) -> None:
        """The newest state of the run as it is on the disk; anew where there is none."""
        found, _ = checkpoint.newest(self._run)
        if found is None:
            self._open()
        else:
            self._replace(*continued(found, self._run, self._leader.team))

    def _train(self) -> None:
        trainer, limits = self._needed(), self._limits
        assert limits is not None
        if self._resting:
            self._rest(trainer, limits)
            return
        self.governor.share = trainer.config.explore.share
        began, stage, best = time.monotonic(), trainer.stage, trainer.shown
        workers = self.governor.workers(trainer.config.training.workers, trainer.work)
        with self.governor.training(workers, trainer.work):
            result = self._leader.step(trainer, workers)
        self._meter.learn(result, time.monotonic() - began)
        if self._meter.diverged:
            self._limits = None
            raise InputError(DIVERGED)
        if result.finite:
            self._recorder.add(trainer.step, self._meter.loss, trainer.rig)
        if trainer.compared:
            self._recorder.compare(trainer, best)
        self._say(*trainer.drain_messages())
        if trainer.stage != stage:  # the cameras are found: planes are still small, and kept whole
            self._saver.save("cameras-found")
        if trainer.explored_enough:
            self._refine()
        if self._leader.lost:
            self._fail(self._leader.lost, "failure", None)
        if self._leader.lost or limits.reached(trainer):
            self._limits = None

    @property
    def _resting(self) -> bool:
        """Whether training is wanted, and another step would change nothing."""
        return self._limits is not None and self._trainer is not None and self._trainer.complete

    def _rest(self, trainer: Trainer, limits: Limits) -> None:
        """Wait while better cameras may be found; else pause."""
        if limits.reached(trainer):
            self._limits = None
        elif not self._beside.search.expecting:
            self._limits = None
            self._say(NOTHING_LEFT)

    def _hear_of_saves(self) -> None:
        for refusal in self._saver.told():
            self._fail(refusal, "warning", None)
        self._say(*self._saver.swept())

    def _end_saving(self) -> None:
        self._lost = f"The end of the run {self._run} is lost: step {self._step} was not saved"
        reason = self._saver.close()
        self._lost = f"{self._lost} ({reason}); make room." if reason else ""

    def _publish(self) -> None:
        """What is true now; where that cannot be told, what was, and that it is over."""
        self._published_at, self._fresh = time.monotonic(), False
        self._notices.add(self._step, "warning", *self._beside.told())
        try:
            snapshot = self._facts()
        except BaseException as error:
            self._limits = None
            self._fail(f"Stopped: {described(error)}.", "failure", traceback.format_exc())
            snapshot = replace(self._slot.newest, playing=False, **self._common_facts())
        if self._trainer is not None:
            self._reached.note(self._trainer)
        self._slot.put(snapshot)
        self._beside.show(snapshot)

    def _common_facts(self) -> dict[str, Any]:
        sentence, trace = self._failure or (None, None)
        return {
            "version": self._slot.newest.version + 1,
            "run": self._run,
            "notices": self._notices.newest(),
            "failure": sentence,
            "traceback": trace,
        }

    def _facts(self) -> Snapshot:
        if self._trainer is None:
            return facts_without_photos(self._asked, **self._common_facts())
        parts = (self._trainer, self._recorder, self._meter, self._limits)
        told = {
            "came_back": self._came_back,
            "opinion": self._beside.search.opinion,
            "undo": self._earlier.words,
        }
        return facts_of(*parts, **told, **self._common_facts())

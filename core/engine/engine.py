"""The one thread that owns everything that changes: commands in, snapshots out."""

import functools
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.distributed.process_group import SINGLE_PROCESS, ProcessGroup
from core.engine.beside import Beside
from core.engine.commands import Command, Open
from core.engine.commands.inbox import Inbox
from core.engine.governor import Governor
from core.engine.leader import Leader
from core.engine.lifeline import GAVE_UP, Lifeline, described
from core.engine.run_folder.claim import Claim
from core.engine.snapshot import Snapshot
from core.engine.snapshot.facts import Around, facts_of, facts_without_photos, with_facts
from core.engine.snapshot.follower import Follower
from core.engine.snapshot.slot import Slot
from core.engine.work import Work
from core.errors import InputError, OutOfMemory

PUBLISH_SECONDS = 0.1


def nobody(governor: Governor) -> list[Follower]:
    """No observers: a run of a test or of a notebook."""
    return []


class Engine:
    """Trains in the background. `submit` commands, read `snapshot`; nothing else crosses."""

    def __init__(
        self,
        run: Path,
        changes: Mapping[str, Any],
        processes: ProcessGroup = SINGLE_PROCESS,
        died: str = "",
        observers: Callable[[Governor], Sequence[Follower]] = nobody,
    ) -> None:
        """Prepare a run in a folder, new or continued, with some options by path.

        Args:
            run: the folder.
            changes: options that differ from the run's, or from their defaults, by path.
            processes: those that share each step; this one leads.
            died: of what the process did that had the run before, where it is to be taken up as
                that left it: it is said, and what was trained is trained on.
            observers: makes those who look at the run; see `core.observing`.

        Raises:
            InputError: an option does not exist or has an impossible value.
        """
        self.governor, self._leader = Governor(processes.cores), Leader(processes)
        self._run = run
        self._inbox = Inbox()
        self._observers = observers
        self._beside = self._new_beside()
        self._work = Work(run, changes, self._leader, self.governor, self._beside.search, died)
        self._slot = Slot(Snapshot(0, run, self._work.asked))
        self._thread = threading.Thread(target=self._rounds, name="engine", daemon=True)
        self._published_at, self._fresh = time.monotonic(), False  # whether there is news since

    def _new_beside(self) -> Beside:
        return Beside(self.governor, self.submit, self._observers(self.governor))

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
        return self._work.lost

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

    def _rounds(self) -> None:
        self._guarded(self._work.open)
        self._publish()
        lifeline = Lifeline(self._revive, self._give_up)
        while lifeline.goes_on(self._round):
            pass
        self._work.limits = None
        for last in (self._leader.end, self._work.end_saving, self._publish, self._beside.stop):
            self._guarded(last)
        if self._work.trainer is not None:
            self._guarded(self._work.trainer.close)
        self._claim.release()

    def _round(self) -> bool:
        """Commands, a step, what is due; False once the end is asked for."""
        if not self._take_commands():
            return False
        if self._work.saver.ended:
            self._guarded(self._work.hear_of_saves)
        if self._work.resting:
            self._guarded(self._work.rest)
        elif self._work.limits is not None:
            self._guarded(self._work.train, self._work.eases)
        if self._work.saver.due(self._work.config.training.autosave_seconds):
            self._guarded(self._work.saver.save)
        self._fresh |= self._slot.newest.opinion is not self._beside.search.opinion
        if self._fresh and time.monotonic() - self._published_at >= PUBLISH_SECONDS:
            self._publish()
        return True

    def _revive(self, words: str, trace: str) -> None:
        """Begin again from the newest state that was saved: what there is may be half changed."""
        self._work.limits = None
        self._guarded(self._work.open_again)
        kept = f"went on from step {self._work.step}, the newest that was saved; play on"
        self._work.fail(f"The engine failed ({words}) and {kept}.", "failure", trace)
        self._publish()

    def _give_up(self, words: str, trace: str) -> None:
        self._work.limits = None
        self._work.fail(f"{GAVE_UP} ({words})", "failure", trace)

    def _take_commands(self) -> bool:
        """Apply what waits; while paused, wait for the next. False once the end is asked for."""
        idle = self._work.limits is None or self._work.resting
        for command in self._inbox.taken(patience=0.25 if idle else 0.0):
            if command is None:
                return False
            self._guarded(functools.partial(self._apply, command))
            self._publish()
        return True

    def _apply(self, command: Command) -> None:
        if isinstance(command, Open):
            self._turn_to(command.run, command.changes)
        else:
            self._work.apply(command)

    def _turn_to(self, run: Path, changes: Mapping[str, Any]) -> None:
        """Leave the run saved, and go on with another, paused.

        Raises:
            InputError: this one cannot be saved or another process has that one, and nothing has
                changed; or that one cannot be continued, which it then says itself.
        """
        if run == self._run:
            return
        claim = Claim(run)
        try:
            if self._work.trainer is not None and self._work.saver.unsaved:
                self._work.saver.save_now()
        except InputError:
            claim.release()
            raise
        self._work.end_saving()
        if self._work.trainer is not None:
            self._work.trainer.close()
        self._guarded(self._beside.stop)  # what follows a run keeps files of it open
        self._claim.release()
        self._run, self._claim, self._beside = run, claim, self._new_beside()
        self._work = Work(run, changes, self._leader, self.governor, self._beside.search)
        self._work.open()

    def _guarded(
        self,
        act: Callable[[], object],
        eases: Callable[[BaseException], bool] = lambda error: False,
    ) -> None:
        """Run one act; a failure becomes a notice, and the engine lives on.

        Args: `eases` may see to it that the same act will do better.
        """
        self._fresh = True
        try:
            act()
        except OutOfMemory as error:
            self._work.limits = None
            self._work.fail(str(error), "failure", None)
        except InputError as error:
            self._work.fail(str(error), "warning", None)
        except BaseException as error:  # a library's SystemExit too: nobody else would hear of it
            if eases(error):
                return
            self._work.limits = None
            self._work.fail(f"Stopped: {described(error)}.", "failure", traceback.format_exc())

    def _publish(self) -> None:
        """What is true now; where that cannot be told, what was, and that it is over."""
        self._published_at, self._fresh = time.monotonic(), False
        self._work.notices.add(self._work.step, "warning", *self._beside.drain_messages())
        try:
            snapshot = self._facts()
        except BaseException as error:
            self._work.limits = None
            self._work.fail(f"Stopped: {described(error)}.", "failure", traceback.format_exc())
            snapshot = with_facts(replace(self._slot.newest, playing=False), self._around())
        if self._work.trainer is not None:
            self._work.reached.note(self._work.trainer, self._work.limits)
        self._slot.put(snapshot)
        self._beside.show(snapshot)

    def _around(self) -> Around:
        version, notices = self._slot.newest.version + 1, self._work.notices.newest()
        return Around(version, self._run, notices, *(self._work.failure or (None, None)))

    def _facts(self) -> Snapshot:
        if self._work.trainer is None:
            return facts_without_photos(self._work.asked, self._around())
        return facts_of(
            self._work.trainer,
            self._work.recorder,
            self._work.meter,
            self._work.limits,
            self._around(),
            came_back=self._work.came_back,
            opinion=self._beside.search.opinion,
            undo=self._work.earlier.words,
        )

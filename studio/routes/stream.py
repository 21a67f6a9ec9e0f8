"""What is told of a run and of the scene: all at once, or as a stream of what changed."""

import asyncio
import dataclasses
import threading
import time
from collections.abc import AsyncIterator

from core.engine.commands import Command
from core.exporting.jobs import Jobs, JobView
from core.runs.sweeping import kept
from studio.protocols import Steerable, Viewer
from studio.routes import facts
from studio.routes.advice import Advice
from studio.routes.feed import Feed
from studio.routes.viewing import viewing

QUICK, SLOW = 0.2, 1.0  # seconds between two looks at facts, and at curves and photos
GLANCE = 0.03  # seconds between two glances at what a hand may have changed, which is told at once
SCENE_LATE = 15.0  # seconds after which a page is taken to show no scene: it may lack WebGL


class Stream:
    """Reads the newest facts for every page that listens."""

    def __init__(
        self, engine: Steerable, viewer: Viewer, jobs: Jobs, begin: Command | None
    ) -> None:
        """Args: `begin` waits for the first page, so that nobody misses the first seconds."""
        self._engine, self._viewer, self._jobs = engine, viewer, jobs
        self._waiting = begin
        self._advice = Advice()
        self._ending = threading.Event()

    def stop(self) -> None:
        """End every stream soon."""
        self._ending.set()
        self._advice.stop()

    def status(self) -> facts.Json:
        """The whole truth."""
        return facts.status(self._engine.snapshot) | self._surroundings()

    async def messages(self) -> AsyncIterator[str]:
        """Server-sent events to one page, until it goes or the studio ends."""
        feed, opened, steered = self.feed(), time.monotonic(), self._steered
        while not self._ending.is_set():
            self._welcome(time.monotonic() - opened)
            if steered != (steered := self._steered):
                feed.hurry("status")
            for message in feed.due(time.monotonic()):
                yield message
            await asyncio.sleep(GLANCE)

    @property
    def _steered(self) -> tuple[object, ...]:
        snapshot = self._engine.snapshot
        newest = snapshot.notices[-1].number if snapshot.notices else 0
        return snapshot.config, snapshot.playing, snapshot.stage, newest

    def _welcome(self, seconds: float) -> None:
        """Begin what waits for the first page, once that shows the scene; `seconds` it is open."""
        if self._waiting is None or (not self._viewer.state.clients and seconds < SCENE_LATE):
            return
        begin, self._waiting = self._waiting, None
        snapshot = self._engine.snapshot
        if not snapshot.playing and snapshot.step == 0:  # else a person was quicker
            self._engine.submit(begin)

    def feed(self) -> Feed:
        """What one browser is told from now on."""
        return Feed(
            (
                ("status", QUICK, lambda: facts.live(self._engine.snapshot) | self._surroundings()),
                ("curves", SLOW, lambda: facts.curves(self._engine.snapshot.history)),
                ("gallery", SLOW, self._gallery),
            )
        )

    def _gallery(self) -> facts.Json:
        snapshot = self._engine.snapshot
        return facts.gallery(snapshot, self._advice.of(snapshot))

    def _surroundings(self) -> facts.Json:
        return {
            "jobs": facts.jobs([view for view in self._jobs.views if self._here(view)]),
            "view": viewing(self._viewer.state),
            "beginning": self._waiting is not None,
            "kept": dataclasses.asdict(kept(self._engine.snapshot.run)),
        }

    def _here(self, view: JobView) -> bool:
        """Whether a job's file is one of the run that is open, which alone may be asked for."""
        return view.result is None or view.result.is_relative_to(self._engine.snapshot.run)

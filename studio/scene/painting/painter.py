"""A thread that keeps a picture of the newest view, and sharpens it while nothing changes.

Views arrive in a slot that holds only the newest. Between two chunks of rays, about 20 ms apart,
the painter looks whether its view is still wanted; nothing is rendered in anybody's callback, and
nothing that fails here ends the thread. What moves is shown the planes, which are there at once;
what is still, the field that knows the scene best.
"""

import logging
import threading
import time
from collections.abc import Callable

from core.engine.snapshot import Snapshot
from core.rendering.picture import LEVELS, Pace, Picture
from studio.scene.coordinates import View
from studio.scene.painting.baked import Bakery
from studio.scene.painting.job import PLANES_LEVEL, Job, Wishes, moment_of, shows_of
from studio.scene.painting.shot import Frame, Look, Shot, composed, empty_shot
from studio.scene.painting.stats import Tally
from studio.scene.source import Source

STILL_SECONDS = 0.15  # without a newer view, after which the picture is sharpened
FIRST_SECONDS = (
    0.03  # what the first picture of a view may take; more than 20 a second while dragged
)
BETWEEN_SECONDS = 1 / 40  # at least, from the begin of one picture of a moving view to the next
PATIENCE_SECONDS = 0.3  # so long a first picture is finished though the view has moved on
LIVE_SECONDS = (0.4, 2.0)  # what a picture may take that training will outdate: first, at most
LIVE_GROWTH = 1 / 15  # of these seconds, for each second the view has been still
REFRESH_SECONDS = 1.0  # at least, between pictures of a view that is still
REST = 2.0  # so many times what the last picture took is left to training before the next,
LONGEST_REST = 6.0  # but no more seconds than these
RETRY_SECONDS = 2.0  # after a failure
SHARP = len(LEVELS) - 1

_log = logging.getLogger(__name__)


class Painter:
    """One worker with a latest-wins slot for views."""

    def __init__(
        self,
        name: str,
        source: Source,
        wishes: Wishes,
        show: Callable[[Shot], None],
        failed: Callable[[str | None], None],
        bakery: Bakery,
        refresh_seconds: float = REFRESH_SECONDS,
        corrected: bool = True,
    ) -> None:
        """Start the thread.

        Args:
            name: of the thread.
            source: where scenes come from.
            wishes: size and look of pictures.
            show: called on the thread with every picture.
            failed: called on the thread with a sentence when rendering or showing fails, and with
                None when it works again.
            bakery: bakes planes, for all painters of a server.
            refresh_seconds: at least, between pictures of a still view while training goes on.
            corrected: whether sharp pictures of planes have added what these leave of the photos.
        """
        self.tally = Tally()
        self._source, self._wishes, self._show, self._failed = source, wishes, show, failed
        self._newest: tuple[View, float] | None = None  # the slot: a view and when it came
        self._news, self._stop = threading.Event(), threading.Event()
        self._bakery = bakery
        self._pace, self._planes_pace = Pace(), Pace()
        self._job: Job | None = None
        # What is shown: a part of the canvas, and a picture of each scene there.
        self._shows: tuple[Frame, tuple[Picture, ...]] | None = None
        self._start = 0  # index of the job's first level
        self._level = -1  # of the finest picture of the job so far
        self._look: Look | None = None  # of what is shown
        self._shown = self._spent = 0.0  # when it was shown, and the seconds it took
        self._begun = 0.0  # when the newest view's first picture was
        self._refresh_seconds, self._corrected = refresh_seconds, corrected
        self._failure: str | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def look_from(self, view: View) -> None:
        """A newer view. Returns at once; may be called from anywhere."""
        if self._newest is None or not view.same_as(self._newest[0]):
            self._newest = view, time.monotonic()
            self._news.set()

    def wake(self) -> None:
        """The snapshot or the wishes may have changed."""
        self._news.set()

    def stop(self, wait: bool = True) -> None:
        """End the thread, which takes no longer than a chunk of rendering."""
        self._stop.set()
        self._news.set()
        if wait:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._news.clear()
            try:
                self._news.wait(self._work())
            except Exception as error:
                self._fail(error)
                self._stop.wait(RETRY_SECONDS)

    def _fail(self, error: Exception) -> None:
        reason = str(error) or type(error).__name__
        sentence = f"The view could not be rendered: {reason.rstrip('.')}."
        if sentence != self._failure and not self._stop.is_set():
            _log.exception("rendering a view failed")
            self._failed(sentence)
        self._failure, self._job = sentence, None

    def _work(self) -> float | None:
        """Do the one thing that is due. Returns the seconds to wait for news; None is for ever."""
        snapshot, newest = self._source.snapshot, self._newest
        look = self._wishes.look(snapshot)
        quality = self._quality(snapshot, newest[0], self._job) if newest else None
        if newest is None or quality is None or snapshot.learned is None:
            self._clear(look)
            return None
        (view, moved), job = newest, self._job
        still = time.monotonic() - moved - STILL_SECONDS
        samples, both = snapshot.config.explore.samples, look.wipe is not None
        if job is None or not job.serves(view, quality, samples, shows_of(snapshot, both)):
            if still < 0 and not self._wishes.while_moving(snapshot):
                self._clear(look)
                return -still
            due = self._begun + BETWEEN_SECONDS - time.monotonic()
            if job is not None and still < 0 and due > 0:
                return due
            self._begun = time.monotonic()
            asked: float | None = moved
            if job is None:
                asked = time.monotonic()  # it may have had to wait for photos
            elif job.view is view and not job.stand_in:
                asked = None  # other scenes of a view that is still
            job = self._begin(Job.of(view, asked, snapshot, quality, both), FIRST_SECONDS)
        if self._level < self._start:
            return self._draw(job, self._start)
        self._look_again()
        if still < 0:
            return -still
        return self._improve(job, snapshot, both)

    def _improve(self, job: Job, snapshot: Snapshot, both: bool) -> float | None:
        """Sharpen the picture of a view that is still, or bring it up to date."""
        if job.stand_in:
            quality = self._wishes.quality(snapshot, job.view, still=True) or job.quality
            self._begin(Job.of(job.view, None, snapshot, quality, both), self._live_seconds())
            return 0
        outdated = job.moment != moment_of(snapshot)
        if self._level < self._finest(job) and (snapshot.playing or not outdated):
            return self._draw(job, self._level + 1)
        return self._refresh(job, snapshot, both) if outdated else None

    def _quality(self, snapshot: Snapshot, view: View, job: Job | None) -> int | None:
        """What is wanted of a view: all its canvas has, once its first picture has been shown."""
        still = job is not None and job.view is view and not job.stand_in
        return self._wishes.quality(snapshot, view, still)

    def _clear(self, look: Look) -> None:
        if self._job is not None or self._look != look:
            self._job = self._shows = None
            self._present(empty_shot(look), look)

    def _begin(self, job: Job, seconds: float) -> Job:
        """Start with the finest level that is expected within so many seconds."""
        return self._begin_at(job, self._level_within(job, seconds))

    def _level_within(self, job: Job, seconds: float) -> int:
        if job.crop is None:
            return SHARP
        if job.at_speed:
            return max(PLANES_LEVEL, self._planes_pace.first_level(job.crop, seconds))
        return self._pace.first_level(job.crop, seconds)

    def _begin_at(self, job: Job, start: int) -> Job:
        self._job, self._start, self._level = job, start, start - 1
        return job

    def _refresh(self, job: Job, snapshot: Snapshot, both: bool) -> float:
        """Show the view as the scene is now, as fine as can be kept up without flicker."""
        rest = min(max(self._refresh_seconds, REST * self._spent), LONGEST_REST)
        due = self._shown + (rest if snapshot.playing else REFRESH_SECONDS) - time.monotonic()
        if due > 0:
            return due
        fresh = Job.of(job.view, None, snapshot, job.quality, both)
        live = self._live_seconds()
        level = max(self._level, self._level_within(fresh, live))
        level = min(level, self._level_within(fresh, 2 * live))
        self._begin_at(fresh, level)
        return 0

    def _finest(self, job: Job) -> int:
        """Index of the last level worth rendering; while training goes on, of a quick one."""
        if not self._source.snapshot.playing:
            return SHARP
        return max(self._start, self._level_within(job, self._live_seconds()))

    def _live_seconds(self) -> float:
        """What a picture may take while training goes on: more, the longer somebody looks."""
        still = time.monotonic() - self._newest[1] if self._newest else 0.0
        return min(LIVE_SECONDS[1], LIVE_SECONDS[0] + LIVE_GROWTH * still)

    def _draw(self, job: Job, level: int) -> float:
        """Render one level and show it, unless it is abandoned meanwhile."""
        began, pictures = time.perf_counter(), tuple[Picture, ...]()
        if job.frame(level).crop is not None:
            pictures = self._rendered(job, level)
            if not pictures:
                return 0
        self._spent = time.perf_counter() - began
        self._level, self._shows = level, (job.frame(level), pictures)
        look = self._wishes.look(self._source.snapshot)
        self._present(composed(*self._shows, look), look)
        first = None
        if level == self._start and job.moved is not None:
            first = 1e3 * (time.monotonic() - job.moved)
        self.tally.count(LEVELS[level], 1e3 * self._spent, job.of_planes, first)
        return 0

    def _rendered(self, job: Job, level: int) -> tuple[Picture, ...]:
        """One level of a job, a picture of each scene; none as soon as it is no longer wanted."""
        made: list[Picture] = []
        began = chunk = time.monotonic()
        with self._source.governor.viewing(moving=job.moved is not None):
            paces, corrected = (self._pace, self._planes_pace), self._corrected and level == SHARP
            for picture in job.pictures(level, *paces, self._bakery, corrected):
                if picture is not None:
                    made.append(picture)
                if len(made) == len(job.scenes):
                    return tuple(made)
                now = time.monotonic()
                if not self._wanted(job, level, now - began):
                    break
                self._source.governor.pause_view(now - chunk)
                self._look_again()
                chunk = time.monotonic()
        return ()

    def _look_again(self) -> None:
        """Show what is shown as it is wanted now; nothing is rendered for that."""
        look = self._wishes.look(self._source.snapshot)
        if look != self._look and self._shows is not None:
            self._present(composed(*self._shows, look), look)

    def _wanted(self, job: Job, level: int, spent: float) -> bool:
        """Whether to go on with a level after `spent` seconds."""
        if self._stop.is_set():
            return False
        moved_on = self._newest is not None and self._newest[0] is not job.view
        if level == self._start:  # without the first picture a long drag would show nothing
            return not moved_on or (job.moved is not None and spent < PATIENCE_SECONDS)
        snapshot = self._source.snapshot
        outdated = job.moment != moment_of(snapshot)
        late = outdated and (not snapshot.playing or level > self._finest(job))
        return not moved_on and not late

    def _present(self, shot: Shot, look: Look) -> None:
        if self._stop.is_set():
            return
        self._show(shot)
        self._look, self._shown = look, time.monotonic()
        if self._failure is not None:
            self._failure = None
            self._failed(None)

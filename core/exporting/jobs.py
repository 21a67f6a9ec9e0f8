"""Long work on one worker thread, with progress and cancel."""

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from core.errors import Cancelled, InputError


@dataclass(frozen=True)
class Watch:
    """How long work tells how far it is, shares the machine, and hears that it is to stop."""

    progress: Callable[[int, int], None] = lambda done, total: None
    cancelled: Callable[[], bool] = lambda: False  # asked after every chunk of work
    between_chunks: Callable[[float], None] = lambda seconds: None  # may wait a little

    def after_chunk(self, seconds: float) -> None:
        """Called after each chunk of work with the time it took.

        Raises:
            Cancelled: the work is to stop.
        """
        if self.cancelled():
            raise Cancelled
        self.between_chunks(seconds)

    @contextmanager
    def chunk(self) -> Iterator[None]:
        """Around a chunk of work; see `after_chunk`."""
        began = time.perf_counter()
        yield
        self.after_chunk(time.perf_counter() - began)


class JobControl(Protocol):
    """What work may do to the job it belongs to."""

    def progress(self, done: int, total: int) -> None:
        """Say how far it is."""
        ...

    def note(self, text: str) -> None:
        """Leave one sentence to the person beside the result."""
        ...

    def cancelled(self) -> bool:
        """Whether to stop: clean up and raise `Cancelled`."""
        ...


Work = Callable[[JobControl], Path]


@dataclass(frozen=True)
class JobView:
    """A job at one moment. Never changes."""

    number: int  # from 1, in the order they were started
    kind: str
    title: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"] = "waiting"
    done: int = 0
    total: int = 0  # 0 until it is known
    seconds_left: float | None = None  # expected, while it runs
    result: Path | None = None
    message: str | None = None  # a sentence: why it failed, or what to know about the result
    traceback: str | None = None  # of a bug

    @property
    def finished(self) -> bool:
        """Whether nothing about it will change any more."""
        return self.state in ("done", "failed", "cancelled")


class Job:
    """One piece of long work; what others see of it is `view`. Any thread may call any method."""

    def __init__(self, view: JobView, clock: Callable[[], float]) -> None:
        self._view, self._clock, self._began = view, clock, clock()
        self._cancel, self._finished = threading.Event(), threading.Event()
        self._changing = threading.Lock()

    @property
    def view(self) -> JobView:
        """How it stands."""
        return self._view

    def wait(self, timeout: float | None = None) -> JobView:
        """How it ended, or how it stands after `timeout` seconds."""
        self._finished.wait(timeout)
        return self._view

    def cancel(self) -> None:
        """Ask it to stop. While it waits it stops at once; what is finished stays as it is."""
        self._cancel.set()
        with self._changing:
            if self._view.state == "waiting":
                self._show(replace(self._view, state="cancelled"))

    def run(self, work: Work) -> None:
        """Do the work on the calling thread, once, unless it was cancelled before."""
        with self._changing:
            if self._view.state != "waiting":
                return
            self._began = self._clock()
            self._show(replace(self._view, state="running"))
        self._show(replace(self._outcome(work), seconds_left=None))

    def _outcome(self, work: Work) -> JobView:
        try:
            result = work(self)
            return replace(self._view, state="done", result=result)
        except Cancelled:
            return replace(self._view, state="cancelled")
        except InputError as error:
            return replace(self._view, state="failed", message=str(error))
        except Exception as error:  # a bug must not end the worker, and must be seen
            text, trace = f"stopped: {type(error).__name__}: {error}", traceback.format_exc()
            return replace(self._view, state="failed", message=text, traceback=trace)

    def _show(self, view: JobView) -> None:
        """Once it runs only the worker's thread changes the view, so readers need no lock."""
        self._view = view
        if view.finished:
            self._finished.set()

    def progress(self, done: int, total: int) -> None:
        """See `JobControl`."""
        spent = self._clock() - self._began
        left = spent / done * (total - done) if done > 0 else None
        self._show(replace(self._view, done=done, total=total, seconds_left=left))

    def note(self, text: str) -> None:
        """See `JobControl`."""
        self._show(replace(self._view, message=text))

    def cancelled(self) -> bool:
        """See `JobControl`."""
        return self._cancel.is_set()


class Jobs:
    """All long work: one at a time, the others wait their turn."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._jobs: list[Job] = []
        self._starting = threading.Lock()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="jobs")

    def start(self, kind: str, title: str, work: Work) -> Job:
        """Queue work and return at once.

        Args:
            kind: a word for the sort of work, such as "video".
            title: what the person reads.
            work: does it and returns the file it made. It reports to the control it is given, and
                raises `InputError` where the input is at fault.

        Raises:
            RuntimeError: `stop` was called before.
        """
        with self._starting:
            job = Job(JobView(len(self._jobs) + 1, kind, title), self._clock)
            self._worker.submit(job.run, work)
            self._jobs.append(job)
        return job

    def cancel(self, number: int) -> None:
        """Ask one job to stop; a number that never was is no job and nothing happens."""
        for job in tuple(self._jobs):
            if job.view.number == number:
                job.cancel()

    @property
    def views(self) -> tuple[JobView, ...]:
        """How all jobs stand, in the order they were started."""
        return tuple(job.view for job in tuple(self._jobs))

    def stop(self) -> None:
        """Cancel everything and wait until the thread has ended."""
        with self._starting:
            for job in self._jobs:
                job.cancel()
        self._worker.shutdown(wait=True)

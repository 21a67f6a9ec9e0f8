"""Long work: progress, turns, cancel and failure, with events instead of waiting about."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Cancelled, InputError
from core.exporting.jobs import JobControl, Jobs, JobView, Watch
from tests.patience import PATIENCE


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    jobs.stop()


class Gate:
    """Work that reports one of two parts, waits to be let through, and obeys cancel."""

    def __init__(self) -> None:
        self.entered, self.open = threading.Event(), threading.Event()

    def __call__(self, control: JobControl) -> Path:
        control.progress(1, 2)
        self.entered.set()
        while not self.open.wait(0.005):
            if control.cancelled():
                raise Cancelled
        control.progress(2, 2)
        return Path("result.mp4")


def test_finished_work_shows_its_result(jobs):
    job = jobs.start("video", "Spiral", lambda control: Path("spiral.mp4"))
    ended = job.wait(PATIENCE)
    assert ended == JobView(1, "video", "Spiral", "done", result=Path("spiral.mp4"))
    assert ended.finished and jobs.views == (ended,)


def test_progress_and_the_time_left_are_shown():
    now = 100.0
    jobs = Jobs(clock=lambda: now)
    reported, shown = threading.Event(), threading.Event()

    def work(control: JobControl) -> Path:
        nonlocal now
        now += 30.0
        control.progress(3, 9)
        reported.set()
        assert shown.wait(PATIENCE)
        control.note("One side was odd.")
        return Path("a")

    job = jobs.start("video", "Spiral", work)
    assert reported.wait(PATIENCE)
    view = job.view
    assert (view.state, view.done, view.total, view.seconds_left) == ("running", 3, 9, 60.0)
    shown.set()
    ended = job.wait(PATIENCE)
    assert (ended.state, ended.seconds_left, ended.message) == ("done", None, "One side was odd.")
    assert view.message is None  # a view never changes
    jobs.stop()


def test_one_at_a_time_in_the_order_they_came(jobs):
    gate, order = Gate(), []
    first = jobs.start("video", "first", gate)
    rest = [
        jobs.start("mesh", name, lambda control, name=name: order.append(name) or Path(name))
        for name in ("second", "third")
    ]
    assert gate.entered.wait(PATIENCE)
    assert [view.state for view in jobs.views] == ["running", "waiting", "waiting"]
    gate.open.set()
    assert [job.wait(PATIENCE).state for job in (first, *rest)] == ["done"] * 3
    assert order == ["second", "third"]
    assert [view.number for view in jobs.views] == [1, 2, 3]


def test_cancel_stops_what_runs_and_what_waits_but_nothing_else(jobs):
    gate, ran = Gate(), []
    running = jobs.start("video", "running", gate)
    waiting = jobs.start("video", "waiting", lambda control: ran.append("waiting") or Path("w"))
    other = jobs.start("video", "other", lambda control: Path("o"))
    assert gate.entered.wait(PATIENCE)
    jobs.cancel(2)
    assert waiting.view.state == "cancelled" and running.view.state == "running"
    jobs.cancel(1)
    assert running.wait(PATIENCE).state == "cancelled" and running.view.result is None
    assert other.wait(PATIENCE).state == "done" and ran == []


def test_work_that_is_asked_to_stop_runs_until_it_does_and_its_result_counts(jobs):
    entered, leave = threading.Event(), threading.Event()

    def deaf(control: JobControl) -> Path:
        entered.set()
        assert leave.wait(PATIENCE)
        return Path("finished.mp4")

    job = jobs.start("video", "deaf", deaf)
    assert entered.wait(PATIENCE)
    jobs.cancel(1)
    assert job.view.state == "running" and job.wait(0).state == "running"
    leave.set()
    ended = job.wait(PATIENCE)
    assert (ended.state, ended.result) == ("done", Path("finished.mp4"))


def test_cancelling_what_is_finished_or_never_was_changes_nothing(jobs):
    jobs.start("video", "a", lambda control: Path("a")).wait(PATIENCE)
    before = jobs.views
    jobs.cancel(1)
    jobs.cancel(99)
    assert jobs.views == before


def test_a_fault_of_the_input_is_told_as_it_is(jobs):
    def work(control: JobControl) -> Path:
        raise InputError("a.json: it is empty; choose another file.")

    ended = jobs.start("video", "a", work).wait(PATIENCE)
    assert (ended.state, ended.message) == ("failed", "a.json: it is empty; choose another file.")
    assert ended.traceback is None


def test_a_bug_is_shown_with_its_traceback_and_the_next_job_runs(jobs):
    def work(control: JobControl) -> Path:
        raise ZeroDivisionError("no rays")

    ended = jobs.start("video", "a", work).wait(PATIENCE)
    assert (ended.state, ended.message) == ("failed", "stopped: ZeroDivisionError: no rays")
    assert "in work" in ended.traceback
    assert jobs.start("video", "b", lambda control: Path("b")).wait(PATIENCE).state == "done"


def test_stop_cancels_everything_and_ends_the_thread():
    jobs, gate = Jobs(), Gate()
    workers: list[threading.Thread] = []

    def work(control: JobControl) -> Path:
        workers.append(threading.current_thread())
        return gate(control)

    jobs.start("video", "running", work)
    jobs.start("video", "waiting", gate)
    assert gate.entered.wait(PATIENCE)
    jobs.stop()
    assert [view.state for view in jobs.views] == ["cancelled", "cancelled"]
    assert not workers[0].is_alive()
    jobs.stop()
    with pytest.raises(RuntimeError):
        jobs.start("video", "late", gate)


def test_many_threads_may_start_work_at_once(jobs):
    def start() -> None:
        for _ in range(20):
            jobs.start("video", "a", lambda control: Path("a"))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    last = jobs.start("video", "last", lambda control: Path("z"))
    assert last.wait(PATIENCE).number == 161
    assert sorted(view.number for view in jobs.views) == list(range(1, 162))


def test_a_watch_hears_of_every_chunk_until_the_work_is_to_stop():
    stop, chunks = threading.Event(), []
    watch = Watch(cancelled=stop.is_set, between_chunks=chunks.append)
    watch.after_chunk(0.5)
    with watch.chunk():
        pass
    assert chunks[0] == 0.5 and 0 <= chunks[1] < PATIENCE
    stop.set()
    with pytest.raises(Cancelled), watch.chunk():
        pass
    assert len(chunks) == 2


def test_a_chunk_that_fails_is_not_reported():
    chunks: list[float] = []
    with pytest.raises(KeyboardInterrupt), Watch(between_chunks=chunks.append).chunk():
        raise KeyboardInterrupt
    assert chunks == []

"""How long work looks on a terminal: a bar with the time left, and Ctrl-C to stop it."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, TimeRemainingColumn

from core.exporting.jobs import Watch
from studio.cli.signals import end_on_signals


@contextmanager
def watched(what: str) -> Iterator[Watch]:
    """A bar on the error stream for the work of the block, which the first signal cancels.

    Args:
        what: a word for what is counted.
    """
    ended = end_on_signals()
    columns = (*Progress.get_default_columns()[:3], TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield Watch(
            progress=lambda done, total: bar.update(task, completed=done, total=total),
            cancelled=ended.is_set,
        )

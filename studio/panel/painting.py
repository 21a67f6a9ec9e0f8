"""Which widgets of one browser tab differ from the truth, and when to repaint them.

A widget holds no truth: a person's touch becomes a command, and the widget is painted from the next
snapshots. Until the engine has answered, the touched widget keeps what the person put there, so
that it neither flickers back nor stays wrong when the engine refuses.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from core.config.paths import get, options
from core.engine.snapshot import Snapshot

PATIENCE = 4.0  # seconds a touched widget waits for the engine's answer: a slow step takes 2


@dataclass(frozen=True)
class Asked:
    """A person's touch that the engine has not answered yet."""

    until: float  # seconds on the clock of `due`; infinite while a confirmation is open
    notice: int  # number of the newest notice at that time; a newer refusal is the answer


@dataclass
class Painted:
    """What one browser tab shows: values by option path, and touches that wait for an answer.

    It lives in a `gr.State`, is changed in place and may be copied and pickled.
    """

    values: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, Asked] = field(default_factory=dict)


def touched(painted: Painted, path: str, value: Any, snapshot: Snapshot, until: float) -> None:
    """Note that a person put a value into an option's widget, which shows it now."""
    newest = snapshot.notices[-1].number if snapshot.notices else -1
    painted.values[path] = value
    painted.asked[path] = Asked(until, newest)


def wait_no_longer(painted: Painted, until: float) -> None:
    """Let no touched widget wait beyond a moment on the clock of `due`."""
    for path, asked in tuple(painted.asked.items()):
        painted.asked[path] = replace(asked, until=min(asked.until, until))


def due(painted: Painted, snapshot: Snapshot, now: float) -> dict[str, Any]:
    """The options to repaint now, by path, with their true values; notes them as painted."""
    fresh: dict[str, Any] = {}
    for path in options():
        truth, asked = get(snapshot.config, path), painted.asked.get(path)
        if path in painted.values and same(painted.values[path], truth):
            painted.asked.pop(path, None)
        elif asked is None or asked.until <= now or _refused_since(snapshot, asked.notice):
            painted.asked.pop(path, None)
            painted.values[path] = fresh[path] = truth
    return fresh


def same(shown: Any, truth: Any) -> bool:
    """Equal and of one kind: a checkbox never equals the number 1."""
    return shown == truth and isinstance(shown, bool) == isinstance(truth, bool)


def _refused_since(snapshot: Snapshot, number: int) -> bool:
    return any(n.number > number and n.kind != "info" for n in snapshot.notices)

"""Numbered sentences to the person, the newest last."""

from collections import deque

from core.engine.snapshot import Notice, NoticeKind

KEPT = 50


class Notices:
    """Collects notices and forgets the oldest."""

    def __init__(self) -> None:
        self._kept: deque[Notice] = deque(maxlen=KEPT)
        self._number = 0

    def add(self, step: int, kind: NoticeKind, *texts: str) -> None:
        """Say something. The same sentence twice in a row is said once."""
        for text in texts:
            if self._kept and self._kept[-1].text == text and self._kept[-1].step == step:
                continue
            self._number += 1
            self._kept.append(Notice(self._number, step, kind, text))

    def newest(self) -> tuple[Notice, ...]:
        """All that are kept."""
        return tuple(self._kept)

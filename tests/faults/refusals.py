"""Every call of a save refused in its turn, with every reason: the older state stays readable, and
nothing half-written stays."""

import errno
import importlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from core.runs import checkpoint
from tests.faults.small import opened

REASONS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS)
CALLS = (
    "os.open",
    "os.fsync",
    "os.replace",
    "core.runs.checkpoint.write_content",
    "pathlib.Path.touch",
)


def run(part: int) -> str:
    """Refuse the first, the second... of each call."""
    cases = 0
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        trainer = opened(run)
        for name in CALLS:
            for reason in REASONS:
                for turn in range(3):
                    trainer.train_step(1)
                    before = _newest_step(run)
                    with mock.patch(name, _refusing(_named(name), turn, reason)):
                        try:
                            checkpoint.save(trainer, run, {})
                        except OSError:
                            assert _newest_step(run) in (before, trainer.step)
                        else:
                            assert _newest_step(run) == trainer.step
                    left = list((run / "checkpoints").glob(".*"))
                    assert not left, f"{name}, {os.strerror(reason)}: {left}"
                    cases += 1
        trainer.close()
    return f"{cases} refusals: old or new readable, no litter"


def _newest_step(run: Path) -> int:
    found, complaints = checkpoint.newest(run)
    assert not complaints, complaints[0]
    return found.facts["step"] if found else 0


def _named(name: str) -> Callable[..., Any]:
    """The function that a dotted name means."""
    module, _, own = name.rpartition(".")
    holder = Path if module == "pathlib.Path" else importlib.import_module(module)
    return getattr(holder, own)


def _refusing(real: Callable[..., Any], turn: int, reason: int) -> Callable[..., Any]:
    calls = [0]

    def call(*given: Any, **named: Any) -> Any:
        calls[0] += 1
        if calls[0] == turn + 1:
            raise OSError(reason, os.strerror(reason))
        return real(*given, **named)

    return call

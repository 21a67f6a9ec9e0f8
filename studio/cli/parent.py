"""A parent that starts the studio again where it dies of what nothing within it can catch.

A segmentation fault of a library, or the system's killer where memory is short, ends the process
that holds torch. This one holds nothing but Python itself: it waits, passes signals on, and starts
another child with the run, the port and the token of the one before, so that open pages find it
again and training goes on from the newest state. Jupyter does so for its kernels.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from types import FrameType
from typing import IO, Any

from core.system import ends

MOST, WITHIN = 5, 600.0  # times that it is started again in so many seconds
OFF = "--no-restart"
COMMANDS = ("studio", "train")
DEADLY = {
    name: words
    for name, words in {
        "SIGSEGV": "a segmentation fault",
        "SIGBUS": "a bus error",
        "SIGILL": "an illegal instruction",
        "SIGFPE": "an arithmetic fault",
        "SIGABRT": "an abort",
        "SIGKILL": "SIGKILL, as the system ends programs when memory is short",
    }.items()
    if hasattr(signal, name)
}
_VARIABLE = "NERFMM_STUDIO_PARENT"  # descriptors of the memory and of the life line, and a cause


def has_parent(words: list[str]) -> bool:
    """Whether this process is to be the parent of what a command line asks for.

    Not where it is a child already, where torchrun looks after it, nor on systems without signals.
    """
    command = words[0] if words and not words[0].startswith("-") else COMMANDS[0]
    helping = {OFF, "-h", "--help"} & set(words)
    mine = os.name == "posix" and not {_VARIABLE, "TORCHELASTIC_RUN_ID"} & set(os.environ)
    return mine and command in COMMANDS and not helping


class Parent:
    """Starts one child after another until one ends by itself."""

    def __init__(self, command: list[str]) -> None:
        """Args: `command` of the child, with its arguments."""
        self._command = command
        self._child: subprocess.Popen[bytes] | None = None
        self._asked: list[int] = []  # signals that were passed on: the end is wanted
        self._deaths: deque[float] = deque(maxlen=MOST)

    def run(self) -> int:
        """The exit status of the last child; 1 where it died too often or before it had begun."""
        for number in ends():
            signal.signal(number, self._pass_on)
        signal.signal(signal.SIGTSTP, self._rest)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # the child writes, though not in front
        with tempfile.TemporaryFile() as memory:
            cause = ""
            while True:
                status = self._one(memory, cause)
                if status >= 0:
                    return status
                cause = DEADLY.get(signal.Signals(-status).name, "")
                if not cause or self._asked:
                    return 128 - status
                if not self._again(memory, cause):
                    return 1

    def _one(self, memory: IO[bytes], cause: str) -> int:
        """Start a child and wait for its end: its status, negative where a signal ended it."""
        reading, writing = os.pipe()  # the child reads its end, which comes when this one is gone
        try:
            inherited = f"{memory.fileno()},{reading},{cause}"
            self._child = subprocess.Popen(
                self._command,
                env={**os.environ, _VARIABLE: inherited},
                pass_fds=(memory.fileno(), reading),
                process_group=0,  # signals of a terminal come once, from here
            )
            os.close(reading)
            for number in self._asked:  # meanwhile
                self._child.send_signal(number)
            return self._child.wait()
        finally:
            os.close(writing)

    def _again(self, memory: IO[bytes], cause: str) -> bool:
        """Whether there is to be another child; says so."""
        run = _recalled(memory.fileno()).get("run")
        if run is None:
            _say(f"it ended before it had begun, by {cause}.")
            return False
        now = time.monotonic()
        if len(self._deaths) == MOST and now - self._deaths[0] < WITHIN:
            _say(
                f"it ended by {cause}, {MOST + 1} times within {WITHIN / 60:.0f} minutes, and is "
                f"not started again; --run {run} goes on where it was saved last."
            )
            return False
        self._deaths.append(now)
        _say(f"it ended by {cause}; started again.")
        return True

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        self._asked.append(number)
        if self._child is not None:
            self._child.send_signal(number)

    def _rest(self, number: int, frame: FrameType | None) -> None:
        """Ctrl-Z: the child rests as long as this one does."""
        if self._child is not None:
            self._child.send_signal(signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)
        if self._child is not None:
            self._child.send_signal(signal.SIGCONT)


@dataclass(frozen=True)
class Lineage:
    """What a child knows of its parent, and of the child before.

    Attributes:
        cause: of the death of the child before; empty for the first, and without a parent.
        left: what that one has left by `leave`.
    """

    cause: str
    left: Mapping[str, Any]
    _memory: int | None

    @classmethod
    def of(cls, environment: MutableMapping[str, str]) -> "Lineage":
        """Taken from the environment; when the parent was killed so is this process."""
        inherited = environment.pop(_VARIABLE, None)
        if inherited is None:
            return cls("", {}, None)
        memory, line, cause = inherited.split(",", 2)
        threading.Thread(target=_end_with_the_parent, args=(int(line),), daemon=True).start()
        return cls(cause, _recalled(int(memory)), int(memory))

    def leave(self, **facts: Any) -> None:
        """Leave facts to the child that follows: in a file without a name, which dies with both."""
        if self._memory is not None:
            content = json.dumps(facts).encode()
            os.pwrite(self._memory, content, 0)
            os.ftruncate(self._memory, len(content))


def _recalled(memory: int) -> dict[str, Any]:
    content = os.pread(memory, os.fstat(memory).st_size, 0)
    facts: dict[str, Any] = json.loads(content) if content else {}
    return facts


def _end_with_the_parent(line: int) -> None:
    """Only SIGKILL ends a parent before its child, and whoever sends it wants run and port back."""
    os.read(line, 1)
    os.kill(os.getpid(), signal.SIGKILL)


def _say(sentence: str) -> None:
    print(f"nerfmm studio: {sentence}", file=sys.stderr, flush=True)

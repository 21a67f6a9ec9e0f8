"""The real program in a process of its own, and what an outsider can see of it."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
# Of the outer world, one gone and one of a kind that httpx does not know: nothing here asks them.
PROXIES = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "socks5://127.0.0.1:9",
}


class Running:
    """A studio that was started with ``launch.py``.

    Attributes:
        url: the address of everything, ends in a slash.
        entrance: what the studio said is to be opened; holds the token.
        client: asks as a tool does that knows the token.
    """

    def __init__(self, *arguments: str) -> None:
        environment = {**os.environ, **PROXIES, "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "launch.py"), "--no-browser", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.said: list[str] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.entrance = self.line_with("Studio ready at ").split()[-1]
        self.url, _, token = self.entrance.partition("?token=")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.client = httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE)

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip())

    def line_with(self, words: str) -> str:
        """Wait for a line of output that holds these words."""
        while True:
            try:
                self.said.append(self._lines.get(timeout=PATIENCE))
            except queue.Empty:
                raise AssertionError(f"no {words!r} in {self.said}") from None
            if words in self.said[-1]:
                return self.said[-1]

    def status(self) -> dict[str, Any]:
        """What GET /status answers."""
        answer = self.client.get("status")
        assert answer.status_code == 200
        facts: dict[str, Any] = answer.json()
        return facts

    def until(self, true_of: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Ask for the status until something is true of it."""
        end = time.monotonic() + PATIENCE
        while not true_of(facts := self.status()):
            assert time.monotonic() < end, f"still waiting; the last status was {facts}"
            assert self.process.poll() is None, f"the studio ended: {self.said}"
            time.sleep(0.1)  # between questions, not instead of an answer
        return facts

    def end(self, by: signal.Signals = signal.SIGINT) -> float:
        """Send a signal, wait for the end, and say how many seconds it took.

        What the program has said is all in `said` then.
        """
        began = time.monotonic()
        self.process.send_signal(by)
        ended = self.process.wait(PATIENCE)
        took = time.monotonic() - began
        self._listener.join(PATIENCE)
        while not self._lines.empty():
            self.said.append(self._lines.get())
        assert ended == 0, self.said
        return took


@contextlib.contextmanager
def studio(*arguments: str) -> Iterator[Running]:
    """A running studio that is gone afterwards, whatever happened."""
    running = Running(*arguments)
    try:
        yield running
    finally:
        running.client.close()
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()

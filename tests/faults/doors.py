"""How visitors come into a studio in a process of its own, and what that process takes."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from studio.benchmarks.live import connected
from tests.conftest import small_options
from tests.journeys.running import ROOT, Running


def small_words(long_side: int, **changes: Any) -> list[str]:
    """The command line of a run of the bundled photos whose steps take milliseconds."""
    photos = str(ROOT / "assets" / "scene" / "images")
    options = small_options(data__photos=photos, data__long_side=long_side, **changes)
    return [word for path, value in options.items() for word in (f"--{path}", str(value))]


@dataclass(frozen=True)
class Door:
    """Where visitors come in, and what they show there."""

    url: str
    headers: dict[str, str]

    @classmethod
    def of(cls, running: Running) -> "Door":
        """Of a studio."""
        return cls(running.url, {"Authorization": running.client.headers["Authorization"]})


def press(running: Running, button: str, *values: Any) -> None:
    """Click on a button of the panel, next to which these values stand."""
    text = running.client.get("").text.partition("window.gradio_config = ")[2]
    page, _ = json.JSONDecoder().raw_decode(text)
    (number,) = (
        part["id"] for part in page["components"] if part["props"].get("elem_id") == button
    )
    (event,) = (one["id"] for one in page["dependencies"] if [number, "click"] in one["targets"])
    body = {"data": list(values), "fn_index": event, "session_hash": "fault"}
    assert running.client.post("gradio_api/run/predict", json=body).is_success


def taken(process: int) -> tuple[int, int, int]:
    """Bytes, threads and open files of a process."""
    status = Path(f"/proc/{process}/status").read_text()
    facts = dict(line.split(":", 1) for line in status.splitlines())
    files = len(list(Path(f"/proc/{process}/fd").iterdir()))
    return 1024 * int(facts["VmRSS"].split()[0]), int(facts["Threads"]), files


@contextlib.contextmanager
def reading(running: Running) -> Iterator[ClientConnection]:
    """A visitor who takes whatever comes, and may not be dropped."""
    dropped: list[ConnectionClosed] = []

    def read(connection: ClientConnection, leaving: threading.Event) -> None:
        try:
            while True:
                connection.recv()
        except ConnectionClosed as error:
            if not leaving.is_set():
                dropped.append(error)

    leaving = threading.Event()
    with connected(Door.of(running)) as connection:
        reader = threading.Thread(target=read, args=(connection, leaving))
        reader.start()
        yield connection
        leaving.set()
    reader.join()
    assert not dropped, f"a visitor was dropped: {dropped[0]}"

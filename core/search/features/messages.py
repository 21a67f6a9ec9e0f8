"""What the process that matches features is asked, and what it tells the one that started it.

An `Order` comes as one line of JSON. A message is one line of JSON; `bytes` in it says how many
bytes follow, a file of `core.search.features.found`.
"""

import json
from dataclasses import dataclass
from typing import IO, Any

from core.search.features.found import Features, packed, unpacked

LONGEST_LINE = 100_000  # bytes
MOST_BYTES = 1_000_000_000  # of a result


@dataclass(frozen=True)
class Order:
    """What is asked for, and within which bounds."""

    sizes: list[list[int]]  # height and width of each photo
    clip: bool
    seed: int
    memory: int  # bytes of addresses
    cpu_seconds: int
    niceness: int


@dataclass(frozen=True)
class Teller:
    """Writes messages."""

    stream: IO[bytes]

    def progress(self, what: str, done: int, of: int) -> None:
        """So many of so many are done."""
        self._send({"progress": f"{done} of {of} {what}"})

    def failure(self, reason: str) -> None:
        """Nothing more will come, for this reason."""
        self._send({"failure": reason})

    def found(self, features: Features, last: bool) -> None:
        """Pairs and models so far; nothing follows the last."""
        self._send({"last": last}, packed(features))

    def _send(self, facts: dict[str, Any], content: bytes = b"") -> None:
        line = json.dumps(facts | {"bytes": len(content)})
        self.stream.write(line.encode() + b"\n" + content)
        self.stream.flush()


@dataclass(frozen=True, eq=False)
class Message:
    """One as it was read; what it does not speak of is empty."""

    progress: str = ""
    failure: str = ""
    features: Features | None = None
    last: bool = False


def next_message(stream: IO[bytes]) -> Message | None:
    """The next one; None where the stream ends, be it in the middle of one.

    Raises:
        ValueError, KeyError, TypeError, InputError: it is no message.
    """
    line = stream.readline(LONGEST_LINE)
    if not line.endswith(b"\n"):
        return None
    facts = json.loads(line)
    size = int(facts["bytes"])
    if not 0 <= size <= MOST_BYTES:
        raise ValueError(f"a result of {size} bytes")
    content = stream.read(size)
    if len(content) < size:
        return None
    features = unpacked(content) if size else None
    return Message(
        facts.get("progress", ""), facts.get("failure", ""), features, facts.get("last", False)
    )

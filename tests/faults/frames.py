"""Messages of no browser to the 3D scene: judged without a fault, quickly, and none with a number
that is none passes."""

import math
import random
import time
from typing import Any

import msgspec
from viser import _messages

from studio.serving.frames import sound

CASES, SECONDS = 20_000, 0.5
BAD = (math.nan, math.inf, -math.inf, 1e300, 2**63, None, "x", b"x", [], {}, [[1]], True)
NAMES = sorted(_messages.Message._subclass_from_type_string())


def run(part: int) -> str:
    """Make them up."""
    rng, passed, slowest = random.Random(0), 0, 0.0
    for case in range(CASES // part):
        frame = made_up(rng)
        began = time.monotonic()
        try:
            good = sound(frame)
        except Exception as error:
            raise AssertionError(f"case {case}: {error!r} of {frame!r}") from error
        slowest = max(slowest, time.monotonic() - began)
        assert slowest < SECONDS, f"case {case} took {slowest:.2f} s"
        passed += good
        assert not (good and _holds_no_number(msgspec.msgpack.decode(frame))), f"{frame!r} passed"
    return f"{CASES // part} messages: {passed} passed, none with a number that is none"


def made_up(rng: random.Random) -> bytes:
    """A message that a browser might send, or no browser."""
    if rng.random() < 0.2:
        return rng.randbytes(rng.randrange(60))
    told: dict[str, Any] = {"type": rng.choice(NAMES)}
    for name in ("name", "wxyz", "position", "fov", "look_at", "image_width", "uuid", "updates"):
        usual = [rng.uniform(-1, 1) for _ in range(4 if name == "wxyz" else 3)]
        told[name] = rng.choice([*BAD, usual, usual, {"value": rng.choice(BAD)}, 1.0, "a"])
    return msgspec.msgpack.encode(told)


def _holds_no_number(value: Any) -> bool:
    match value:
        case float():
            return not math.isfinite(value)
        case dict():
            return any(map(_holds_no_number, value.values()))
        case list():
            return any(map(_holds_no_number, value))
    return False

"""Messages of browsers to the 3D scene, looked at before they reach it.

viser takes what it is sent: a drag to nowhere would stay in the scene, and whatever asks where it
is then fails for everybody. So a message is one that viser knows, with fields of its kinds, finite
and of a size that browsers send.
"""

import dataclasses
import functools
import math
import typing
from typing import Any

import msgspec
from viser import _messages

LARGEST = 1e9  # of any number
DEEPEST = 8
WITHIN = {"fov": (1e-3, 3.14), "image_height": (0, 2**15), "image_width": (0, 2**15)}
LEAST_TURN = 1e-3  # length of a quaternion, which is about 1


def sound(frame: str | bytes) -> bool:
    """Whether a message from a browser may be passed on."""
    if isinstance(frame, str):
        return False
    try:
        message = msgspec.msgpack.decode(frame)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return False
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    wanted = _fields(message.pop("type"))
    if wanted is None or not _modest(message):
        return False
    return all(
        _fits(message[name], kind) and _possible(name, message[name])
        for name, kind in wanted.items()
        if name in message
    )


@functools.cache
def _fields(name: str) -> dict[str, Any] | None:
    """The fields of a message by their types; None where viser knows no such message."""
    kind = _messages.Message._subclass_from_type_string().get(name)
    if kind is None or not dataclasses.is_dataclass(kind):
        return None
    return typing.get_type_hints(kind)


def _modest(value: Any, depth: int = 0) -> bool:
    """Whether all numbers in it are finite and none is huge."""
    match value:
        case bool() | None | str() | bytes():
            return True
        case int() | float():
            return math.isfinite(value) and abs(value) <= LARGEST
        case dict():
            return depth < DEEPEST and all(_modest(one, depth + 1) for one in value.values())
        case list():
            return depth < DEEPEST and all(_modest(one, depth + 1) for one in value)
    return False


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value is of an annotated kind, as far as the kind is one of numbers and words."""
    inner = typing.get_args(kind)
    if kind in (int, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind in (str, bool):
        return isinstance(value, kind)
    if typing.get_origin(kind) is tuple and Ellipsis not in inner:
        return (
            isinstance(value, list) and len(value) == len(inner) and all(map(_fits, value, inner))
        )
    return True


def _possible(name: str, value: Any) -> bool:
    if name == "wxyz":
        return math.hypot(*value) > LEAST_TURN
    least, most = WITHIN.get(name, (None, None))
    return least is None or least <= value <= most

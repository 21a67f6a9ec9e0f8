"""A message of a browser is passed on to the scene if it can be one of viser's, and only then."""

import dataclasses
import math
from typing import Any

import msgspec
import pytest
from viser import _messages

from studio.serving.frames import sound
from tests.studio.serving.test_proxy import CAMERA, encode

DRAG = _messages.TransformControlsUpdateMessage("/virtual", (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 1.0))


def drag(**changes: Any) -> bytes:
    """What a browser sends while the virtual camera is dragged, with other values."""
    fields = dataclasses.asdict(DRAG) | changes
    return msgspec.msgpack.encode({"type": "TransformControlsUpdateMessage", **fields})


def camera(**changes: Any) -> bytes:
    """Where a browser looks from, with other values."""
    fields = dataclasses.asdict(CAMERA) | changes
    return msgspec.msgpack.encode({"type": "ViewerCameraMessage", **fields})


@pytest.mark.parametrize(
    "frame",
    [
        b"", b"\xc1", b"\x91" * 5000, "text", b"\x80", msgspec.msgpack.encode({"type": 3}),
        msgspec.msgpack.encode({"type": "Message"}), msgspec.msgpack.encode({"type": "NoSuch"}),
        msgspec.msgpack.encode([1, 2]),
        drag(position=(1.0, 2.0)), drag(position="here"), drag(position=None),
        drag(position=(0.0, math.nan, 0.0)), drag(position=(math.inf, 0.0, 0.0)),
        drag(position=(1e300, 0.0, 0.0)), drag(position=("0", "0", "0")),
        drag(wxyz=(0.0,) * 4), drag(wxyz=(1.0,) * 3), drag(wxyz={"w": 1}), drag(name=7),
        camera(fov=0.0), camera(fov=1e9), camera(fov="wide"), camera(image_width=-1),
        camera(image_height=10**12), camera(near=math.nan), camera(look_at=[[0, 0, 0]]),
        msgspec.msgpack.encode(
            {"type": "GuiUpdateMessage", "uuid": "a", "updates": {"value": math.nan}}
        ),
    ],
)  # fmt: skip
def test_what_no_browser_sends_is_not_passed_on(frame: str | bytes) -> None:
    assert not sound(frame)


@pytest.mark.parametrize(
    "message",
    [
        CAMERA, DRAG, _messages.GuiUpdateMessage("uuid", {"value": True}),
        dataclasses.replace(CAMERA, image_width=0, image_height=0),
    ],
)  # fmt: skip
def test_what_browsers_send_is_passed_on(message: _messages.Message) -> None:
    assert sound(encode(message))
    assert sound(camera(position=(0, 0, -3))), "JavaScript has no other numbers"


def test_the_fields_of_every_message_are_known() -> None:
    known = _messages.Message._subclass_from_type_string()
    assert len(known) > 50
    assert all(sound(msgspec.msgpack.encode({"type": name})) for name in known)

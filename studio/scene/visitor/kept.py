"""Where a hand left the view, kept in its browser: who connects again, or loads again, finds it.

To viser a connection that comes back is a newcomer, and its page begins where newcomers do.
"""

import math
from collections.abc import Callable

import msgspec
import numpy as np
import viser
from viser import _messages

from studio.scene.cameras.vantage import Vantage

NAME = "view"  # in the browser's storage, and of the question for it
SAME = 0.3  # see `Vantage.apart`: frames of the same cameras
SHORT = 1e-6  # of a gaze without a direction
Triple = tuple[float, float, float]


class _Place(msgspec.Struct):
    """A vantage as it is written."""

    position: Triple
    look_at: Triple
    up: Triple
    fov: float

    @classmethod
    def of(cls, vantage: Vantage) -> "_Place":
        return cls(
            _triple(vantage.position), _triple(vantage.look_at), _triple(vantage.up),
            float(vantage.fov),
        )  # fmt: skip

    @property
    def vantage(self) -> Vantage:
        position, look_at = np.array(self.position), np.array(self.look_at)
        return Vantage(position, look_at, self.fov, np.array(self.up))

    @property
    def possible(self) -> bool:
        here = self.vantage
        gaze, up = np.linalg.norm(here.look_at - here.position), np.linalg.norm(here.up)
        return bool(SHORT < gaze < math.inf and SHORT < up < math.inf and 0 < self.fov < math.pi)


class _Written(msgspec.Struct):
    """Where a hand left the view, and from where all cameras were framed then."""

    view: _Place
    frame: _Place


def _triple(values: np.ndarray) -> Triple:
    x, y, z = map(float, values)
    return x, y, z


class Kept:
    """The view of one browser. Everything here is done on viser's event loop."""

    def __init__(
        self,
        client: viser.ClientHandle,
        framed: Vantage | None,
        found: Callable[[Vantage], None],
    ) -> None:
        """Ask the browser.

        Args: all learned cameras are seen from `framed`. `found` is told where a hand left the
        view, once the same cameras are framed.
        """
        self._storage, self._frame, self._found = client.local_storage, framed, found
        self._view: Vantage | None = None  # where a hand left it
        self._written: _Written | None = None
        connection = client._websock_connection
        connection.register_handler(_messages.LocalStorageGetItemResponseMessage, self._answered)
        connection.queue_message(_messages.LocalStorageGetItemRequestMessage(NAME, NAME))

    def rests(self, view: Vantage) -> None:
        """A hand left the view there."""
        self._view = view
        self._write()

    def framed(self, frame: Vantage) -> None:
        """All learned cameras are seen from there now."""
        self._frame = frame
        if self._view is None:
            self._come_back()
        elif self._written is None or self._written.frame.vantage.apart(frame) > SAME / 2:
            self._write()

    def forget(self) -> None:
        """The view is framed; what an earlier connection left waits for its own cameras."""
        if self._view is not None:
            self._view = self._written = None
            self._storage.remove_item(NAME)

    def _write(self) -> None:
        if self._view is not None and self._frame is not None:
            self._written = _Written(_Place.of(self._view), _Place.of(self._frame))
            self._storage.set_item(NAME, msgspec.json.encode(self._written).decode())

    def _answered(self, _: int, answer: _messages.LocalStorageGetItemResponseMessage) -> None:
        if answer.value is None or self._view is not None:
            return
        try:
            self._written = msgspec.json.decode(answer.value, type=_Written)
        except msgspec.MsgspecError:  # of another studio at this address
            return
        self._come_back()

    def _come_back(self) -> None:
        if self._written is None or self._frame is None:
            return
        (view, frame), self._written = (self._written.view, self._written.frame), None
        known = view.possible and frame.possible
        if known and frame.vantage.apart(self._frame) <= SAME:
            self.rests(view.vantage)
            self._found(view.vantage)

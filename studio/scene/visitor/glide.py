"""A client's camera on its way to a place, and whether it was moved by us or by a hand."""

import asyncio
import time
from collections import deque

import numpy as np
import viser

from studio.scene.cameras.vantage import NEAR, Vantage

FRAME = 1 / 30  # seconds between two places on the way
EASE = 0.16  # seconds in which all but 1 / e of the way is gone
LONGEST = 0.1  # seconds that one place may take along the way: who stood still goes on, not jumps
NEAR_ENOUGH = 0.004  # see `Vantage.apart`
DRAG_ENDS = 0.3  # seconds into a flight that was asked for, until which an earlier drag is heard of
REMEMBERED = 256  # places sent, by which a slow browser's answers are known
SAME_PLACE = 1e-3  # viser units; browsers answer with single precision


class Glide:
    """Moves one client. Everything here is done on viser's event loop.

    A browser connects before it stands where it was told to begin: it comes by places of its own,
    each looking at the origin, and a busy machine hears of several. None is a hand's, and flights
    wait for the end of it.
    """

    def __init__(self, client: viser.ClientHandle, loop: asyncio.AbstractEventLoop) -> None:
        self._client, self._loop = client, loop
        self._task: asyncio.Task[None] | None = None
        self._target: Vantage | None = None
        self._asked_at = -DRAG_ENDS  # when it was last asked for a flight
        self._begun = _has_target(client.camera)
        self._sent: deque[np.ndarray] = deque([np.array(client.camera.position)], REMEMBERED)

    @property
    def here(self) -> Vantage:
        """Where the client is, as far as is known."""
        camera = self._client.camera
        return Vantage(
            np.array(camera.position),
            np.array(camera.look_at),
            float(camera.fov),
            np.array(camera.up_direction),
        )

    @property
    def aim(self) -> Vantage:
        """Where the client will be: at its target, or here."""
        return self._target or self.here

    @property
    def under_way(self) -> bool:
        """Whether it is moving now."""
        return self._target is not None

    def ask(self, vantage: Vantage) -> None:
        """Go there because a person wants to."""
        self._asked_at = time.monotonic()
        self.to(vantage)

    def to(self, vantage: Vantage) -> None:
        """Go there; the newest place wins."""
        self._target = vantage
        self._set_out()

    def _set_out(self) -> None:
        free = self._task is None or self._task.done() or self._task.cancelling()
        if self._begun and self._target is not None and free:
            self._task = self._loop.create_task(self._go())

    def stop(self) -> None:
        """Stay here."""
        self._target = None
        if self._task is not None:
            self._task.cancel()

    def expect(self, position: np.ndarray) -> None:
        """The client may go there by itself, as newcomers do."""
        self._sent.append(np.array(position))

    def caused(self, camera: viser.CameraHandle) -> bool:
        """Whether a client was brought where it says it is, or has not moved.

        Who asks for a flight does not drag; what is heard of a drag then is the end of it.
        """
        position = np.array(camera.position)
        if not self._begun:
            self._begun = _has_target(camera)
            self._sent.append(position)
            self._set_out()
            return True
        if self.under_way and time.monotonic() < self._asked_at + DRAG_ENDS:
            return True
        known = any(np.abs(position - sent).max() < SAME_PLACE for sent in self._sent)
        if not known:
            self._sent.append(position)
        return known

    async def _go(self) -> None:
        here, then = self.here, time.monotonic() - FRAME
        while (target := self._target) is not None:
            now = time.monotonic()
            passed, then = min(now - then, LONGEST), now
            here = here.towards(target, 1 - np.exp(-passed / EASE))
            if here.apart(target) < NEAR_ENOUGH:
                here, self._target = target, None
            self._place(here)
            await asyncio.sleep(FRAME)

    def _place(self, vantage: Vantage) -> None:
        camera = self._client.camera
        self._sent.append(vantage.position)
        with self._client.atomic():
            camera.near = NEAR
            camera.up_direction = vantage.up
            camera.position = vantage.position
            camera.look_at = vantage.look_at
            camera.fov = vantage.fov


def _has_target(camera: viser.CameraHandle) -> bool:
    """Whether a browser has read where to begin: no view of ours looks at the origin."""
    return bool(np.abs(camera.look_at).max() > SAME_PLACE)

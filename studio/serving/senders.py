"""Connections end on which a sender owes the rest of a request, or sends what nobody needs.

uvicorn waits without end for the rest of a head or a body, also of who was refused already. A few
hundred such connections take all files that a process may open, and then nobody else is let in
and nothing is saved. What is dropped here is dropped without a word: it does not listen.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

LOOK_SECONDS = 30.0  # between two looks at who owes the rest of a request,
LEAST_BYTES = 15_000  # and what must have come in between, as for Apache's mod_reqtimeout
MOST_PIECES = 4096  # of a message; browsers send megabytes in dozens
NO_TEXT = 1007  # the code of a farewell
MOST_ANSWERS = 2**20  # bytes to pings that are not taken
# A third of the files that a process may have open on most systems: with who is let in and who goes
# at the same time (`studio.serving.server`) it may be double. And more than are let in at once, so
# that nobody goes who is about to speak.
MOST_OWING = 300


class PlainRequests(H11Protocol):
    """uvicorn's HTTP for senders who come to the point."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody is there; who has owed the most and longest goes, where there are too many."""
        super().connection_made(transport)
        self._brought = 0
        self._owing_since = self.loop.time()
        self._look = self.loop.call_later(LOOK_SECONDS, self._looked)
        owing = [one for one in self.connections if isinstance(one, PlainRequests) and one.owes]
        if len(owing) > MOST_OWING:
            min(owing, key=lambda one: one._owing_since).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._look.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some of a request, or of several."""
        self._brought += len(data)
        super().data_received(data)

    def on_response_complete(self) -> None:
        """It is the sender's turn again."""
        self._owing_since = self.loop.time()
        super().on_response_complete()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """The connection is another protocol's from now on."""
        self._look.cancel()
        super().handle_websocket_upgrade(event)

    @property
    def owes(self) -> bool:
        """Whether it is the sender's turn, who is still there."""
        there = not (self.transport.is_closing() or self.flow.read_paused)
        return there and self.conn.their_state in (h11.IDLE, h11.SEND_BODY)

    def _looked(self) -> None:
        if self.owes and self._brought < LEAST_BYTES:
            self.transport.abort()
            return
        self._brought = 0
        self._look = self.loop.call_later(LOOK_SECONDS, self._looked)


class PlainFrames(WebSocketsSansIOProtocol):
    """uvicorn's WebSockets for browsers, which take answers and send messages in few pieces."""

    def handle_ping(self) -> None:
        """Answer it; who takes no answers has to go."""
        super().handle_ping()
        if self.transport.get_write_buffer_size() > MOST_ANSWERS:
            self.transport.abort()

    def handle_cont(self, event: Frame) -> None:
        """A further piece of a message."""
        super().handle_cont(event)
        if len(self.frames) > MOST_PIECES:
            self.frames = []
            self.transport.abort()

    def send_receive_event_to_app(self) -> None:
        """A whole message; text that is none ends the connection, and no log tells of it."""
        try:
            if self.curr_msg_data_type == "text":
                b"".join(self.frames).decode()
        except UnicodeDecodeError:
            self.frames = []
            self.conn.send_close(NO_TEXT)
            self.handle_parser_exception()
        else:
            super().send_receive_event_to_app()

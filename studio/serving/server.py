"""One web server in one thread: claims its port first, serves later, leaves nothing behind."""

import asyncio
import contextlib
import errno
import http.client
import logging
import os
import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from core.errors import InputError
from studio.security.hosts import WILDCARDS, reachable
from studio.serving.senders import PlainFrames, PlainRequests

PORTS_TRIED = 100
MAX_FRAME_BYTES = (
    50 * 1024 * 1024
)  # viser's own limit: a browser sends whole pictures of its canvas
PING_TIMEOUT_SECONDS = 90.0  # a long call that holds the interpreter must not drop live browsers
START_SECONDS = 60.0
STOP_SECONDS = 10.0  # at most: streams are cut after a second, and machines are busy

_BACKLOG = 2048  # that may wait to be let in,
_AT_ONCE = 100  # of whom so many are, each of whom takes a file


class Server:
    """Owns a port from construction to ``stop``, and the thread that serves an application on it.

    The port is claimed before the application is built, since the application has to know it
    (``studio.security.guard.Guard``). Signals stay with the main thread.

    Args:
        host: address or name to bind to.
        port: the wanted port; when it is taken, the next free one of 100. 0 lets the system pick.

    Raises:
        InputError: the address is not this machine's, or none of the ports may be used.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 7860) -> None:
        self._socket = _claim(host, port)
        address, self.port, *_ = self._socket.getsockname()
        self._address: str = WILDCARDS.get(address, address)
        self.urls = reachable(host, self.port)
        self.url = self.urls[0]
        self._uvicorn: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, app: ASGIApp) -> None:
        """Serve ``app``, which must speak ASGI's lifespan; return when a request was answered.

        Raises:
            RuntimeError: the application failed while starting; its traceback has been logged.
        """
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=PlainRequests,
            ws=PlainFrames,
            ws_max_size=MAX_FRAME_BYTES,
            ws_ping_timeout=PING_TIMEOUT_SECONDS,
            ws_per_message_deflate=False,
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,  # addresses may hold the token
            proxy_headers=False,  # who asked, and how, is judged by what really arrived
            server_header=False,
            timeout_graceful_shutdown=1,
            backlog=_AT_ONCE,
        )
        logging.getLogger("uvicorn.error").addFilter(_is_no_farewell)
        self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._serve, args=(self._uvicorn,), name="web server", daemon=True
        )
        self._thread.start()
        self._wait_until_it_answers()
        self._socket.listen(_BACKLOG)  # asyncio has made it as many as it lets in at once

    def stop(self) -> None:
        """End every connection and free the port, in a second or two. Harmless when repeated."""
        if self._uvicorn is not None and self._thread is not None:
            self._uvicorn.should_exit = True
            self._thread.join(STOP_SECONDS)
        self._socket.close()

    def _serve(self, server: uvicorn.Server) -> None:
        """The thread's work. uvicorn takes over signals in the main thread only."""
        with self._socket, contextlib.suppress(SystemExit):  # so uvicorn leaves a failed start
            server.run(sockets=[self._socket])

    def _wait_until_it_answers(self) -> None:
        """Ask once: the port listens already, so the answer comes when the application is up."""
        asker = http.client.HTTPConnection(self._address, self.port, timeout=START_SECONDS)
        try:
            asker.request("HEAD", "/")
            asker.getresponse()
        except OSError as error:
            self.stop()
            raise RuntimeError("the studio's web server did not start") from error
        finally:
            asker.close()


def _claim(host: str, port: int) -> socket.socket:
    """A socket that listens at ``host`` and the first free port from ``port`` on."""
    if not 0 <= port <= 65535:
        raise InputError(f"--port {port}: name a port from 1 to 65535, or 0 for any free one.")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise InputError(f"--host {host}: no such address; use 127.0.0.1 or 0.0.0.0.") from error
    family, *_, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    last = port if port == 0 else min(port + PORTS_TRIED - 1, 65535)
    for candidate in range(port, last + 1):
        listener = socket.socket(family, socket.SOCK_STREAM)
        if os.name == "posix":  # elsewhere this option would share a port that is in use
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address[0], candidate, *address[2:]))
            listener.listen(_BACKLOG)  # now, for two that only bind may both think they have it
            return listener
        except OSError as error:
            listener.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise InputError(
                    f"--host {host}: this machine has no such address; use 127.0.0.1 or 0.0.0.0."
                ) from error
    raise InputError(f"--port {port}: every port from {port} to {last} is taken; name another.")


def _is_no_farewell(record: logging.LogRecord) -> bool:
    """Drop what uvicorn says about streams that a stop cuts off: they never end by themselves."""
    cut_off = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cut_off and not str(record.msg).startswith("Cancel %s running task")

"""A run's folder is written by one process at a time.

The claim is a lock of the operating system on a file in the folder, which ends with its process
however that ends, and holds between machines that share a drive. The file says who has it. Who only
reads a run (evaluate, render, export) needs none: checkpoints appear whole.
"""

import contextlib
import errno
import json
import os
import socket
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from core import system
from core.errors import InputError
from core.files import sweep_unfinished

NAME = "run.lock"
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)  # what drives without them answer


class Claim:
    """The right to write into a run's folder, until it is released or the process ends."""

    def __init__(self, run: Path) -> None:
        """Take it; the folder is made where it is missing.

        Raises:
            InputError: another process has it, or nothing can be written there.
        """
        self._run, self._file = run, run / NAME
        if run.exists() and not run.is_dir():
            raise InputError(f"{run} is a file; name a folder for the run with --run.")
        self._made = not run.exists()
        try:
            run.mkdir(parents=True, exist_ok=True)
            self._handle = self._locked()
        except OSError as error:
            raise InputError(
                f"{run} cannot be written ({error.strerror}); name another folder with --run."
            ) from None
        with contextlib.suppress(OSError):  # on a full disk it is held without a name
            system.rewrite(self._handle, json.dumps(_me()).encode())
        with contextlib.suppress(OSError):  # a folder that cannot be listed
            for folder in [run, *(path for path in run.iterdir() if not path.is_symlink())]:
                sweep_unfinished(folder)

    def release(self) -> None:
        """Give it back; nothing of it is left behind."""
        with contextlib.suppress(PermissionError):  # Windows removes nothing that is open
            self._file.unlink(missing_ok=True)  # while it is locked: see `_locked`
        os.close(self._handle)
        if self._made:
            with contextlib.suppress(OSError):  # there is something in it
                self._run.rmdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()

    def _locked(self) -> int:
        """The lock file, open and locked.

        It was removed by an earlier owner where the name is another file's by now: then again.
        """
        while True:
            handle = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                self._lock(handle)
                with contextlib.suppress(FileNotFoundError):
                    if os.path.samestat(os.fstat(handle), os.stat(self._file)):
                        return handle
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)

    def _lock(self, handle: int) -> None:
        try:
            system.lock(handle)
        except (BlockingIOError, PermissionError):
            raise InputError(self._taken(_owner(handle))) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            if (owner := _owner(handle)) and _may_live(owner):
                remedy = f"; delete {self._file} if that is over"
                raise InputError(self._taken(owner).rstrip(".") + f"{remedy}.") from None

    def _taken(self, owner: dict[str, Any]) -> str:
        who = "another process"
        if owner:
            who = f"process {owner['pid']} on {owner['host']} since {owner['since']}"
        return f"{self._run} is in use by {who}; end that first, or name another folder with --run."


def _me() -> dict[str, Any]:
    now = datetime.now().astimezone().isoformat(" ", "seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": now}


def _owner(handle: int) -> dict[str, Any]:
    """What a lock file says of its owner; nothing where it is about to be written."""
    try:
        said = json.loads(system.content_of(handle))
        return {name: said[name] for name in ("pid", "host", "since")}
    except (ValueError, KeyError, TypeError):
        return {}


def _may_live(owner: dict[str, Any]) -> bool:
    """Whether an owner may still be there: of this machine's processes it can be told."""
    if owner["host"] != socket.gethostname():
        return True
    try:
        return system.lives(int(owner["pid"]))
    except ValueError:
        return False

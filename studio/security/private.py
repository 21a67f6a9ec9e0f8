"""A folder of this process alone, for what no other account of the machine may read."""

import atexit
import contextlib
import functools
import os
import shutil
import tempfile
from pathlib import Path

from core import system

PREFIX = "nerfmm-studio-"
IN_USE = "in-use"  # the lock of a folder's owner; it ends with the process however that ends


@functools.cache
def private_folder() -> Path:
    """The folder: open to its owner only (mode 700), and removed when the process ends.

    It lies where temporary files of this machine lie; TMPDIR names another place. What killed
    processes of this account have left there is removed first.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # it is in use, or somebody else's
            _sweep(left)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with contextlib.suppress(OSError):  # without locks it is never swept
        _occupy(folder)
    return folder


def _occupy(folder: Path) -> None:
    """Lock a folder until this process ends; the lock appears when it is held."""
    handle, name = tempfile.mkstemp(dir=folder)  # left open
    system.lock(handle)
    os.rename(name, folder / IN_USE)


def _sweep(folder: Path) -> None:
    """Remove a folder of this account whose owner is gone.

    Raises:
        OSError: its owner is there or cannot be told, or it is another account's.
    """
    handle = os.open(folder / IN_USE, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    try:
        system.lock(handle)
        if system.own(folder):  # root may open everybody's
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)

"""A folder of this process alone, for what no other account of the machine may read."""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path


@functools.cache
def private_folder() -> Path:
    """The folder: open to its owner only (mode 700), and removed when the process ends.

    It lies where temporary files of this machine lie; TMPDIR names another place.
    """
    folder = tempfile.mkdtemp(prefix="nerfmm-studio-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)

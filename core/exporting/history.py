"""How the cameras came to where they are, as one NumPy archive for scripts."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.formats.files import write_file

HISTORY = "history"  # its word among the forms of cameras
FILE = "history.npz"


def write_history(
    names: Sequence[str],
    steps: np.ndarray,
    poses: np.ndarray,
    frames: np.ndarray,
    out: Path,
) -> None:
    """Write arrays for N cameras at T moments.

    `names` (N,) text; `steps` (T,); `poses` (T, N, 3, 4) camera to world in OpenCV axes; `focal`
    (T, N, 2), fx over the width and fy over the height.

    Args: these arrays, where `frames` is the last one.

    Raises:
        InputError: there is no moment yet, or nothing can be written at `out`.
    """
    if len(steps) == 0:
        raise InputError("The cameras have no history yet; train first.")
    stream = io.BytesIO()
    np.savez_compressed(stream, names=np.array(list(names)), steps=steps, poses=poses, focal=frames)
    write_file(stream.getvalue(), out)

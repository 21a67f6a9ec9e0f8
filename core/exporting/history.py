"""How the cameras came to where they are, as one NumPy archive for scripts."""

import io
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.formats.files import write_file
from core.training.learned import Learned

HISTORY = "history"  # its word among the forms of cameras
FILE = "history.npz"


def write_history(
    learned: Learned,
    steps: np.ndarray,
    poses: np.ndarray,
    focals: np.ndarray,
    out: Path,
) -> None:
    """Write arrays at T moments for the N cameras that have been learned by now.

    `names` (N,) text; `steps` (T,); `poses` (T, N, 3, 4) camera to world in OpenCV axes; `focal`
    (T, N, 2), fx over the width and fy over the height.

    Args: poses (T, M, 3, 4) and focals (T, M, 2) like these, of the cameras of all M photos.

    Raises:
        InputError: there is no moment yet, or nothing can be written at `out`.
    """
    rows = list(learned.by_index)
    if len(steps) == 0 or not rows:
        raise InputError("The cameras have no history yet; train first.")
    stream = io.BytesIO()
    np.savez_compressed(
        stream,
        names=np.array(list(learned.by_name)),
        steps=steps,
        poses=poses[:, rows],
        focal=focals[:, rows],
    )
    write_file(stream.getvalue(), out)

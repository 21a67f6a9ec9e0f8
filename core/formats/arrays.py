"""NumPy's array files, read without believing what they claim."""

import io
import math
import tokenize

import numpy as np

from core.errors import InputError

NUMBERS, TEXT = "fiu", "U"  # kinds of dtype: real or whole numbers; letters
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def array_in(content: bytes, kinds: str, where: str) -> np.ndarray:
    """The array of a .npy file.

    Its shape is compared with the bytes that are there before anything is reserved for it.

    Args:
        content: the whole file.
        kinds: of dtypes that are welcome: `NUMBERS` or `TEXT`.
        where: the file, for a complaint.

    Raises:
        InputError: it is damaged, or of another dtype.
    """
    stream = io.BytesIO(content)
    try:
        shape, _, dtype = HEADERS[np.lib.format.read_magic(stream)](stream)
        claimed = math.prod(shape) * dtype.itemsize
        if dtype.kind in kinds and 0 < claimed == len(content) - stream.tell():
            return np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, KeyError, OSError, tokenize.TokenError) as error:
        raise InputError(f"{where}: it is no array of NumPy; choose another file.") from error
    what = "letters" if kinds == TEXT else "numbers"
    raise InputError(f"{where}: it is not an array of {what}, or not all of it; write it again.")

"""Files that are either finished or not there."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import InputError


@contextmanager
def finished_file(out: Path) -> Iterator[Path]:
    """A temporary name beside `out`, which becomes `out` when the block ends well.

    When it does not, nothing is left behind and an older `out` stays as it was. Missing folders
    are made.

    Raises:
        InputError: nothing can be written there.
    """
    temporary = out.with_name(f".{out.stem}.{uuid.uuid4().hex[:8]}{out.suffix}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()
    except OSError as error:
        raise InputError(
            f"{out}: it cannot be written there ({error.strerror}); choose another folder."
        ) from error
    try:
        yield temporary
        os.replace(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)

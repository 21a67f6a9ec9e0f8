"""What a person typed or dropped, turned into a path on this computer. Nothing is ever fetched."""

import re
import stat
from pathlib import Path

from core.errors import InputError

# `http://x` typed, or `http:/x` once it went through Path; and network shares (`\\host\share`).
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:[/\\]|//|\\\\", re.IGNORECASE)
LONGEST = 400  # letters of a name in a sentence


def local_path(path: str | Path, what: str = "photos or video") -> Path:
    """An existing local file or folder as an absolute path, links followed, ``~`` expanded.

    Blanks and quotes round it, as copied paths have, are no part of it unless such a name exists.

    Args: `what` is meant to be there, for a complaint.

    Raises:
        InputError: It looks like a web address or network share, or there is no such thing here.
    """
    text = str(path).strip()
    if ADDRESS.match(text):
        raise InputError(
            f"{quoted(text)} is an address, and nothing is fetched from the network: "
            "download it and give the local folder or file."
        )
    try:
        return _found(path, text)
    except PermissionError as error:
        raise InputError(
            f"{quoted(text)} may not be read: give yourself permission to read it."
        ) from error
    except (OSError, ValueError, RuntimeError) as error:  # missing, null byte, link loop
        raise InputError(f"{quoted(text)} does not exist: check the path to the {what}.") from error


def _found(path: str | Path, text: str) -> Path:
    """The path as it is written, or else without what stands round it."""
    try:
        return Path(path).expanduser().resolve(strict=True)
    except FileNotFoundError:
        bare = text[1:-1] if text[:1] in ("'", '"') and text[-1:] == text[:1] else text
        if not bare.strip() or bare == str(path):
            raise
        return Path(bare.strip()).expanduser().resolve(strict=True)


def is_regular_file(path: Path) -> bool:
    """True for a plain file; False for what could hang or harm when opened: FIFO, device, socket.

    Links are followed.

    Raises:
        OSError: It cannot be looked at.
    """
    return stat.S_ISREG(path.stat().st_mode)


def quoted(name: str) -> str:
    """A file name between quotes, safe to print: control and undecodable characters escaped.

    Of a very long one the middle is left out.
    """
    if len(name) > LONGEST:
        name = f"{name[: LONGEST // 2]}…{name[-LONGEST // 2 :]}"
    return f'"{name}"' if name.isprintable() else ascii(name)

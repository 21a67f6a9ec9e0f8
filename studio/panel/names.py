"""Names of files that strangers chose."""

import re

from core.system import RESERVED


def safe_name(name: str) -> str:
    """A file name that is only a name: its last part, of harmless characters, never hidden.

    Nor is it a device's, as `aux.jpg` would be on Windows.
    """
    base = re.sub(r"[^\w.\- ]+", "_", name.replace("\\", "/").rpartition("/")[2]).strip(". ")
    if base.partition(".")[0].rstrip().lower() in RESERVED:
        base = f"_{base}"
    stem, dot, suffix = base.rpartition(".")
    return f"{stem[:80] or 'photo'}{dot}{suffix[:8]}" if dot else base[:80] or "photo"

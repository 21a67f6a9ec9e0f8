"""Configs of all kinds of nonsense: each is read or refused in one sentence, within two seconds."""

import random
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from core.config import Config
from core.config.paths import changed, options, read_yaml
from core.errors import InputError

CASES, SECONDS = 5000, 2.0
WORDS = (
    "1e400", ".nan", "-.inf", "017", "0x1F", "12:30:45", "2024-01-01", "null", "~", "yes", "off",
    "[]", "{}", "[[[", "]", "&a [*a]", "*a", "<<: *b", "!!python/name:os.system", "!!set {a}",
    "'", '"', "|", ">-", "- -", "?", ": :", "\t", "%YAML 1.9", "---", "...", "\0", "\ufeff", "é",
    "1_000", "+1", "-", "9" * 400, "true", "a,b", "50%", "0,002", "={}", "@", "`",
)  # fmt: skip


def run(part: int) -> str:
    """Write and read them."""
    rng, slowest = random.Random(0), 0.0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        for case in range(CASES // part):
            file.write_bytes(_text(rng).encode(rng.choice(["utf-8"] * 9 + ["utf-16"])))
            began = time.monotonic()
            try:
                changed(Config(), read_yaml(file))
            except InputError as error:
                assert "\n" not in str(error) and len(str(error)) < 1000, f"case {case}: {error}"
            except Exception as error:
                raise AssertionError(f"case {case}: {error!r} of {file.read_bytes()!r}") from error
            slowest = max(slowest, time.monotonic() - began)
            assert slowest < SECONDS, f"case {case} took {slowest:.1f} s"
    return f"{CASES // part} configs: read or refused, {slowest:.2f} s at most"


def _bomb() -> str:
    """Ten lines that are a hundred million numbers once they are written out."""
    lines = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for earlier, later in pairwise("abcdefgh"):
        lines.append(f"{later}: &{later} [{', '.join([f'*{earlier}'] * 10)}]")
    return "\n".join(["data:", "  disabled:", *(f"    {line}" for line in lines)])


def _text(rng: random.Random) -> str:
    if rng.random() < 0.01:
        return _bomb()
    lines = []
    for _ in range(rng.randrange(1, 6)):
        section, _, name = rng.choice(list(options())).partition(".")
        value = rng.choice(WORDS) if rng.random() < 0.8 else str(rng.uniform(-1e9, 1e9))
        lines += [f"{section}:" if rng.random() < 0.9 else value, f"  {name}: {value}"]
    text = "\n".join(lines)
    if rng.random() < 0.3:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(WORDS) + text[at + rng.randrange(4) :]
    return text

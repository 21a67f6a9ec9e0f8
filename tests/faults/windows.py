"""A run where what Windows has not is taken away: modules, signals, calls and the locale's UTF-8.

The system stays Linux, so paths with drives and its file locking are not tried.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.faults.doors import small_words
from tests.journeys.running import ROOT

STEPS = 5
TAKEN_AWAY = """
import builtins, os, signal, sys
own = __import__
def without(name, namespace=None, *rest):
    asking = (namespace or {}).get("__name__", "")
    if name in ("fcntl", "resource") and asking.partition(".")[0] in ("core", "studio"):
        raise ImportError(name)
    return own(name, namespace, *rest)
builtins.__import__ = without
for name in ("SIGHUP", "SIGTSTP", "SIGSTOP", "SIGCONT", "SIGTTOU", "SIGKILL", "SIGBUS"):
    delattr(signal, name)
for name in ("nice", "pread", "pwrite", "geteuid", "getuid", "O_NOFOLLOW", "killpg", "fork"):
    delattr(os, name)
really = os.open
def opened(path, flags, *rest, **named):
    if named.get("dir_fd") is None and os.path.isdir(path):
        raise PermissionError(13, "Permission denied", str(path))
    return really(path, flags, *rest, **named)
os.open = opened
"""


def run(part: int) -> str:
    """Train, continue and export as on Windows."""
    words = small_words(64)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "sitecustomize.py").write_text(TAKEN_AWAY, encoding="utf-8")
        run = ["--run", str(path / "run")]
        steps = ["--steps", str(STEPS), "--no-restart"]
        first = _told(path, "train", *run, *steps, *words)
        again = _told(path, "train", *run, *steps)
        out = ["--format", "transforms", "--out", str(path / "transforms.json")]
        _told(path, "export", *run, *out)
        left = sorted(file.name for file in (path / "run").glob("run.lock"))
    assert (first["steps"], again["steps"]) == (STEPS, 2 * STEPS), (first, again)
    assert not left, left
    return "trained, continued and exported without what Windows has not"


def _told(path: Path, *words: str) -> dict:
    """The JSON line of a command."""
    environment = {k: v for k, v in os.environ.items() if k not in ("LANG", "LC_ALL")}
    environment |= {"PYTHONPATH": str(path), "PYTHONUTF8": "0", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, str(ROOT / "launch.py"), *words],
        cwd=path, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict = json.loads(done.stdout.splitlines()[-1])
    return answer

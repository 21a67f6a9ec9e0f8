"""A run stays on its device, and does not wait for it more often than it has to."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
RUN = [sys.executable, "-m", "tests.core.training.device_run"]


def test_runs_stay_on_their_device() -> None:
    """No two devices mix, no chance of the CPU is asked there, and waits are within the budget."""
    kinds = ["planes", "siren", "triplane", "depth-maps"]
    done = subprocess.run(
        [*RUN, *kinds], cwd=ROOT, capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 0, done.stderr
